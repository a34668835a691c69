"""The send loop: claim, send, store, until nothing is due or the time is up.

Claims, transactions and flushes overlap. The loop names what it needs of the world as two small
protocols, :class:`LedgerPort` and :class:`Courier`; it knows no database and no socket. It never
holds more than ``window`` deliveries without a stored result, and between two of them checks
whether it may still go on: lease, pause, suppression.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from mailer.deliveries.concluding import conclude, suppressed
from mailer.deliveries.holding import Held, Holding, Stop
from mailer.deliveries.pausing import RelayPause
from mailer.deliveries.ports import (
    AttemptRecord,
    Claimed,
    Courier,
    LedgerLostError,
    LedgerPort,
    Result,
)
from mailer.deliveries.sharing import fair_shares
from runtime.clock import elapsed

log = structlog.get_logger("send")

MARGIN_SHARE = 0.2
"""Part of the lease that is left unused: clocks and networks are not exact."""
FLUSH_SECONDS = 0.02
LOOK_SECONDS = 0.5
STOP_SECONDS = 5.0
"""How long an open transaction may go on after the loop was told to stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The loop's bounds; times in seconds."""

    window: int
    lease: float
    run: float
    first_retry: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What one run of the loop did. ``more``: it ended before the work did."""

    recorded: int
    more: bool


class SendLoop:
    """One run of the loop. ``stop`` ends it early and in order."""

    def __init__(
        self,
        ledger: LedgerPort,
        couriers: Sequence[Courier],
        limits: Limits,
        stop: asyncio.Event,
        chance: random.Random,
    ) -> None:
        self._ledger = ledger
        self._couriers = couriers
        self._limits = limits
        self._stop = stop
        self._chance = chance
        self._holding = Holding(limits.window)
        self._queue: asyncio.Queue[Held | None] = asyncio.Queue()
        self._results: list[Result] = []
        self._returns: list[Held] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._drained = False
        self._ledger_lost = self._cut = False
        self._recorded = 0
        self._pause = RelayPause()

    async def run(self) -> Summary:
        """Send until nothing is due, the time is up, or ``stop`` is set."""
        async with asyncio.TaskGroup() as tasks:
            keepers = [tasks.create_task(job) for job in (self._renew(), self._look())]
            flusher = tasks.create_task(self._flush())
            senders = [tasks.create_task(self._send(courier)) for courier in self._couriers]
            more = await self._work()
            for _ in senders:
                self._queue.put_nowait(None)
            await asyncio.wait(senders)
            self._drained = True
            self._news.set()
            await flusher
            for keeper in keepers:
                keeper.cancel()
        for courier in self._couriers:
            await courier.close()
        return Summary(recorded=self._recorded, more=more)

    async def _work(self) -> bool:
        """Fetch and wait; return whether there is, or may be, more to do."""
        while True:
            more = await self._fetch(elapsed() + self._limits.run)
            if self._stop.is_set() or self._ledger_lost or more:
                self._give_back_queue()
            # One server that never answers must not keep this process from its other work.
            emptied = await self._emptied(STOP_SECONDS)
            if emptied or self._ledger_lost:
                return more
            if self._stop.is_set():
                self._cut = True
                for courier in self._couriers:
                    courier.abort()
                return True

    async def _fetch(self, ends: float) -> bool:
        """Keep the queue filled; return whether there is, or may be, more to do."""
        while not self._stop.is_set() and elapsed() < ends:
            if self._pause.seconds:
                await _wait(self._stop, self._pause.seconds)
            self._room.clear()
            try:
                claimed = await self._claim()
            except LedgerLostError:
                # The sweep wakes us up again when the ledger is back.
                log.warning("ledger-lost", during="claim")
                self._ledger_lost = True
                return False
            if not claimed and not len(self._holding):
                return False
            if not claimed:
                await _wait(self._room, LOOK_SECONDS / 10)
        return True

    async def _emptied(self, seconds: float) -> bool:
        """Wait until nothing is held, for so long at most; return whether nothing is."""
        ends, stopping = elapsed() + seconds, self._stop.is_set()
        while len(self._holding) and elapsed() < ends and self._stop.is_set() == stopping:
            self._room.clear()
            await _wait(self._room, LOOK_SECONDS / 10)
        return not len(self._holding)

    async def _claim(self) -> int:
        """Claim what there is room for; return how much came."""
        # After a failed connection one delivery is risked at a time, until one gets through.
        room = min(self._holding.room, 1) if self._pause.seconds else self._holding.room
        if room * 4 < self._limits.window and not self._pause.seconds:
            return 0
        shares = fair_shares(await self._ledger.open_dispatches(), room)
        if not shares or room < 1:
            return 0
        asked_at = elapsed()
        claims = await self._ledger.claim(shares, timedelta(seconds=self._limits.lease))
        for held in self._holding.add(claims, asked_at, self._limits.lease):
            self._queue.put_nowait(held)
        return len(claims)

    async def _send(self, courier: Courier) -> None:
        """Carry what is in the queue over one connection."""
        while (held := await self._queue.get()) is not None:
            if held.stop is None and elapsed() - held.checked > LOOK_SECONDS:
                await self._check([held])
            if held.stop is not None or not self._may_go_on(held):
                self._conclude(held, None)
                continue
            attempt = await courier.deliver(held.claim, partial(self._may_go_on, held))
            if self._pause.note(attempt, elapsed()):
                self._give_back_queue()
            self._conclude(held, attempt)

    def _may_go_on(self, held: Held) -> bool:
        return not self._cut and held.may_go_on(elapsed(), self._limits.lease * MARGIN_SHARE)

    def _conclude(self, held: Held, attempt: AttemptRecord | None) -> None:
        """Queue what is to be stored of a delivery that this process is done with."""
        result = None
        if attempt is not None:
            first_retry = timedelta(seconds=self._limits.first_retry)
            result = conclude(held.claim, attempt, first_retry, chance=self._chance)
        if result is None and held.stop is Stop.SUPPRESSED:
            result = suppressed(held.claim)
        if result is None:
            self._returns.append(held)
        else:
            self._results.append(result)
        held.finished = True
        self._news.set()

    def _give_back_queue(self) -> None:
        """Give back what no sender has taken."""
        while not self._queue.empty():
            held = self._queue.get_nowait()
            if held is not None:
                self._conclude(held, None)

    async def _flush(self) -> None:
        """Store results in small batches as they come, until all is stored."""
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._drained:
                await asyncio.sleep(FLUSH_SECONDS)
            results, self._results = self._results, []
            returns, self._returns = self._returns, []
            if results:
                changed = await self._insist(partial(self._ledger.record, results))
                self._recorded += len(changed)
            if returns:
                await self._insist(partial(self._release, [held.claim for held in returns]))
            self._holding.drop({result.id for result in results})
            self._holding.drop({held.claim.id for held in returns})
            self._room.set()
            if self._drained and not (self._results or self._returns):
                return

    async def _release(self, claims: Sequence[Claimed], *, again: bool) -> set[int]:
        """Give back what was never started; doing so ``again`` changes nothing."""
        log.debug("release", count=len(claims), again=again)
        return await self._ledger.release(claims)

    async def _insist(self, store: Callable[..., Awaitable[set[int]]]) -> set[int]:
        """Store, however long the ledger is away: what happened cannot be asked again.

        Only a process that must end gives up; what it knew is then in doubt, and shown as such.
        """
        again = False
        given_up_at = math.inf
        while True:
            try:
                if again:
                    await self._ledger.reconnect()
                return await store(again=again)
            except LedgerLostError:
                log.warning("ledger-lost", during="store")
                again = True
                if self._stop.is_set():
                    given_up_at = min(given_up_at, elapsed() + STOP_SECONDS / 2)
                if elapsed() >= given_up_at:
                    log.error("results-lost")  # noqa: TRY400 - the reason is known
                    return set()
                await asyncio.sleep(LOOK_SECONDS)

    async def _renew(self) -> None:
        """Begin leases again while transactions are open."""
        lease = self._limits.lease
        while True:
            await asyncio.sleep(lease / 4)
            asked, asked_at = self._holding.waiting(), elapsed()
            if asked:
                with contextlib.suppress(LedgerLostError):
                    ours = await self._ledger.renew(
                        [held.claim for held in asked], timedelta(seconds=lease)
                    )
                    self._holding.renewed(asked, ours, asked_at, lease)

    async def _look(self) -> None:
        """Notice pauses, cancellations and suppressions within half a second."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._check(self._holding.waiting())

    async def _check(self, waiting: list[Held]) -> None:
        if not waiting:
            return
        asked_at = elapsed()
        with contextlib.suppress(LedgerLostError):
            closed, addresses = await self._ledger.unsendable([held.claim for held in waiting])
            for held in waiting:
                held.checked = asked_at
                if held.claim.dispatch_id in closed:
                    held.stop = held.stop or Stop.NOT_SENDING
                if held.claim.normalised in addresses:
                    held.stop = held.stop or Stop.SUPPRESSED


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for ``event``, for so long at most."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
