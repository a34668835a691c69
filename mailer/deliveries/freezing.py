"""Freezing: an approved list becomes deliveries (one an address) and credits (one a unit).

It reads the lines that were approved and nothing else, runs inside the database in a handful of
statements, and so takes constant memory here whatever the size of the list.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.deliveries.models import Dispatch, DispatchPurpose
from mailer.deliveries.states import DeliveryState
from mailer.issues.events import record

# An address that serves several entries gets one mail, which names them all in printed order.
_DELIVERIES = text("""
INSERT INTO deliveries (dispatch_id, address, normalised, message_id, credited, state, due_at,
                        finished_at)
SELECT :dispatch, (array_agg(r.address ORDER BY r.ordinal))[1], r.normalised,
       encode(substr(sha256(:key || convert_to(r.normalised, 'UTF8')), 1, 20), 'hex')
         || '@' || :domain,
       jsonb_agg(jsonb_build_array(r.block_kind, r.unit_name, r.block_place, r.entry_place)
                 ORDER BY r.ordinal),
       CASE WHEN s.address IS NULL THEN 'pending' ELSE 'suppressed' END, :due,
       CASE WHEN s.address IS NULL THEN NULL ELSE CAST(:now AS timestamptz) END
FROM approved_recipients r
LEFT JOIN (
  SELECT address FROM suppressions WHERE lifted_at IS NULL AND (until IS NULL OR until > :now)
) s ON s.address = r.normalised
WHERE r.approval_id = :approval AND r.channel = 'email'
GROUP BY r.normalised, s.address
ORDER BY min(r.ordinal)
""")

_CREDITS = text("""
INSERT INTO credits (dispatch_id, delivery_id, ordinal, channel, block_kind, block_role, entry,
                     unit_id, unit_name)
SELECT :dispatch, d.id, r.ordinal, r.channel, r.block_kind, r.block_role, r.entry, r.unit_id,
       r.unit_name
FROM approved_recipients r
LEFT JOIN deliveries d ON d.dispatch_id = :dispatch AND d.normalised = r.normalised
WHERE r.approval_id = :approval
""")

_COUNTS = text("""
INSERT INTO delivery_counts (dispatch_id, state, lane, n)
SELECT :dispatch, state, 0, count(*) FROM deliveries WHERE dispatch_id = :dispatch GROUP BY state
RETURNING state, n
""")

_SUPPRESSED_EVENTS = text("""
INSERT INTO events (kind, delivery_id, actor, data)
SELECT 'suppressed', d.id, :actor, jsonb_build_object('reason', s.reason)
FROM deliveries d JOIN suppressions s ON s.address = d.normalised AND s.lifted_at IS NULL
WHERE d.dispatch_id = :dispatch AND d.state = 'suppressed'
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """What freezing wrote."""

    dispatch_id: int
    pending: int
    suppressed: int
    paper: int


def freeze(
    session: Session, dispatch: Dispatch, *, approval_id: int, key: bytes, now: datetime, actor: str
) -> Frozen:
    """Write the deliveries and credits of a new ``dispatch`` in the transaction of ``session``.

    ``key`` is secret and the same for each attempt to freeze: from it and the address come the
    Message-IDs, which nobody can guess and which say nothing of the address.
    """
    session.add(dispatch)
    session.flush()
    values = {
        "dispatch": dispatch.id,
        "approval": approval_id,
        "key": key,
        "domain": dispatch.from_address.rpartition("@")[2],
        "due": now,
        "now": now,
        "actor": actor,
    }
    session.execute(_DELIVERIES, values)
    session.execute(_CREDITS, values)
    counts = {state: int(n) for state, n in session.execute(_COUNTS, values)}
    if counts.get(DeliveryState.SUPPRESSED):
        session.execute(_SUPPRESSED_EVENTS, values)
    paper = session.scalar(
        text("SELECT count(*) FROM credits WHERE dispatch_id = :dispatch AND channel = 'paper'"),
        values,
    )
    frozen = Frozen(
        dispatch_id=dispatch.id,
        pending=counts.get(DeliveryState.PENDING, 0),
        suppressed=counts.get(DeliveryState.SUPPRESSED, 0),
        paper=paper or 0,
    )
    record(
        session,
        "frozen",
        actor=actor,
        issue_id=dispatch.issue_id,
        data={
            "dispatch": dispatch.id,
            "purpose": DispatchPurpose(dispatch.purpose).value,
            "approval": approval_id,
            "pending": frozen.pending,
            "suppressed": frozen.suppressed,
            "paper": frozen.paper,
        },
    )
    return frozen
