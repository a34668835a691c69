"""How deliveries stand, in the few groups that a person looks for; every state is in one."""

from collections.abc import Mapping
from enum import StrEnum

from mailer.deliveries.states import DeliveryState
from runtime.text import translate as _


class Standing(StrEnum):
    """A group of states. Also the class that gives its colour, and the value of the filter."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    WAITING = "waiting"
    UNSENT = "unsent"

    @property
    def word(self) -> str:
        """Return the group's name in the current language."""
        match self:
            case Standing.ACCEPTED:
                return _("Accepted")
            case Standing.DEFERRED:
                return _("Retrying")
            case Standing.FAILED:
                return _("Failed")
            case Standing.DOUBTFUL:
                return _("In doubt")
            case Standing.WAITING:
                return _("To be sent")
            case Standing.UNSENT:
                return _("Not mailed")


_S = DeliveryState

_STANDINGS: dict[DeliveryState, Standing] = {
    _S.PENDING: Standing.WAITING,
    _S.CLAIMED: Standing.WAITING,
    _S.ACCEPTED: Standing.ACCEPTED,
    _S.DELIVERED: Standing.ACCEPTED,
    _S.DEFERRED: Standing.DEFERRED,
    _S.REJECTED: Standing.FAILED,
    _S.BOUNCED: Standing.FAILED,
    _S.EXPIRED: Standing.FAILED,
    _S.UNCONFIRMED: Standing.DOUBTFUL,
    _S.HELD: Standing.DOUBTFUL,
    # A doubt that somebody has settled, one way or the other: no server said that it took the mail.
    _S.RESOLVED: Standing.DOUBTFUL,
    _S.SUPPRESSED: Standing.UNSENT,
    _S.CANCELLED: Standing.UNSENT,
}

NEEDS_A_PERSON: tuple[DeliveryState, ...] = (
    _S.HELD,
    _S.UNCONFIRMED,
    _S.REJECTED,
    _S.BOUNCED,
    _S.EXPIRED,
    _S.SUPPRESSED,
)


def standing_of(state: DeliveryState) -> Standing:
    """Return the group that ``state`` belongs to."""
    return _STANDINGS[state]


def states_of(standing: Standing) -> tuple[DeliveryState, ...]:
    """Return the states of a group."""
    return tuple(state for state, group in _STANDINGS.items() if group is standing)


def grouped(counts: Mapping[DeliveryState, int]) -> dict[Standing, int]:
    """Return the counts of all groups, also of those that are empty."""
    found = dict.fromkeys(Standing, 0)
    for state, n in counts.items():
        found[standing_of(state)] += n
    return found


def advice(state: DeliveryState) -> str:
    """Return what a person can do about a delivery in ``state``; empty where there is nothing."""
    match state:
        case DeliveryState.HELD:
            return _("Ask the unit whether it has the issue before anything is sent again.")
        case DeliveryState.UNCONFIRMED:
            return _("The server may have taken it. It is sent again under the same Message-ID.")
        case DeliveryState.REJECTED | DeliveryState.BOUNCED:
            return _("Ask the unit for its present address and correct it in the directory.")
        case DeliveryState.EXPIRED:
            return _("The server put it off until the time was up. Reach the unit another way.")
        case DeliveryState.SUPPRESSED:
            return _("The address is on the list of those that must not be mailed.")
        case _:
            return ""
