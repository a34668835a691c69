"""States, events and replies in words that people read."""

from collections.abc import Mapping

from runtime.text import translate as _


def _n(message: str) -> str:
    """Mark ``message`` for the catalogue; it is translated where it is shown."""
    return message


STATES = {
    "pending": _n("to be sent"),
    "claimed": _n("being sent"),
    "accepted": _n("accepted by the server"),
    "deferred": _n("tried again later"),
    "rejected": _n("rejected"),
    "unconfirmed": _n("in doubt"),
    "held": _n("held for a decision"),
    "resolved": _n("resolved"),
    "expired": _n("given up"),
    "suppressed": _n("not mailed"),
    "cancelled": _n("cancelled"),
    "delivered": _n("delivered"),
    "bounced": _n("bounced"),
    "paper": _n("on paper"),
    "draft": _n("draft"),
    "submitted": _n("submitted"),
    "approved": _n("approved"),
    "scheduled": _n("scheduled"),
    "sending": _n("sending"),
    "paused": _n("paused"),
    "sent": _n("sent"),
    "released": _n("given back"),
    "frozen": _n("frozen"),
    "attempt": _n("attempt"),
    "stale-result": _n("late result, kept as evidence"),
}


def state_word(state: str) -> str:
    """Return a state, or the kind of an event, as a word in the current language."""
    return _(STATES.get(state, state))


def timeline_text(kind: str, data: Mapping[str, object]) -> str:
    """Return one step of a delivery's timeline as a line."""
    parts = [data.get(name) for name in ("outcome", "stage", "code", "status", "reply", "reason")]
    if kind != "attempt":
        parts = [data.get("reason")]
    told = " ".join(_(str(part)) if isinstance(part, str) else str(part) for part in parts if part)
    again = _(" (again at {due})").format(due=data["due_at"]) if data.get("due_at") else ""
    late = _(" (too late to count)") if data.get("stale") else ""
    return (
        f"{state_word(kind)}: {told}{again}{late}" if told else f"{state_word(kind)}{again}{late}"
    )
