"""The life of an issue: its states, and every transition that is allowed.

Nothing else changes an issue's state. The table is the one in docs/states.md; a SQL CHECK holds
the names, a trigger-free CHECK on (state_before, state) holds the pairs.
"""

from dataclasses import dataclass
from enum import StrEnum

from runtime.refusal import Refusal
from runtime.text import translate as _


class IssueState(StrEnum):
    """Where an issue stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class IssueCause(StrEnum):
    """Why an issue changes its state; each is also the kind of the event that says so."""

    SUBMIT = "submitted"
    APPROVE = "approved"
    SCHEDULE = "scheduled"
    FREEZE = "frozen"
    PAUSE = "paused"
    RESUME = "resumed"
    FINISH = "finished"
    CHANGE = "changed"
    CANCEL = "cancelled"


class TransitionRefusedError(Refusal):
    """Issue {issue} is {state} and cannot be {cause} now. Allowed now: {allowed}."""

    def __str__(self) -> str:
        """Return the message, with states and causes in words of the current language."""
        shown = {
            name: ", ".join(_(word) for word in str(value).split(", "))
            for name, value in self.details.items()
        }
        return _(self.message).format(**shown)


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueTransition:
    """An allowed change of state and its cause."""

    before: IssueState
    cause: IssueCause
    after: IssueState


_S, _C = IssueState, IssueCause

TRANSITIONS: tuple[IssueTransition, ...] = tuple(
    IssueTransition(before=before, cause=cause, after=after)
    for before, cause, after in (
        (_S.DRAFT, _C.SUBMIT, _S.SUBMITTED),
        (_S.SUBMITTED, _C.APPROVE, _S.APPROVED),
        (_S.APPROVED, _C.SCHEDULE, _S.SCHEDULED),
        (_S.SCHEDULED, _C.SCHEDULE, _S.SCHEDULED),
        (_S.SCHEDULED, _C.FREEZE, _S.SENDING),
        (_S.SENDING, _C.PAUSE, _S.PAUSED),
        (_S.PAUSED, _C.RESUME, _S.SENDING),
        (_S.SENDING, _C.FINISH, _S.SENT),
        (_S.SUBMITTED, _C.CHANGE, _S.DRAFT),
        (_S.APPROVED, _C.CHANGE, _S.DRAFT),
        (_S.SCHEDULED, _C.CHANGE, _S.DRAFT),
        (_S.DRAFT, _C.CANCEL, _S.CANCELLED),
        (_S.SUBMITTED, _C.CANCEL, _S.CANCELLED),
        (_S.APPROVED, _C.CANCEL, _S.CANCELLED),
        (_S.SCHEDULED, _C.CANCEL, _S.CANCELLED),
        (_S.SENDING, _C.CANCEL, _S.CANCELLED),
        (_S.PAUSED, _C.CANCEL, _S.CANCELLED),
    )
)

FINAL: frozenset[IssueState] = frozenset({_S.SENT, _S.CANCELLED})


def allowed_causes(state: IssueState) -> tuple[IssueCause, ...]:
    """Return what may happen to an issue in ``state``."""
    return tuple(step.cause for step in TRANSITIONS if step.before is state)


def next_state(issue: int, state: IssueState, cause: IssueCause) -> IssueState:
    """Return the state after ``cause``.

    Raises:
        TransitionRefusedError: the table has no such step; it names what is allowed.

    """
    for step in TRANSITIONS:
        if step.before is state and step.cause is cause:
            return step.after
    allowed = ", ".join(allowed_causes(state)) or "-"
    raise TransitionRefusedError(issue=issue, state=state, cause=cause, allowed=allowed)


def sql_pairs() -> str:
    """Return the allowed (before, after) pairs as a SQL list, for the CHECK constraint."""
    pairs = sorted({(step.before.value, step.after.value) for step in TRANSITIONS})
    return ", ".join(f"('{before}', '{after}')" for before, after in pairs)


def sql_states() -> str:
    """Return the states as a SQL list, for the CHECK constraint."""
    return ", ".join(f"'{state}'" for state in IssueState)
