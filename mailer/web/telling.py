"""The timeline of a delivery in words (pure)."""

from dataclasses import dataclass
from datetime import datetime

from mailer.actions.wording import state_word, timeline_text
from mailer.deliveries.log import LogLine, TimelineLine
from mailer.deliveries.states import DeliveryState
from mailer.web.standing import standing_of
from runtime.text import translate as _


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A step of the timeline: ``colour`` is that of the state that it led to, else empty."""

    at: datetime
    word: str
    text: str
    actor: str
    colour: str


def told(step: TimelineLine, zone: str) -> Told:
    """Return a step as it is shown: the word for what happened, and what there is to say of it."""
    whole = timeline_text(step.kind, step.data, zone)
    word = state_word(step.kind)
    return Told(
        at=step.at,
        word=word,
        text=whole.removeprefix(word).removeprefix(": ").strip(),
        actor=step.actor,
        colour=_colour(step.kind),
    )


def answer_of(line: LogLine) -> str:
    """Return a delivery's last answer; a note of ours in its place is told in the language."""
    parts = (line.last_code, line.last_status, _(line.last_reply or ""))
    return " ".join(str(part) for part in parts if part)


def _colour(kind: str) -> str:
    try:
        return standing_of(DeliveryState(kind)).value
    except ValueError:
        return ""
