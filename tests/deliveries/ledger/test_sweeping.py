"""The sweep: what only the clock can find out, found whenever somebody looks."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from mailer.deliveries import sweeping
from mailer.deliveries.models import Delivery, Dispatch, DispatchState
from mailer.deliveries.states import DeliveryState
from mailer.issues.events import Event
from mailer.issues.models import DoubtPolicy
from runtime.clock import now
from runtime.database import Database
from tests.deliveries.dispatches import check_ledger, in_states, lines, sending, told
from tests.deliveries.ledger.conftest import Ledgers, claim
from tests.deliveries.results import result

pytestmark = pytest.mark.anyio

NONE = timedelta(0)


def run_out(database: Database) -> None:
    """Let every lease run out."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE deliveries SET lease_until = now() - interval '1 s' WHERE state = 'claimed'"
            )
        )


@pytest.mark.parametrize("policy", list(DoubtPolicy))
async def test_expired_leases_become_doubts(
    database: Database, ledgers: Ledgers, policy: DoubtPolicy
) -> None:
    """Never pending again: resent after a pause under the same Message-ID, or held (G2)."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a", "b"), doubt=policy)
    ledger = await ledgers.open()
    first, _ = await claim(ledger, dispatch)
    await ledger.release([first])
    with database.transaction() as session:
        assert sweeping.expire_leases(session, NONE, NONE) == 0
    run_out(database)
    with database.transaction() as session:
        assert sweeping.expire_leases(session, timedelta(seconds=30), NONE) == 1
        assert in_states(session) == {"pending": 1, "unconfirmed": 1}
        assert sweeping.hold_doubts(session) == (policy is DoubtPolicy.HOLD)
        doubt = session.scalars(
            select(Delivery).where(Delivery.state != DeliveryState.PENDING)
        ).one()
        check_ledger(session)
        if policy is DoubtPolicy.HOLD:
            assert (doubt.state, doubt.due_at) == ("held", None)
            assert told(session, doubt.id) == ["claimed", "unconfirmed", "held"]
            return
        assert doubt.due_at is not None
        assert timedelta(seconds=25) < doubt.due_at - now() <= timedelta(seconds=30)
        session.execute(update(Delivery).values(due_at=now()))
    again = {claimed.id: claimed for claimed in await claim(ledger, dispatch)}
    assert again[doubt.id].message_id == doubt.message_id
    assert again[doubt.id].fence == 2


async def test_a_restarted_database_gives_living_workers_time(
    database: Database, ledgers: Ledgers
) -> None:
    """Nobody could renew while PostgreSQL was away: within the grace no lease counts as expired."""
    with database.transaction() as session:
        dispatch = sending(session, 3)
    ledger = await ledgers.open()
    claims = await claim(ledger, dispatch)
    run_out(database)
    with database.transaction() as session:
        assert sweeping.expire_leases(session, NONE, timedelta(days=1)) == 0
    assert len(await ledger.record([result(claimed) for claimed in claims])) == 3
    with database.transaction() as session:
        assert sweeping.expire_leases(session, NONE, NONE) == 0


async def test_deferred_deliveries_outlive_their_dispatch(
    database: Database, ledgers: Ledgers
) -> None:
    """Deferred beyond the lifetime: given up. A doubt is held, what was never tried is sent."""
    with database.transaction() as session:
        dispatch = sending(session, 4)
    ledger = await ledgers.open()
    deferred, doubtful, *_ = await claim(ledger, dispatch, 3)
    await ledger.record([result(deferred, DeliveryState.DEFERRED, due_at=now())])
    await ledger.record([result(doubtful, DeliveryState.UNCONFIRMED, due_at=now())])
    with database.transaction() as session:
        assert sweeping.expire_deferred(session) == 0
        assert sweeping.hold_doubts(session) == 0
        session.execute(update(Dispatch).values(expires_at=now() - timedelta(seconds=1)))
    with database.transaction() as session:
        assert sweeping.expire_deferred(session) == 1
        assert sweeping.hold_doubts(session) == 1
        assert in_states(session) == {"claimed": 1, "expired": 1, "held": 1, "pending": 1}
        event = session.scalars(select(Event).where(Event.kind == "expired")).one()
        assert (event.actor, event.data["reason"]) == ("sweep", "its lifetime is over")
        check_ledger(session)
    assert len(await claim(ledger, dispatch)) == 1


async def test_cancelled_dispatches_are_emptied(database: Database, ledgers: Ledgers) -> None:
    """Open deliveries are cancelled, doubts held; what a worker holds or has sent is left alone."""
    with database.transaction() as session:
        dispatch = sending(session, 5)
    ledger = await ledgers.open()
    accepted, deferred, doubtful, _ = await claim(ledger, dispatch, 4)
    await ledger.record(
        [
            result(accepted),
            result(deferred, DeliveryState.DEFERRED),
            result(doubtful, DeliveryState.UNCONFIRMED, due_at=now()),
        ]
    )
    with database.transaction() as session:
        assert sweeping.cancel_open(session) == 0
        session.execute(update(Dispatch).values(state=DispatchState.CANCELLED))
    with database.transaction() as session:
        assert sweeping.cancel_open(session) == 2
        assert sweeping.hold_doubts(session) == 1
        assert in_states(session) == {"accepted": 1, "cancelled": 2, "claimed": 1, "held": 1}
        assert told(session, deferred.id) == ["claimed", "deferred", "cancelled"]
        check_ledger(session)
    assert await claim(ledger, dispatch) == []


async def test_dispatches_end_when_all_is_final(database: Database, ledgers: Ledgers) -> None:
    """Not before, and not while a doubt waits for a person; paused ones stay paused."""
    with database.transaction() as session:
        done, open_, held = (sending(session, 1) for _ in range(3))
        paused, empty = sending(session, []), sending(session, [])
        session.execute(
            update(Dispatch).where(Dispatch.id == paused).values(state=DispatchState.PAUSED)
        )
    ledger = await ledgers.open()
    await ledger.record([result(claimed) for claimed in await claim(ledger, done)])
    (doubtful,) = await claim(ledger, held)
    await ledger.record([result(doubtful, DeliveryState.UNCONFIRMED)])
    with database.transaction() as session:
        assert sweeping.hold_doubts(session) == 1
        finished = {
            number
            for issue in sweeping.finished_issues(session)
            for number, _ in sweeping.finish_dispatches(session, issue)
        }
        assert finished == {done, empty}
        states = {row.id: row.state for row in session.scalars(select(Dispatch))}
    assert states[open_] == states[held] == "sending"
    assert states[paused] == "paused"
    assert states[done] == states[empty] == "done"


async def test_workers_are_wanted_only_for_what_is_due(
    database: Database, ledgers: Ledgers
) -> None:
    """As many as there are free lanes, if anything is due; else none."""

    def wanted() -> int:
        with database.transaction() as session:
            return sweeping.idle_lanes(session, 3)

    assert wanted() == 0
    with database.transaction() as session:
        sending(session, 1)
        session.execute(update(Delivery).values(due_at=now() + timedelta(hours=1)))
    assert wanted() == 0
    with database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    assert wanted() == 3
    first = await ledgers.open(lanes=3)
    assert wanted() == 2
    await ledgers.open(lanes=3)
    await ledgers.open(lanes=3)
    assert wanted() == 0
    await first.close()
    assert wanted() == 1
    with database.transaction() as session:
        session.execute(update(Dispatch).values(state=DispatchState.PAUSED))
    assert wanted() == 0


async def test_two_sweeps_at_once_share_the_work(database: Database, ledgers: Ledgers) -> None:
    """Rows that another sweep has locked are passed over: nothing is told or counted twice."""
    with database.transaction() as session:
        dispatch = sending(session, 200)
    ledger = await ledgers.open()
    await claim(ledger, dispatch, 200)
    run_out(database)
    together = threading.Barrier(2)
    took: list[int] = []

    def sweep() -> None:
        together.wait(10)
        with database.transaction() as session:
            took.append(sweeping.expire_leases(session, NONE, NONE))

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(took) == 200
    with database.transaction() as session:
        assert in_states(session) == {"unconfirmed": 200}
        check_ledger(session)
