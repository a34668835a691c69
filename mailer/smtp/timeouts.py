"""How long a server may take."""

from dataclasses import dataclass

from mailer.smtp.verdicts import Stage

_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Seconds to wait, by stage. The defaults are those of RFC 5321 section 4.5.3.2.

    The standard has none for connecting and signing in. ``content`` is for one block of 64 KB.
    The long one for the final dot is on purpose: giving up on it leaves a doubt.
    """

    connect: float = 30
    greeting: float = 5 * _MINUTE
    ehlo: float = 5 * _MINUTE
    starttls: float = 2 * _MINUTE
    auth: float = 2 * _MINUTE
    mail: float = 5 * _MINUTE
    rcpt: float = 5 * _MINUTE
    data: float = 2 * _MINUTE
    content: float = 3 * _MINUTE
    final_dot: float = 10 * _MINUTE
    quit: float = 5

    def after(self, stage: Stage) -> float:
        """Return the seconds to wait for the answer to ``stage``."""
        if stage is Stage.RSET:
            return self.mail
        seconds: float = getattr(self, stage.value.replace("-", "_"))
        return seconds
