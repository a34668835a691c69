"""Random lives of deliveries: workers, a sweep, people, and a model of who holds what."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import uvloop
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from mailer.deliveries import sweeping
from mailer.deliveries.ledger import Ledger
from mailer.deliveries.models import Delivery, Dispatch, DispatchState
from mailer.deliveries.ports import Claimed, Result
from mailer.deliveries.states import FINAL, DeliveryState
from mailer.issues.models import DoubtPolicy
from runtime.clock import now
from runtime.database import Database
from tests.deliveries.dispatches import check_ledger, sending
from tests.deliveries.ledger.conftest import LEASE
from tests.deliveries.results import OUTCOMES, result

_STATES = st.sampled_from([*OUTCOMES, DeliveryState.SUPPRESSED])
_WHO = st.integers(0, 1)
_GONE = timedelta(hours=100)


class Lives(RuleBasedStateMachine):
    """``holders`` is what the model says of each delivery: who holds it, with which fence."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.transaction() as session:
            self.dispatches = [
                sending(session, 5, doubt=DoubtPolicy.RESEND),
                sending(session, 5, doubt=DoubtPolicy.HOLD),
            ]
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.ledgers = [self.run(self.open()) for _ in range(2)]
        self.holders: dict[int, tuple[int, int]] = {}
        self.claims: list[tuple[int, Claimed]] = []
        self.stored: list[tuple[int, Result]] = []

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - what doing returns
        """Run something of a ledger's."""
        return self.runner.run(doing)

    async def open(self) -> Ledger:
        """Open a ledger, with more lanes than examples that run at once."""
        ledger = await Ledger.open(self.database.url, lanes=64, actor="worker:test")
        assert ledger is not None
        return ledger

    def held(self, who: int, claimed: Claimed) -> bool:
        """Return whether the model says that this claim still holds."""
        return self.holders.get(claimed.id) == (who, claimed.fence)

    def sweep(self, look: Callable[[Session], int]) -> int:
        """Do one look of the sweep."""
        with self.database.transaction() as session:
            return look(session)

    @rule(who=_WHO, place=_WHO, most=st.integers(1, 4))
    def claim(self, who: int, place: int, most: int) -> None:
        """Claim, and be the only one that holds it."""
        for claimed in self.run(self.ledgers[who].claim([(self.dispatches[place], most)], LEASE)):
            assert claimed.id not in self.holders
            self.holders[claimed.id] = (who, claimed.fence)
            self.claims.append((who, claimed))

    @rule(data=st.data(), state=_STATES, batch=st.integers(1, 3))
    def record(self, data: st.DataObject, state: DeliveryState, batch: int) -> None:
        """Store results of any claims that were ever made: only those that still hold count."""
        if not self.claims:
            return
        chosen = data.draw(st.lists(st.sampled_from(self.claims), min_size=1, max_size=batch))
        who = chosen[0][0]
        mine = {claimed.id: claimed for owner, claimed in chosen if owner == who}
        results = [result(claimed, state) for claimed in mine.values()]
        ours = {number for number, claimed in mine.items() if self.held(who, claimed)}
        assert self.run(self.ledgers[who].record(results)) == ours
        for number in ours:
            del self.holders[number]
        self.stored += [(who, stored) for stored in results if stored.id in ours]

    @rule(data=st.data())
    def record_again(self, data: st.DataObject) -> None:
        """Store once more what is stored: nothing changes, see the invariant."""
        if self.stored:
            who, stored = data.draw(st.sampled_from(self.stored))
            assert self.run(self.ledgers[who].record([stored], again=True)) == set()

    @rule(data=st.data(), release=st.booleans())
    def keep_or_give_back(self, data: st.DataObject, *, release: bool) -> None:
        """Renew or release any claim that was ever made."""
        if not self.claims:
            return
        who, claimed = data.draw(st.sampled_from(self.claims))
        ours = {claimed.id} if self.held(who, claimed) else set()
        if release:
            assert self.run(self.ledgers[who].release([claimed])) == ours
            if ours:
                del self.holders[claimed.id]
        else:
            assert self.run(self.ledgers[who].renew([claimed], LEASE)) == ours

    @rule(who=_WHO)
    def fall_silent(self, who: int) -> None:
        """The leases of one worker run out, and the sweep takes all of them and no other."""
        mine = [number for number, (owner, _) in self.holders.items() if owner == who]
        with self.database.transaction() as session:
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(mine))
                .values(lease_until=now() - timedelta(seconds=1))
            )
        took = self.sweep(lambda s: sweeping.expire_leases(s, timedelta(0), timedelta(0)))
        assert took == len(mine)
        for number in mine:
            del self.holders[number]

    @rule(look=st.sampled_from(["hold_doubts", "expire_deferred", "cancel_open"]))
    def look(self, look: str) -> None:
        """One of the sweep's other looks."""
        self.sweep(getattr(sweeping, look))

    @rule(place=_WHO, state=st.sampled_from(["sending", "paused", "sending", "cancelled"]))
    def steer(self, place: int, state: str) -> None:
        """A person pauses, resumes or cancels a dispatch; a cancelled one stays so."""
        with self.database.transaction() as session:
            session.execute(
                update(Dispatch)
                .where(Dispatch.id == self.dispatches[place], Dispatch.state != "cancelled")
                .values(state=DispatchState(state))
            )

    @rule()
    def pass_time(self) -> None:
        """Everything that was due later is due."""
        with self.database.transaction() as session:
            session.execute(text("UPDATE deliveries SET due_at = now() WHERE due_at > now()"))

    @rule(place=_WHO)
    def outlive(self, place: int) -> None:
        """A dispatch has been under way for too long."""
        with self.database.transaction() as session:
            session.execute(
                update(Dispatch)
                .where(Dispatch.id == self.dispatches[place])
                .values(expires_at=now() - _GONE)
            )

    @rule()
    def decide(self) -> None:
        """A person has held deliveries sent again."""
        with self.database.transaction() as session:
            session.execute(text("UPDATE deliveries SET due_at = now() WHERE state = 'held'"))

    @invariant()
    def the_ledger_agrees(self) -> None:
        """Counters, leases, final times, and events that explain each state."""
        with self.database.transaction() as session:
            check_ledger(session)
            claimed = session.scalars(
                select(Delivery.id).where(
                    Delivery.state == DeliveryState.CLAIMED,
                    Delivery.dispatch_id.in_(self.dispatches),
                )
            ).all()
        assert set(claimed) == set(self.holders)

    def teardown(self) -> None:
        """However it went: what is left is sent, or held for a person, and nothing else (G1)."""
        for who in range(2):
            self.fall_silent(who)
        for place in range(2):
            self.steer(place, "sending")
        for _ in range(3):
            self.pass_time()
            for look in ("hold_doubts", "expire_deferred", "cancel_open"):
                self.look(look)
            claims = self.run(self.ledgers[0].claim([(d, 9) for d in self.dispatches], LEASE))
            if claims:
                self.run(self.ledgers[0].record([result(claimed) for claimed in claims]))
        with self.database.transaction() as session:
            check_ledger(session)
            left = session.scalars(
                select(Delivery.state).where(Delivery.dispatch_id.in_(self.dispatches))
            ).all()
        assert set(left) <= FINAL | {DeliveryState.HELD}
        for ledger in self.ledgers:
            self.run(ledger.close())
        self.runner.close()


def test_random_lives(database: Database) -> None:
    """Whatever happens in whatever order, the ledger agrees with the model and with itself."""
    Lives.database = database
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
