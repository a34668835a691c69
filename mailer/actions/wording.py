"""States, events and replies in words that people read."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

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
    "resumed": _n("resumed"),
    "finished": _n("finished"),
    "changed": _n("changed"),
    "attempt": _n("attempt"),
    "stale-result": _n("late result, kept as evidence"),
}

OUTCOMES = STATES | {"given-up": _n("stopped before the end")}
"""How a transaction ended; where it says no more than a state does, in that state's words."""

STAGES = {
    "connect": _n("connecting"),
    "greeting": _n("greeting"),
    "content": _n("content"),
    "final-dot": _n("final dot"),
}
"""The steps of a transaction; those that are not here are called by their SMTP command."""

LIST_CHANGED = _n("the distribution list changed")
BULLETIN_CHANGED = _n("the bulletin's properties changed")
"""Why an approved issue is a draft again; stored in English, as everything in the ledger."""


def state_word(state: str) -> str:
    """Return a state, or the kind of an event, as a word in the current language."""
    return _(STATES.get(state, state))


def timeline_text(kind: str, data: Mapping[str, object], zone: str) -> str:
    """Return one step of a delivery's timeline as a line; times are those of ``zone``."""
    parts: list[object] = [_(str(data.get("reason") or ""))]
    if kind == "attempt":
        outcome, stage = str(data.get("outcome", "")), str(data.get("stage", ""))
        answer = [data.get("code"), data.get("status"), _(str(data.get("reply") or ""))]
        parts = [_(OUTCOMES.get(outcome, outcome)), _(STAGES.get(stage, stage.upper())), *answer]
    told = " ".join(str(part) for part in parts if part)
    due = data.get("due_at")
    again = _(" (again at {due})").format(due=_local(str(due), zone)) if due else ""
    late = _(" (too late to count)") if data.get("stale") else ""
    return (
        f"{state_word(kind)}: {told}{again}{late}" if told else f"{state_word(kind)}{again}{late}"
    )


def _local(instant: str, zone: str) -> str:
    """Return a time that an event keeps in ISO 8601 as people of ``zone`` write it."""
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
