"""Seals: ranges of events are hashed, each hash over the one before, and can be checked later.

The database makes a seal in a function of its owner, so that the application's role can neither
forge one nor change what is sealed. The check here is independent of that function: it reads the
events and computes each hash anew.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

_LINES = text("""
SELECT concat_ws('|', id, extract(epoch FROM at), kind, coalesce(issue_id::text, ''),
                 coalesce(delivery_id::text, ''), actor, data::text)
FROM events WHERE id BETWEEN :first AND :last ORDER BY id
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class SealFault:
    """A sealed range whose events are not those that were sealed."""

    first_id: int
    last_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SealCheck:
    """The outcome of a check. ``unsealed``: events that are newer than the last seal."""

    seals: int
    events: int
    unsealed: int
    faults: tuple[SealFault, ...]


def seal(session: Session, most: int = 5000) -> int:
    """Seal the oldest unsealed events, ``most`` of them; return how many, 0 if busy."""
    try:
        return session.scalar(text("SELECT seal_events(:most)"), {"most": most}) or 0
    except OperationalError:
        # The lock was not to be had at once: a long transaction adds events. Next time, then.
        session.rollback()
        return 0


def verify(session: Session) -> SealCheck:
    """Compute every seal anew and compare."""
    faults = tuple(_faults(session))
    seals, events, last = session.execute(
        text("SELECT count(*), coalesce(sum(events), 0), coalesce(max(last_id), 0) FROM seals")
    ).one()
    unsealed = session.scalar(text("SELECT count(*) FROM events WHERE id > :last"), {"last": last})
    return SealCheck(seals=seals, events=events, unsealed=unsealed or 0, faults=faults)


def _faults(session: Session) -> Iterator[SealFault]:
    previous, expected_first = "", 1
    seals = session.execute(
        text("SELECT first_id, last_id, events, sha256 FROM seals ORDER BY first_id")
    ).all()
    for first, last, count, sealed in seals:
        lines = list(session.scalars(_LINES, {"first": first, "last": last}))
        computed = hashlib.sha256((previous + "\n".join(lines)).encode()).hexdigest()
        if first != expected_first:
            yield SealFault(first_id=expected_first, last_id=first - 1, reason="no seal covers it")
        if len(lines) != count:
            yield SealFault(
                first_id=first,
                last_id=last,
                reason=f"{count} events were sealed, {len(lines)} found",
            )
        elif computed != sealed:
            yield SealFault(first_id=first, last_id=last, reason="an event was changed")
        previous, expected_first = sealed, last + 1
