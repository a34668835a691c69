"""Sweeping: what only the clock can find out. Each function is safe to run at any time, by several.

The ledger says all that is needed, so the sweep works the same after a restart, an empty Redis or
a dead worker. Times are the database's own.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.deliveries.ledger import LANE_LOCK
from mailer.deliveries.states import CLAIMABLE, FINAL, sql_states

# The owner of an expired lease may have passed the final dot for any of them: none is pending
# again, each is a doubt that the log shows (G2).
_EXPIRED_LEASES = """
WITH late AS (
  SELECT d.id, o.doubt_policy FROM deliveries d JOIN dispatches o ON o.id = d.dispatch_id
  WHERE d.state = 'claimed' AND d.lease_until < now()
    AND pg_postmaster_start_time() < now() - CAST(:grace AS interval)
  FOR UPDATE OF d SKIP LOCKED
), changed AS (
  UPDATE deliveries d
  SET state_before = d.state, state = 'unconfirmed', owner = NULL, lease_until = NULL,
      due_at = CASE WHEN late.doubt_policy = 'resend' THEN now() + :pause END
  FROM late WHERE d.id = late.id
  RETURNING d.id, d.dispatch_id, d.state, 'claimed' AS before, d.fence,
            'the lease of its worker ran out' AS reason
)"""

_HOLD = """
WITH late AS (
  SELECT d.id FROM deliveries d JOIN dispatches o ON o.id = d.dispatch_id
  WHERE d.state = 'unconfirmed'
    AND (d.due_at IS NULL OR (o.expires_at <= now() AND d.due_at <= now())
         OR o.state = 'cancelled')
  FOR UPDATE OF d SKIP LOCKED
), changed AS (
  UPDATE deliveries d SET state_before = d.state, state = 'held', due_at = NULL
  FROM late WHERE d.id = late.id
  RETURNING d.id, d.dispatch_id, d.state, 'unconfirmed' AS before, d.fence,
            'a person decides whether it is sent again' AS reason
)"""

_EXPIRE = """
WITH late AS (
  SELECT d.id FROM deliveries d JOIN dispatches o ON o.id = d.dispatch_id
  WHERE d.state = 'deferred' AND o.expires_at <= now() FOR UPDATE OF d SKIP LOCKED
), changed AS (
  UPDATE deliveries d SET state_before = d.state, state = 'expired', finished_at = now()
  FROM late WHERE d.id = late.id
  RETURNING d.id, d.dispatch_id, d.state, 'deferred' AS before, d.fence,
            'its lifetime is over' AS reason
)"""

_CANCEL = """
WITH late AS (
  SELECT d.id, d.state FROM deliveries d JOIN dispatches o ON o.id = d.dispatch_id
  WHERE d.state IN ('pending', 'deferred') AND o.state = 'cancelled' FOR UPDATE OF d SKIP LOCKED
), changed AS (
  UPDATE deliveries d SET state_before = d.state, state = 'cancelled', finished_at = now()
  FROM late WHERE d.id = late.id
  RETURNING d.id, d.dispatch_id, d.state, late.state AS before, d.fence,
            'its dispatch was cancelled' AS reason
)"""

_TELL = """, told AS (
  INSERT INTO events (kind, delivery_id, actor, data)
  SELECT state, id, 'sweep', jsonb_build_object('fence', fence, 'reason', reason) FROM changed
), counted AS (
  INSERT INTO delivery_counts AS c (dispatch_id, state, lane, n)
  SELECT dispatch_id, state, 0, sum(n) FROM (
    SELECT dispatch_id, before AS state, -count(*) AS n FROM changed GROUP BY 1, 2
    UNION ALL SELECT dispatch_id, state, count(*) FROM changed GROUP BY 1, 2
  ) AS change GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (dispatch_id, state, lane) DO UPDATE SET n = c.n + excluded.n
)
SELECT count(*) FROM changed
"""


def expire_leases(session: Session, doubt_pause: timedelta, grace: timedelta) -> int:
    """Make the deliveries of silent workers doubtful; return how many.

    By the bulletin's policy they are sent again ``doubt_pause`` later, or held. When PostgreSQL
    itself was away, living workers get ``grace`` after its start to store what they know: they
    could not renew their leases, and their mails would be repeated for nothing.
    """
    return _count(session, _EXPIRED_LEASES + _TELL, pause=doubt_pause, grace=grace)


def hold_doubts(session: Session) -> int:
    """Hold doubtful deliveries that must not, or no longer, be sent again by themselves."""
    return _count(session, _HOLD + _TELL)


def expire_deferred(session: Session) -> int:
    """Give up deferred deliveries whose dispatch has outlived its lifetime."""
    return _count(session, _EXPIRE + _TELL)


def cancel_open(session: Session) -> int:
    """Cancel what is left of cancelled dispatches."""
    return _count(session, _CANCEL + _TELL)


_DONE = f"""
o.state = 'sending' AND NOT EXISTS (
  SELECT FROM deliveries d WHERE d.dispatch_id = o.id AND d.state NOT IN ({sql_states(FINAL)}))
"""


def finished_issues(session: Session) -> list[int]:
    """Return the issues that have a dispatch to be closed, and lock nothing."""
    return list(
        session.scalars(
            text(f"SELECT DISTINCT o.issue_id FROM dispatches o WHERE {_DONE} ORDER BY o.issue_id")
        )
    )


def finish_dispatches(session: Session, issue_id: int) -> list[tuple[int, str]]:
    """Close dispatches of which every delivery is final; return (id, purpose) of each.

    Who calls this has locked the issue: a person who pauses it locks issue and dispatch in that
    order, and whoever took them in the other order would wait for them, and they for him.
    """
    statement = (
        f"UPDATE dispatches o SET state = 'done' WHERE o.issue_id = :issue AND {_DONE}"
        " RETURNING o.id, o.purpose"
    )
    return [(row[0], row[1]) for row in session.execute(text(statement), {"issue": issue_id})]


def idle_lanes(session: Session, lanes: int) -> int:
    """Return how many send tasks are wanted: free lanes if anything is due, else none."""
    due = session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM dispatches o WHERE o.state = 'sending' AND EXISTS ("
            "  SELECT FROM deliveries d WHERE d.dispatch_id = o.id"
            f"  AND d.state IN ({sql_states(CLAIMABLE)}) AND d.due_at <= now()))"
        )
    )
    if not due:
        return 0
    busy = session.scalar(
        text(
            "SELECT count(DISTINCT objid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND classid = :lane_lock"
        ),
        {"lane_lock": LANE_LOCK},
    )
    return max(0, lanes - (busy or 0))


def _count(session: Session, statement: str, **values: object) -> int:
    return session.scalar(text(statement), values) or 0
