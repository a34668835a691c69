"""How long a relay that cannot be reached is left alone (pure)."""

from dataclasses import dataclass

from mailer.deliveries.ports import AttemptRecord
from mailer.smtp.verdicts import Outcome, Stage

LONGEST = 30.0
_SESSION = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})


@dataclass(kw_only=True, slots=True)
class RelayPause:
    """The pause, in seconds: 1, 2, 4 … up to 30 while no session can be opened, else none."""

    seconds: float = 0.0
    _until: float = 0.0

    def note(self, attempt: AttemptRecord, now: float) -> bool:
        """Learn from an attempt that ended at ``now``; return whether the relay is out of reach.

        Connections that fail together are one failure: the pause doubles once, not ten times.
        """
        if not attempt.server:
            return False  # it never got as far as the relay, and says nothing of it
        if attempt.outcome is Outcome.ACCEPTED or attempt.stage not in _SESSION:
            self.seconds = 0.0
            return False
        if not self.seconds or now >= self._until:
            self.seconds = min(max(1.0, self.seconds * 2), LONGEST)
            self._until = now + self.seconds
        return True
