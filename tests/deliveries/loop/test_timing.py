"""Leases that end, ledgers that go away, workers that must stop: the loop's own rules."""

import asyncio
import random

import pytest

from mailer.deliveries import sending
from mailer.deliveries.sending import Limits, SendLoop, Summary
from mailer.smtp.verdicts import Outcome, Stage
from runtime.clock import elapsed
from tests.deliveries.loop.conftest import until
from tests.deliveries.loop.scripted import ScriptedCourier, ScriptedLedger, claimed

pytestmark = pytest.mark.anyio


class World:
    """A loop and what it talks to."""

    def __init__(
        self,
        deliveries: int,
        *couriers: ScriptedCourier,
        window: int = 64,
        lease: float = 60,
        run: float = 30,
    ) -> None:
        self.ledger = ScriptedLedger([claimed(number) for number in range(1, deliveries + 1)])
        self.stop = asyncio.Event()
        self.loop = SendLoop(
            self.ledger,
            couriers,
            Limits(window=window, lease=lease, run=run, first_retry=60),
            self.stop,
            random.Random(1),  # noqa: S311 - spreads retries
        )

    async def run(self) -> Summary:
        """Run it, not for long."""
        return await asyncio.wait_for(self.loop.run(), 20)

    def states(self) -> dict[int, str]:
        """Return the state that was stored for each delivery."""
        return {result.id: result.state.value for result, _ in self.ledger.recorded}


async def test_never_more_than_the_window_is_held() -> None:
    """What was claimed and is not stored yet is bounded, whatever the speed of the relay."""
    world = World(500, *(ScriptedCourier(0.001) for _ in range(5)), window=20)
    summary = await world.run()
    assert summary == Summary(recorded=500, more=False)
    assert world.ledger.most_out <= 20
    assert not world.ledger.out


async def test_a_lease_that_ends_before_mail() -> None:
    """Renewals do not come through: what waits in the queue is not begun but given back."""
    courier = ScriptedCourier(0.25)
    world = World(20, courier, lease=1)
    world.ledger.lost = {"renew": 999}
    world.ledger.waiting = world.ledger.waiting[:20]
    await asyncio.wait_for(world.run(), 10)
    # A fifth of the lease is left unused: 0.8 s are room for the beginnings of four mails a claim.
    first = courier.begun[:4]
    assert first == [1, 2, 3, 4]
    assert set(courier.sent) & set(world.ledger.released) == set()
    assert set(courier.sent) | set(world.ledger.released) == set(range(1, 21))
    assert len(courier.sent) < 20


async def test_a_lease_that_ends_before_the_dot() -> None:
    """The message is under way when the lease ends: the dot is not written, nothing is in doubt."""
    courier = ScriptedCourier(0.9)
    world = World(1, courier, lease=1)
    world.ledger.lost = {"renew": 999}
    await world.run()
    assert courier.begun == [1]
    assert courier.sent == []
    assert world.ledger.recorded == []
    assert world.ledger.released == [1]


async def test_renewing_keeps_a_slow_message() -> None:
    """A transaction that outlasts its lease goes on as long as renewals come through."""
    courier = ScriptedCourier(1.0)
    world = World(1, courier, lease=0.6)
    await world.run()
    assert courier.sent == [1]
    assert world.ledger.calls.count("renew") >= 4
    assert world.states() == {1: "accepted"}


async def test_a_lease_that_is_another_s_stops_the_message() -> None:
    """The ledger says that a row is not ours any more: nothing of it is sent after that."""
    courier = ScriptedCourier(0.5)
    world = World(1, courier, lease=1)
    world.ledger.stolen = True
    await world.run()
    assert courier.begun == [1]
    assert courier.sent == []


async def test_results_are_stored_when_the_ledger_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three calls fail: the batch is stored at the fourth, as one that may be there already."""
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.05)
    world = World(3, ScriptedCourier())
    world.ledger.lost = {"record": 2, "reconnect": 1}
    summary = await world.run()
    assert summary.recorded == 3
    assert [again for _, again in world.ledger.recorded] == [True] * 3
    assert world.states() == dict.fromkeys((1, 2, 3), "accepted")


async def test_a_ledger_lost_in_a_claim_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order: open transactions end, the queue is given back; the sweep wakes us up later."""
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.05)
    courier = ScriptedCourier(0.1)
    world = World(40, courier, window=20)
    world.ledger.lost_later = {"claim": 1}
    summary = await world.run()
    assert not summary.more
    assert len(world.ledger.recorded) == len(courier.sent) >= 1
    assert len(world.ledger.recorded) + len(world.ledger.released) == 20
    assert not world.ledger.out


async def test_a_process_that_must_end_gives_up_an_absent_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within seconds; what it knew is a doubt then, which the sweep shows."""
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.2)
    world = World(2, ScriptedCourier())
    world.ledger.lost = {"record": 10_000}
    running = asyncio.create_task(world.run())
    await until(lambda: "record" in world.ledger.calls)
    await asyncio.sleep(0.1)
    assert not running.done()
    world.stop.set()
    asked_at = elapsed()
    await running
    assert elapsed() - asked_at < 2
    assert world.ledger.recorded == []


@pytest.mark.parametrize(
    ("in_doubt", "state"), [(False, None), (True, "unconfirmed")], ids=["before", "after"]
)
async def test_an_open_transaction_is_cut_off_in_the_end(
    monkeypatch: pytest.MonkeyPatch, *, in_doubt: bool, state: str | None
) -> None:
    """A server never answers while we must stop: before the dot given back, after it a doubt."""
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.2)
    courier = ScriptedCourier(600)
    courier.in_doubt = in_doubt
    world = World(5, courier)
    running = asyncio.create_task(world.run())
    await until(lambda: courier.begun == [1])
    world.stop.set()
    asked_at = elapsed()
    summary = await running
    assert 0.15 < elapsed() - asked_at < 2
    assert summary.more
    assert world.states() == ({1: state} if state else {})
    assert sorted(world.ledger.released) == ([2, 3, 4, 5] if in_doubt else [1, 2, 3, 4, 5])
    assert courier.begun == [1]


async def test_nothing_is_begun_after_the_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A courier that was still preparing its message when all was cut off does not begin it."""
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.1)
    courier = ScriptedCourier()
    courier.preparing = 0.5
    world = World(1, courier)
    running = asyncio.create_task(world.run())
    await until(lambda: bool(world.ledger.out))
    world.stop.set()
    await running
    assert courier.begun == []
    assert world.ledger.released == [1]


async def test_one_silent_server_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the run is up while one transaction hangs: the process works on beside it."""
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.1)
    silent, quick = ScriptedCourier(1.5), ScriptedCourier(0.002)
    world = World(60, silent, quick, window=10, run=0.1)
    world.ledger.returning = True
    await world.run()
    assert len(quick.sent) > 50
    assert len(quick.sent) + len(silent.sent) == 60


async def test_an_unreachable_relay_is_tried_ever_more_seldom() -> None:
    """One delivery at a time is risked, after 1, 2, 4 … seconds; the others are given back."""
    courier = ScriptedCourier(ending=Outcome.DEFERRED, stage=Stage.CONNECT)
    world = World(50, courier, run=2.5)
    world.ledger.returning = True
    summary = await world.run()
    assert summary.more
    assert len(courier.begun) <= 4
    assert len(world.ledger.recorded) == len(courier.begun)
    assert not world.ledger.out


async def test_suppressed_claims_are_never_begun() -> None:
    """Known with the claim, or noticed while it waits: no mail, and stored as suppressed."""
    courier = ScriptedCourier(0.2)
    world = World(0, courier)
    world.ledger.waiting = [
        claimed(1, suppressed=True),
        claimed(2),
        *(claimed(n) for n in (3, 4, 5, 6)),
    ]
    world.ledger.suppressed = {"u6@unit.example"}
    await world.run()
    assert 1 not in courier.begun
    assert 6 not in courier.sent
    assert world.states()[1] == world.states()[6] == "suppressed"
    assert {n: s for n, s in world.states().items() if n in (2, 3, 4, 5)} == dict.fromkeys(
        (2, 3, 4, 5), "accepted"
    )
