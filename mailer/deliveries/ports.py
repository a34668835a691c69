"""What the send loop asks of the world: a ledger and couriers, and the values that pass between.

The loop owns these protocols; the database and SMTP fulfil them. Nothing here imports either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailer.deliveries.states import DeliveryCause, DeliveryState
from mailer.smtp.verdicts import Outcome, Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A delivery that this process holds until its lease ends."""

    id: int
    dispatch_id: int
    rendition_id: int
    address: str
    normalised: str
    message_id: str
    credited: tuple[tuple[str, str, int | None, int | None], ...]
    fence: int
    attempts: int
    from_address: str
    doubt_held: bool
    suppressed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRecord:
    """One SMTP transaction, as it is kept."""

    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    stage: Stage
    code: int | None
    status: str | None
    reply: str
    server: str
    tls: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a claimed delivery: its new state, and the attempt unless none was made."""

    id: int
    fence: int
    state: DeliveryState
    cause: DeliveryCause
    due_at: datetime | None
    attempt: AttemptRecord | None


class LedgerLostError(Exception):
    """The ledger cannot be reached just now."""


class LedgerPort(Protocol):
    """What the loop needs of the ledger. Each method may raise :class:`LedgerLostError`."""

    async def open_dispatches(self) -> list[tuple[int, int]]:
        """Return (id, priority) of each dispatch with deliveries due."""

    async def claim(self, shares: Sequence[tuple[int, int]], lease: timedelta) -> list[Claimed]:
        """Claim of each (dispatch, n) at most n deliveries."""

    async def record(self, results: Sequence[Result], *, again: bool = False) -> set[int]:
        """Store results; return those whose state was changed."""

    async def release(self, claims: Sequence[Claimed]) -> set[int]:
        """Give back what was never started."""

    async def renew(self, claims: Sequence[Claimed], lease: timedelta) -> set[int]:
        """Begin the lease again; return what is still ours."""

    async def unsendable(self, claims: Sequence[Claimed]) -> tuple[set[int], set[str]]:
        """Return dispatches that are no longer sent from, and suppressed addresses."""

    async def reconnect(self) -> None:
        """Reach the ledger again."""


class Courier(Protocol):
    """Carries one delivery at a time over a connection of its own."""

    async def deliver(self, claim: Claimed, may_go_on: Callable[[], bool]) -> AttemptRecord:
        """Make the message and hand it to the relay."""

    def abort(self) -> None:
        """End the open transaction now; :meth:`deliver` then returns what is known of it."""

    async def close(self) -> None:
        """End the connection."""
