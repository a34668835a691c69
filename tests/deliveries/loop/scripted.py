"""A scripted world for the send loop: only for what no real ledger or relay does on request."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mailer.deliveries.ports import AttemptRecord, Claimed, LedgerLostError, Result
from mailer.smtp.verdicts import Outcome, Stage
from runtime.clock import now


def claimed(number: int, *, suppressed: bool = False, dispatch: int = 1) -> Claimed:
    """Return a claim."""
    return Claimed(
        id=number,
        dispatch_id=dispatch,
        rendition_id=1,
        address=f"u{number}@unit.example",
        normalised=f"u{number}@unit.example",
        message_id=f"{number}@yunwan.example",
        credited=(),
        fence=1,
        attempts=0,
        from_address="bulletin@yunwan.example",
        doubt_held=False,
        suppressed=suppressed,
    )


def attempted(outcome: Outcome = Outcome.ACCEPTED, stage: Stage = Stage.FINAL_DOT) -> AttemptRecord:
    """Return an attempt that ends now."""
    at = now()
    return AttemptRecord(
        started_at=at,
        finished_at=at,
        outcome=outcome,
        stage=stage,
        code=250 if outcome is Outcome.ACCEPTED else None,
        status=None,
        reply="",
        server="relay.example[192.0.2.1]:25",
        tls=False,
    )


@dataclass
class ScriptedLedger:
    """Hands out claims in order.

    ``lost`` names the calls that fail, each so many times; ``lost_later`` those that fail once,
    after so many that did not. ``returning``: what is released may be claimed again. ``stolen``:
    no claim is ours any more when we ask for its renewal.
    """

    waiting: list[Claimed]
    lost: dict[str, int] = field(default_factory=dict)
    lost_later: dict[str, int] = field(default_factory=dict)
    returning: bool = False
    stolen: bool = False
    recorded: list[tuple[Result, bool]] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    suppressed: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    out: set[int] = field(default_factory=set)
    most_out: int = 0

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.lost.get(name):
            self.lost[name] -= 1
            raise LedgerLostError
        if name in self.lost_later:
            self.lost_later[name] -= 1
            if self.lost_later[name] < 0:
                del self.lost_later[name]
                raise LedgerLostError

    async def open_dispatches(self) -> list[tuple[int, int]]:
        """Return one dispatch while there is anything to claim."""
        self._call("open_dispatches")
        return [(1, 5)] if self.waiting else []

    async def claim(self, shares: Sequence[tuple[int, int]], lease: timedelta) -> list[Claimed]:
        """Hand out the next claims."""
        del lease
        self._call("claim")
        count = sum(share for _, share in shares)
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        self.out |= {claim.id for claim in taken}
        self.most_out = max(self.most_out, len(self.out))
        return taken

    async def record(self, results: Sequence[Result], *, again: bool = False) -> set[int]:
        """Keep the results."""
        self._call("record")
        self.recorded += [(result, again) for result in results]
        self.out -= {result.id for result in results}
        return {result.id for result in results}

    async def release(self, claims: Sequence[Claimed]) -> set[int]:
        """Take claims back."""
        self._call("release")
        self.released += [claim.id for claim in claims]
        self.out -= {claim.id for claim in claims}
        if self.returning:
            self.waiting += claims
        return {claim.id for claim in claims}

    async def renew(self, claims: Sequence[Claimed], lease: timedelta) -> set[int]:
        """Renew all."""
        del lease
        self._call("renew")
        return set() if self.stolen else {claim.id for claim in claims}

    async def unsendable(self, claims: Sequence[Claimed]) -> tuple[set[int], set[str]]:
        """Return what the test has closed and suppressed."""
        del claims
        self._call("unsendable")
        return self.closed, self.suppressed

    async def reconnect(self) -> None:
        """Connect."""
        self._call("reconnect")


class ScriptedCourier:
    """Takes ``seconds`` over each delivery, asks before MAIL and before the dot, as SMTP does."""

    def __init__(
        self,
        seconds: float = 0.0,
        ending: Outcome = Outcome.ACCEPTED,
        stage: Stage = Stage.FINAL_DOT,
    ) -> None:
        self.seconds = seconds
        self.ending = ending
        self.stage = stage
        self.begun: list[int] = []
        self.sent: list[int] = []
        self.aborted = asyncio.Event()
        self.in_doubt = False
        self.preparing = 0.0
        """Seconds before it asks whether MAIL may be written; nothing can be cut off then."""

    async def deliver(self, claim: Claimed, may_go_on: Callable[[], bool]) -> AttemptRecord:
        """Carry one."""
        await asyncio.sleep(self.preparing)
        if not may_go_on():
            return attempted(Outcome.GIVEN_UP, Stage.MAIL)
        self.begun.append(claim.id)
        try:
            await asyncio.wait_for(self.aborted.wait(), self.seconds)
        except TimeoutError:
            pass
        else:
            return attempted(Outcome.UNCONFIRMED if self.in_doubt else Outcome.GIVEN_UP)
        if not may_go_on():
            return attempted(Outcome.GIVEN_UP)
        self.sent.append(claim.id)
        return attempted(self.ending, self.stage)

    def abort(self) -> None:
        """End what is under way."""
        self.aborted.set()

    async def close(self) -> None:
        """Nothing to close."""
