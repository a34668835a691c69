"""What happened to one message, as a value."""

from dataclasses import dataclass
from datetime import datetime

from mailer.smtp.notes import Note
from mailer.smtp.replies import Reply
from mailer.smtp.verdicts import Outcome, Stage, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One attempt to hand over one message. Whatever a server does becomes one of these.

    ``stage`` is the last step that was reached. ``reply`` is the server's answer that decided, and
    ``note`` a sentence where there was none. ``server`` is the relay as ``host[address]:port``.
    """

    verdict: Verdict
    stage: Stage
    reply: Reply | None
    note: Note
    server: str
    tls: bool
    started_at: datetime
    finished_at: datetime
    worth_another_connection: bool = False
    """The connection had been used before and ended before MAIL was taken: servers close idle
    connections, and some end one after so many messages. Try at once over a new one, once."""

    @property
    def outcome(self) -> Outcome:
        """Return how it ended."""
        return self.verdict.outcome
