"""What an attempt means for its delivery (pure)."""

import random
from datetime import timedelta

from mailer.deliveries.ports import AttemptRecord, Claimed, Result
from mailer.deliveries.retrying import doubt_pause, retry_at
from mailer.deliveries.states import DeliveryCause, DeliveryState
from mailer.smtp.verdicts import Outcome

_MEANING = {
    Outcome.ACCEPTED: (DeliveryState.ACCEPTED, DeliveryCause.ACCEPT),
    Outcome.DEFERRED: (DeliveryState.DEFERRED, DeliveryCause.DEFER),
    Outcome.REJECTED: (DeliveryState.REJECTED, DeliveryCause.REJECT),
    Outcome.UNCONFIRMED: (DeliveryState.UNCONFIRMED, DeliveryCause.DOUBT),
}


def conclude(
    claim: Claimed, attempt: AttemptRecord, first_retry: timedelta, *, chance: random.Random
) -> Result | None:
    """Return what is to be stored; None for an attempt that was given up without a trace."""
    if attempt.outcome not in _MEANING:
        return None
    state, cause = _MEANING[attempt.outcome]
    due_at = None
    if state is DeliveryState.DEFERRED:
        due_at = retry_at(claim.attempts + 1, attempt.finished_at, first_retry, chance=chance)
    elif state is DeliveryState.UNCONFIRMED and not claim.doubt_held:
        due_at = attempt.finished_at + doubt_pause(first_retry)
    return Result(
        id=claim.id,
        fence=claim.fence,
        state=state,
        cause=cause,
        due_at=due_at,
        attempt=attempt,
    )


def suppressed(claim: Claimed) -> Result:
    """Return the result of a delivery whose address must not be mailed."""
    return Result(
        id=claim.id,
        fence=claim.fence,
        state=DeliveryState.SUPPRESSED,
        cause=DeliveryCause.SUPPRESS,
        due_at=None,
        attempt=None,
    )
