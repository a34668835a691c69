"""Results: stored once, by who holds the lease, and never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from mailer.deliveries.ledger import LANE_LOCK, Ledger
from mailer.deliveries.models import Attempt, Delivery
from mailer.deliveries.ports import LedgerLostError
from mailer.deliveries.states import DeliveryState
from mailer.deliveries.sweeping import expire_leases
from mailer.issues.events import Event
from runtime.clock import now
from runtime.database import Database
from tests.deliveries.dispatches import check_ledger, lines, sending, told
from tests.deliveries.ledger.conftest import Ledgers, claim
from tests.deliveries.results import result

pytestmark = pytest.mark.anyio


def lose_leases(database: Database) -> None:
    """Have every lease run out, and the sweep notice it."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE deliveries SET lease_until = now() - interval '1 s' WHERE owner IS NOT NULL"
            )
        )
        expire_leases(session, timedelta(0), timedelta(0))


async def test_a_result_is_stored_with_attempt_event_and_counter(
    database: Database, ledgers: Ledgers
) -> None:
    """Accepted, deferred, rejected, unconfirmed: state, evidence and times are there at once."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a", "b", "c", "d"))
    ledger = await ledgers.open()
    claims = await claim(ledger, dispatch)
    states = [
        DeliveryState.ACCEPTED,
        DeliveryState.DEFERRED,
        DeliveryState.REJECTED,
        DeliveryState.UNCONFIRMED,
    ]
    results = [result(c, state) for c, state in zip(claims, states, strict=True)]
    assert await ledger.record(results) == {c.id for c in claims}
    with database.transaction() as session:
        rows = {row.id: row for row in session.scalars(select(Delivery))}
        accepted, deferred, rejected, unconfirmed = (rows[c.id] for c in claims)
        assert [rows[c.id].state for c in claims] == states
        assert accepted.accepted_at == accepted.finished_at == results[0].attempt.finished_at  # type: ignore[union-attr]
        assert (accepted.last_code, accepted.last_reply, accepted.attempts) == (250, "said so", 1)
        assert deferred.due_at == results[1].due_at
        assert (rejected.last_code, rejected.accepted_at) == (550, None)
        assert rejected.finished_at is not None
        assert (unconfirmed.last_code, unconfirmed.due_at) == (None, None)
        kept = session.scalars(select(Attempt).order_by(Attempt.delivery_id)).all()
        assert [a.outcome for a in kept] == ["accepted", "deferred", "rejected", "unconfirmed"]
        assert not any(a.stale for a in kept)
        assert told(session, deferred.id) == ["claimed", "deferred"]
        check_ledger(session)


async def test_a_late_result_is_evidence_and_no_state(database: Database, ledgers: Ledgers) -> None:
    """The lease was lost: an attempt and a `stale-result` event, whoever holds the row now."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a"))
    ledger, other = await ledgers.open(), await ledgers.open()
    (claimed,) = await claim(ledger, dispatch)
    lose_leases(database)
    assert await ledger.record([result(claimed)]) == set()
    with database.transaction() as session:
        row = session.scalars(select(Delivery)).one()
        assert (row.state, row.attempts, row.accepted_at) == ("unconfirmed", 0, None)
        assert told(session, claimed.id) == ["claimed", "unconfirmed", "stale-result"]
        assert session.scalars(select(Attempt.stale)).all() == [True]
    (again,) = await claim(other, dispatch)
    assert again.fence == claimed.fence + 1
    assert await ledger.record([result(claimed, DeliveryState.REJECTED)]) == set()
    assert await other.record([result(again)]) == {again.id}
    with database.transaction() as session:
        assert session.scalars(select(Delivery.state)).all() == ["accepted"]
        check_ledger(session)


async def test_the_same_owner_with_an_old_fence_is_stale(
    database: Database, ledgers: Ledgers
) -> None:
    """A process that lost a row and claimed it again cannot store the first claim's result."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a"))
    ledger = await ledgers.open()
    (first,) = await claim(ledger, dispatch)
    lose_leases(database)
    (second,) = await claim(ledger, dispatch)
    assert await ledger.record([result(first)]) == set()
    assert await ledger.renew([first], timedelta(minutes=1)) == set()
    assert await ledger.release([first]) == set()
    assert await ledger.record([result(second)]) == {second.id}


async def test_a_batch_stored_again_tells_nothing_twice(
    database: Database, ledgers: Ledgers
) -> None:
    """The answer to a commit was lost: what did commit is left alone, tried or not."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a", "b", "c"))
    ledger = await ledgers.open()
    claims = await claim(ledger, dispatch)
    results = [
        result(claims[0]),
        result(claims[1], DeliveryState.DEFERRED),
        result(claims[2], DeliveryState.SUPPRESSED),
    ]
    assert len(await ledger.record(results)) == 3
    await ledger.record(results, again=True)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2
        assert [told(session, c.id) for c in claims] == [
            ["claimed", "accepted"],
            ["claimed", "deferred"],
            ["claimed", "suppressed"],
        ]
        check_ledger(session)


async def test_a_batch_that_did_not_commit_is_stored_the_second_time(
    database: Database, ledgers: Ledgers
) -> None:
    """The connection died before the commit: the second call does all of it, once."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a", "b"))
    ledger = await ledgers.open()
    claims = await claim(ledger, dispatch)
    results = [result(c) for c in claims]
    await ledger._connection.close()
    with pytest.raises(LedgerLostError):
        await ledger.record(results)
    await ledger.reconnect()
    assert await ledger.record(results, again=True) == {c.id for c in claims}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2
        check_ledger(session)


async def test_a_late_suppression_is_not_told(database: Database, ledgers: Ledgers) -> None:
    """Where nothing was tried there is no evidence to keep."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a"))
    ledger = await ledgers.open()
    (claimed,) = await claim(ledger, dispatch)
    lose_leases(database)
    assert await ledger.record([result(claimed, DeliveryState.SUPPRESSED)]) == set()
    with database.transaction() as session:
        assert told(session, claimed.id) == ["claimed", "unconfirmed"]


async def test_a_third_process_finds_no_lane(database: Database, ledgers: Ledgers) -> None:
    """Two lanes, two processes; a lane is free again when its connection dies, however it dies."""
    first = await ledgers.open(lanes=2)
    second = await ledgers.open(lanes=2)
    assert {first._names["lane"], second._names["lane"]} == {1, 2}
    assert await ledgers.try_open(lanes=2) is None
    with database.transaction() as session:
        pids = session.scalars(
            text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = :lock"),
            {"lock": LANE_LOCK},
        ).all()
        assert len(pids) == 2
        session.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM unnest(CAST(:pids AS int[])) pid"),
            {"pids": [pid for pid in pids if pid == first._connection.info.backend_pid]},
        )
    third = await ledgers.open(lanes=2)
    assert third._names["lane"] == first._names["lane"]
    with pytest.raises(LedgerLostError):
        await first.open_dispatches()


async def test_a_database_that_is_away_is_a_lost_ledger(database: Database) -> None:
    """Not an error of the driver's, which no caller of the ledger knows."""
    away = database.url.replace("@/", "@/gone_", 1)
    with pytest.raises(LedgerLostError):
        await Ledger.open(away, lanes=1, actor="test")


async def test_an_event_holds_what_the_relay_said(database: Database, ledgers: Ledgers) -> None:
    """Code, text and the next attempt's time, without empty fields."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a"))
    ledger = await ledgers.open()
    (claimed,) = await claim(ledger, dispatch)
    due = now() + timedelta(minutes=3)
    await ledger.record([result(claimed, DeliveryState.DEFERRED, due_at=due)])
    with database.transaction() as session:
        event = session.scalars(select(Event).where(Event.kind == "deferred")).one()
    assert event.actor == "worker:test"
    assert {k: v for k, v in event.data.items() if k != "due_at"} == {
        "fence": 1,
        "outcome": "deferred",
        "code": 451,
        "reply": "said so",
    }
