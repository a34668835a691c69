"""What a relay said, stored through the ledger as a worker stores it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from mailer.deliveries.ledger import Ledger
from mailer.deliveries.ports import AttemptRecord, Result
from mailer.deliveries.states import DeliveryCause, DeliveryState
from mailer.smtp.verdicts import Outcome, Stage
from runtime.clock import now


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the relay said to an attempt, and the state that follows."""

    state: DeliveryState
    code: int | None
    status: str | None = None
    reply: str = ""
    later: dt.timedelta | None = None


async def store_answers(url: str, answers: Mapping[int, Answer]) -> None:
    """Claim what is due, store the answers to it, and give the rest back."""
    ledger = await Ledger.open(url, lanes=4, actor="worker")
    assert ledger is not None
    shares = [(dispatch, 1000) for dispatch, _ in await ledger.open_dispatches()]
    claims = await ledger.claim(shares, dt.timedelta(minutes=1))
    wanted = [claim for claim in claims if claim.id in answers]
    await ledger.release([claim for claim in claims if claim.id not in answers])
    results = [result_of(claim.id, claim.fence, answers[claim.id]) for claim in wanted]
    if results:
        assert await ledger.record(results) == {claim.id for claim in wanted}
    await ledger.close()


_OUTCOMES = {
    DeliveryState.ACCEPTED: (Outcome.ACCEPTED, DeliveryCause.ACCEPT),
    DeliveryState.DEFERRED: (Outcome.DEFERRED, DeliveryCause.DEFER),
    DeliveryState.REJECTED: (Outcome.REJECTED, DeliveryCause.REJECT),
    DeliveryState.UNCONFIRMED: (Outcome.UNCONFIRMED, DeliveryCause.DOUBT),
}


def result_of(delivery: int, fence: int, answer: Answer) -> Result:
    """Return what a worker would store."""
    outcome, cause = _OUTCOMES[answer.state]
    at = now()
    return Result(
        id=delivery,
        fence=fence,
        state=answer.state,
        cause=cause,
        due_at=at + answer.later if answer.later is not None else None,
        attempt=AttemptRecord(
            started_at=at,
            finished_at=at,
            outcome=outcome,
            stage=Stage.FINAL_DOT,
            code=answer.code,
            status=answer.status,
            reply=answer.reply,
            server="mx.yunwan.example",
            tls=True,
        ),
    )
