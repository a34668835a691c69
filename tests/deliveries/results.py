"""Results as workers store them."""

from datetime import datetime, timedelta

from mailer.deliveries.ports import AttemptRecord, Claimed, Result
from mailer.deliveries.states import DeliveryCause, DeliveryState
from mailer.smtp.verdicts import Outcome, Stage
from runtime.clock import now

OUTCOMES = {
    DeliveryState.ACCEPTED: (Outcome.ACCEPTED, DeliveryCause.ACCEPT, 250),
    DeliveryState.DEFERRED: (Outcome.DEFERRED, DeliveryCause.DEFER, 451),
    DeliveryState.REJECTED: (Outcome.REJECTED, DeliveryCause.REJECT, 550),
    DeliveryState.UNCONFIRMED: (Outcome.UNCONFIRMED, DeliveryCause.DOUBT, None),
}


def attempt(outcome: Outcome = Outcome.ACCEPTED, code: int | None = 250) -> AttemptRecord:
    """Return one SMTP transaction."""
    at = now()
    return AttemptRecord(
        started_at=at - timedelta(milliseconds=20),
        finished_at=at,
        outcome=outcome,
        stage=Stage.FINAL_DOT,
        code=code,
        status=None,
        reply="said so",
        server="relay.example[192.0.2.1]:25",
        tls=False,
    )


def result(
    claim: Claimed,
    state: DeliveryState = DeliveryState.ACCEPTED,
    *,
    due_at: datetime | None = None,
) -> Result:
    """Return what became of ``claim``; a suppressed one has no attempt."""
    if state is DeliveryState.SUPPRESSED:
        return Result(
            id=claim.id,
            fence=claim.fence,
            state=state,
            cause=DeliveryCause.SUPPRESS,
            due_at=None,
            attempt=None,
        )
    outcome, cause, code = OUTCOMES[state]
    if state is DeliveryState.DEFERRED and due_at is None:
        due_at = now() + timedelta(minutes=5)
    return Result(
        id=claim.id,
        fence=claim.fence,
        state=state,
        cause=cause,
        due_at=due_at,
        attempt=attempt(outcome, code),
    )
