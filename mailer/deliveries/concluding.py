"""What an SMTP transaction means for its delivery (pure)."""

import random
from datetime import timedelta

from mailer.deliveries.ledger import AttemptRecord, Claimed, Result
from mailer.deliveries.retrying import doubt_pause, retry_at
from mailer.deliveries.states import DeliveryCause, DeliveryState
from mailer.smtp.connection import Transaction
from mailer.smtp.replies import Outcome

_LONGEST_REPLY = 1000

_MEANING = {
    Outcome.ACCEPTED: (DeliveryState.ACCEPTED, DeliveryCause.ACCEPT),
    Outcome.DEFERRED: (DeliveryState.DEFERRED, DeliveryCause.DEFER),
    Outcome.REJECTED: (DeliveryState.REJECTED, DeliveryCause.REJECT),
    Outcome.UNCONFIRMED: (DeliveryState.UNCONFIRMED, DeliveryCause.DOUBT),
}


def conclude(
    claim: Claimed, transaction: Transaction, first_retry: timedelta, *, chance: random.Random
) -> Result | None:
    """Return what is to be stored; None for a transaction that was given up without a trace."""
    if transaction.outcome not in _MEANING:
        return None
    state, cause = _MEANING[transaction.outcome]
    due_at = None
    if state is DeliveryState.DEFERRED:
        due_at = retry_at(claim.attempts + 1, transaction.finished_at, first_retry, chance=chance)
    elif state is DeliveryState.UNCONFIRMED and not claim.doubt_held:
        due_at = transaction.finished_at + doubt_pause(first_retry)
    return Result(
        id=claim.id,
        fence=claim.fence,
        state=state,
        cause=cause,
        due_at=due_at,
        attempt=attempt_record(transaction),
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


def attempt_record(transaction: Transaction) -> AttemptRecord:
    """Return the transaction in the form in which it is kept."""
    reply = transaction.reply
    return AttemptRecord(
        started_at=transaction.started_at,
        finished_at=transaction.finished_at,
        outcome=transaction.outcome.value,
        stage=transaction.stage.value,
        code=reply.code if reply else None,
        status=reply.enhanced if reply else None,
        reply=(reply.text if reply else transaction.note)[:_LONGEST_REPLY],
        server=transaction.server[:255],
        tls=transaction.tls,
    )
