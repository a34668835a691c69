"""How far a dispatch is, from the counters that are kept with each change of state."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.deliveries.models import DeliveryCount, Dispatch, DispatchPurpose
from mailer.deliveries.states import FINAL, DeliveryState


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The number of deliveries in each state; states without any are left out."""

    counts: dict[DeliveryState, int]

    @property
    def total(self) -> int:
        """Return the number of deliveries."""
        return sum(self.counts.values())

    @property
    def final(self) -> int:
        """Return how many need nothing more."""
        return sum(n for state, n in self.counts.items() if state in FINAL)

    @property
    def first_pass_done(self) -> bool:
        """Return whether every delivery has been tried, or needs no trying."""
        waiting = (DeliveryState.PENDING, DeliveryState.CLAIMED)
        return not any(self.counts.get(state) for state in waiting)

    @property
    def waits_for_person(self) -> bool:
        """Return whether all that is left to do is a person's: to decide on held deliveries."""
        return 0 < self.total - self.final == self.counts.get(DeliveryState.HELD, 0)

    @property
    def all_final(self) -> bool:
        """Return whether every delivery is final."""
        return self.final == self.total


def progress(session: Session, issue_id: int) -> Progress | None:
    """Return the progress of an issue's distribution; None before it is frozen."""
    dispatch = session.scalar(
        select(Dispatch.id).where(
            Dispatch.issue_id == issue_id, Dispatch.purpose == DispatchPurpose.DISTRIBUTION
        )
    )
    if dispatch is None:
        return None
    rows = session.execute(
        select(DeliveryCount.state, func.sum(DeliveryCount.n))
        .where(DeliveryCount.dispatch_id == dispatch)
        .group_by(DeliveryCount.state)
    )
    counts = {DeliveryState(state): int(n) for state, n in rows if n}
    return Progress(counts={state: counts[state] for state in DeliveryState if state in counts})
