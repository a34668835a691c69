"""What a worker holds: each claimed delivery, its deadline, and whether it may still be sent."""

from dataclasses import dataclass
from enum import Enum, auto

from mailer.deliveries.ports import Claimed


class Stop(Enum):
    """Why a held delivery must not be started any more."""

    LEASE_LOST = auto()
    NOT_SENDING = auto()
    """Its dispatch is paused or cancelled."""
    SUPPRESSED = auto()


@dataclass(kw_only=True, slots=True)
class Held:
    """A claimed delivery in this process.

    ``deadline`` is in seconds of :func:`runtime.clock.elapsed`: it goes on while the process is
    stopped, so a process that wakes up late sees at once that it is late.
    """

    claim: Claimed
    deadline: float
    stop: Stop | None = None
    checked: float = 0.0
    """When suppression was last looked up."""
    begun: bool = False
    """MAIL was allowed."""
    finished: bool = False
    """A result waits to be stored."""

    def may_go_on(self, now: float, margin: float) -> bool:
        """Return whether MAIL, or after it the final dot, may still be written.

        What was begun ends although its dispatch is paused meanwhile; a lost lease or a
        suppression stops it all the same.
        """
        if now >= self.deadline - margin:
            return False
        if self.stop is None:
            self.begun = True
        return self.stop is None or (self.begun and self.stop is Stop.NOT_SENDING)


class Holding:
    """All that this process holds; never more than ``window``."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._held: dict[int, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def room(self) -> int:
        """How many more deliveries may be claimed."""
        return self._window - len(self._held)

    def add(self, claims: list[Claimed], claimed_at: float, lease: float) -> list[Held]:
        """Hold what was claimed by a request made at ``claimed_at``; return it."""
        added = [
            Held(
                claim=claim,
                deadline=claimed_at + lease,
                checked=claimed_at,
                stop=Stop.SUPPRESSED if claim.suppressed else None,
            )
            for claim in claims
        ]
        self._held.update((held.claim.id, held) for held in added)
        return added

    def drop(self, ids: set[int]) -> None:
        """Hold these no more: their results are stored, or they were given back."""
        for number in ids:
            self._held.pop(number, None)

    def waiting(self) -> list[Held]:
        """Return what has no result yet."""
        return [held for held in self._held.values() if not held.finished]

    def renewed(
        self, asked: list[Held], still_ours: set[int], asked_at: float, lease: float
    ) -> None:
        """Note the answer to a renewal that was asked for at ``asked_at``."""
        for held in asked:
            if held.claim.id in still_ours:
                held.deadline = asked_at + lease
            else:
                held.stop = Stop.LEASE_LOST
