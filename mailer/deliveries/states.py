"""The states of a delivery, and every transition that is allowed.

Nothing else changes a delivery's state; the SQL CHECK on (state_before, state) is made from this
table, and docs/states.md lists it. A transition and its event commit together.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands. ``accepted``: the relay answered 250 to the end of DATA."""

    PENDING = "pending"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    BOUNCED = "bounced"


class DeliveryCause(StrEnum):
    """Why a delivery changes its state; each is also the kind of the event that says so."""

    CLAIM = "claimed"
    RELEASE = "released"
    ACCEPT = "accepted"
    DEFER = "deferred"
    REJECT = "rejected"
    DOUBT = "unconfirmed"
    HOLD = "held"
    RESOLVE = "resolved"
    EXPIRE = "expired"
    SUPPRESS = "suppressed"
    CANCEL = "cancelled"
    DELIVER = "delivered"
    BOUNCE = "bounced"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryTransition:
    """An allowed change of state and its cause."""

    before: DeliveryState
    cause: DeliveryCause
    after: DeliveryState


_S, _C = DeliveryState, DeliveryCause

CLAIMABLE: tuple[DeliveryState, ...] = (_S.PENDING, _S.DEFERRED, _S.UNCONFIRMED, _S.HELD)
"""States that a claim may start from, once ``due_at`` is set and past."""

TRANSITIONS: tuple[DeliveryTransition, ...] = tuple(
    DeliveryTransition(before=before, cause=cause, after=after)
    for before, cause, after in (
        *((state, _C.CLAIM, _S.CLAIMED) for state in CLAIMABLE),
        # Only the living owner gives back what it never started: see G2 in docs/guarantees.md.
        *((_S.CLAIMED, _C.RELEASE, state) for state in CLAIMABLE),
        (_S.CLAIMED, _C.ACCEPT, _S.ACCEPTED),
        (_S.CLAIMED, _C.DEFER, _S.DEFERRED),
        (_S.CLAIMED, _C.REJECT, _S.REJECTED),
        (_S.CLAIMED, _C.DOUBT, _S.UNCONFIRMED),
        (_S.CLAIMED, _C.SUPPRESS, _S.SUPPRESSED),
        (_S.CLAIMED, _C.CANCEL, _S.CANCELLED),
        (_S.CLAIMED, _C.EXPIRE, _S.EXPIRED),
        (_S.PENDING, _C.SUPPRESS, _S.SUPPRESSED),
        (_S.DEFERRED, _C.SUPPRESS, _S.SUPPRESSED),
        (_S.PENDING, _C.CANCEL, _S.CANCELLED),
        (_S.DEFERRED, _C.CANCEL, _S.CANCELLED),
        (_S.DEFERRED, _C.EXPIRE, _S.EXPIRED),
        (_S.UNCONFIRMED, _C.HOLD, _S.HELD),
        (_S.UNCONFIRMED, _C.RESOLVE, _S.RESOLVED),
        (_S.HELD, _C.RESOLVE, _S.RESOLVED),
        (_S.ACCEPTED, _C.DELIVER, _S.DELIVERED),
        (_S.ACCEPTED, _C.BOUNCE, _S.BOUNCED),
    )
)

FINAL: frozenset[DeliveryState] = frozenset(
    {
        _S.ACCEPTED,
        _S.DELIVERED,
        _S.BOUNCED,
        _S.REJECTED,
        _S.EXPIRED,
        _S.SUPPRESSED,
        _S.CANCELLED,
        _S.RESOLVED,
    }
)


def sql_states(states: tuple[DeliveryState, ...] | frozenset[DeliveryState]) -> str:
    """Return states as a SQL list."""
    return ", ".join(f"'{state}'" for state in sorted(states))


def sql_pairs() -> str:
    """Return the allowed (before, after) pairs as a SQL list, for the CHECK constraint."""
    pairs = sorted({(step.before.value, step.after.value) for step in TRANSITIONS})
    return ", ".join(f"('{before}', '{after}')" for before, after in pairs)
