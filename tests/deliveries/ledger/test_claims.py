"""Claims: who gets what, and when."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from mailer.deliveries.models import Delivery, Dispatch, DispatchState
from mailer.deliveries.states import DeliveryState
from mailer.issues.models import DoubtPolicy
from recipients.suppression import SuppressionReason, suppress
from runtime.clock import now
from runtime.database import Database
from tests.deliveries.dispatches import check_ledger, in_states, lines, sending, told, wait_past
from tests.deliveries.ledger.conftest import LEASE, Ledgers, claim
from tests.deliveries.results import result

pytestmark = pytest.mark.anyio


def set_dispatch(session: Session, dispatch: int, state: DispatchState) -> None:
    """Pause, resume or cancel a dispatch."""
    session.execute(update(Dispatch).where(Dispatch.id == dispatch).values(state=state))


def push_back(session: Session, pause: timedelta) -> None:
    """Make every due time so much earlier, as if that time had passed."""
    session.execute(
        update(Delivery).where(Delivery.due_at.is_not(None)).values(due_at=Delivery.due_at - pause)
    )


async def test_a_claim_carries_all_that_a_mail_needs(database: Database, ledgers: Ledgers) -> None:
    """Address, Message-ID, credits, sender and rendition come with it, so nothing is looked up."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a"), doubt=DoubtPolicy.HOLD)
    (claimed,) = await claim(await ledgers.open(), dispatch)
    assert claimed.address == claimed.normalised == "a@unit.example"
    assert claimed.message_id.endswith("@yunwan.example")
    assert claimed.credited == (("送", "a", 0, 0),)
    assert claimed.from_address == "bulletin@yunwan.example"
    assert (claimed.fence, claimed.attempts, claimed.doubt_held) == (1, 0, True)
    assert not claimed.suppressed
    with database.transaction() as session:
        row = session.get_one(Delivery, claimed.id)
        assert row.state is DeliveryState.CLAIMED
        assert row.state_before is DeliveryState.PENDING
        assert row.lease_until is not None
        assert timedelta(0) < row.lease_until - now() <= LEASE
        assert told(session, claimed.id) == ["claimed"]
        check_ledger(session)


async def test_shares_are_limits(database: Database, ledgers: Ledgers) -> None:
    """Of each dispatch at most its share, the earliest due first; the rest stays."""
    with database.transaction() as session:
        first, second = sending(session, 10), sending(session, 10)
        urgent = session.scalars(
            select(Delivery.id).where(Delivery.dispatch_id == first).order_by(-Delivery.id)
        ).first()
        session.execute(
            update(Delivery)
            .where(Delivery.id == urgent)
            .values(due_at=Delivery.due_at - timedelta(hours=1))
        )
    ledger = await ledgers.open()
    claims = await ledger.claim([(first, 3), (second, 5)], LEASE)
    assert sorted(c.dispatch_id for c in claims) == [first] * 3 + [second] * 5
    assert urgent in {c.id for c in claims}
    with database.transaction() as session:
        assert in_states(session, first) == {"claimed": 3, "pending": 7}
        assert in_states(session, second) == {"claimed": 5, "pending": 5}
        check_ledger(session)


async def test_two_ledgers_never_get_the_same(database: Database, ledgers: Ledgers) -> None:
    """Also while one's claim is not committed yet: the other passes over its rows."""
    with database.transaction() as session:
        dispatch = sending(session, 30)
    one, other = await ledgers.open(), await ledgers.open()
    async with one._connection.transaction():
        mine = await claim(one, dispatch, 10)
        yours = await claim(other, dispatch, 10)
    rest = await claim(one, dispatch, 100)
    ids = [c.id for c in (*mine, *yours, *rest)]
    assert (len(mine), len(yours), len(rest)) == (10, 10, 10)
    assert len(set(ids)) == 30


async def test_open_dispatches_are_those_with_something_due(
    database: Database, ledgers: Ledgers
) -> None:
    """By priority; not those that are paused, cancelled or done, nor what is due later."""
    with database.transaction() as session:
        usual, urgent = sending(session, 2, priority=5), sending(session, 2, priority=1)
        paused, cancelled = sending(session, 2), sending(session, 2)
        later = sending(session, 2)
        set_dispatch(session, paused, DispatchState.PAUSED)
        set_dispatch(session, cancelled, DispatchState.CANCELLED)
        session.execute(
            update(Delivery)
            .where(Delivery.dispatch_id == later)
            .values(due_at=now() + timedelta(minutes=1))
        )
    ledger = await ledgers.open()
    assert await ledger.open_dispatches() == [(urgent, 1), (usual, 5)]
    for dispatch in (paused, cancelled, later):
        assert await claim(ledger, dispatch) == []
    await claim(ledger, urgent)
    assert await ledger.open_dispatches() == [(usual, 5)]
    with database.transaction() as session:
        set_dispatch(session, paused, DispatchState.SENDING)
        push_back(session, timedelta(minutes=2))
    assert {number for number, _ in await ledger.open_dispatches()} == {usual, paused, later}


async def test_suppression_is_looked_up_with_the_claim(
    database: Database, ledgers: Ledgers
) -> None:
    """What was suppressed after the freezing comes marked, an expired suppression does not."""
    with database.transaction() as session:
        dispatch = sending(session, lines("a", "b"))
        suppress(session, "a@unit.example", SuppressionReason.MANUAL, "test")
        soon = now() + timedelta(milliseconds=20)
        suppress(session, "b@unit.example", SuppressionReason.FULL, "test", until=soon)
    wait_past(soon)
    ledger = await ledgers.open()
    stopped, fine = await claim(ledger, dispatch)
    assert (stopped.suppressed, fine.suppressed) == (True, False)
    closed, addresses = await ledger.unsendable([stopped, fine])
    assert (closed, addresses) == (set(), {"a@unit.example"})
    assert await ledger.record([result(stopped, DeliveryState.SUPPRESSED)]) == {stopped.id}
    with database.transaction() as session:
        assert told(session, stopped.id) == ["claimed", "suppressed"]
        check_ledger(session)


async def test_unsendable_names_paused_dispatches(database: Database, ledgers: Ledgers) -> None:
    """A worker that holds claims learns of a pause."""
    with database.transaction() as session:
        first, second = sending(session, 1), sending(session, 1)
    ledger = await ledgers.open()
    claims = [*await claim(ledger, first), *await claim(ledger, second)]
    with database.transaction() as session:
        set_dispatch(session, second, DispatchState.PAUSED)
    assert await ledger.unsendable(claims) == ({second}, set())


@pytest.mark.parametrize("before", ["pending", "deferred", "unconfirmed", "held"])
async def test_release_returns_to_the_state_before(
    database: Database, ledgers: Ledgers, before: str
) -> None:
    """Also a doubtful or a held one: a release must not turn a doubt into a fresh start."""
    with database.transaction() as session:
        dispatch = sending(session, 1)
    ledger = await ledgers.open()
    if before != "pending":
        (claimed,) = await claim(ledger, dispatch)
        state = DeliveryState.DEFERRED if before == "deferred" else DeliveryState.UNCONFIRMED
        await ledger.record([result(claimed, state, due_at=now())])
    if before == "held":
        with database.transaction() as session:
            session.execute(
                text("UPDATE deliveries SET state_before = state, state = 'held', due_at = now()")
            )
    (claimed,) = await claim(ledger, dispatch)
    with database.transaction() as session:
        due = session.scalar(select(Delivery.due_at))
    assert await ledger.release([claimed]) == {claimed.id}
    with database.transaction() as session:
        row = session.get_one(Delivery, claimed.id)
        assert (row.state, row.state_before, row.due_at) == (before, "claimed", due)
        assert row.fence == claimed.fence
    (again,) = await claim(ledger, dispatch)
    assert again.fence == claimed.fence + 1
    assert again.attempts == claimed.attempts


async def test_renewing_prolongs_only_what_is_ours(database: Database, ledgers: Ledgers) -> None:
    """A lease that somebody else took away is not ours any more, whatever we ask."""
    with database.transaction() as session:
        dispatch = sending(session, 3)
    ledger, other = await ledgers.open(), await ledgers.open()
    first, second, third = await claim(ledger, dispatch, lease=timedelta(seconds=5))
    await ledger.release([second])
    (taken,) = await claim(other, dispatch)
    assert taken.id == second.id
    assert await ledger.renew([first, second, third], timedelta(hours=1)) == {first.id, third.id}
    assert await other.renew([first], LEASE) == set()
    assert await ledger.release([second]) == set()
    with database.transaction() as session:
        leases = {
            row.id: row.lease_until - now()
            for row in session.scalars(select(Delivery))
            if row.lease_until is not None
        }
    assert leases[first.id] > timedelta(minutes=50)
    assert leases[second.id] < timedelta(minutes=2)


async def test_nothing_is_claimed_from_nothing(ledgers: Ledgers) -> None:
    """An empty share, an unknown dispatch: no claim and no fault."""
    ledger = await ledgers.open()
    assert await ledger.claim([], LEASE) == []
    assert await ledger.claim([(987654, 5)], LEASE) == []
    assert await ledger.release([]) == set()
    assert await ledger.renew([], LEASE) == set()
