"""The table of an issue's states against what PostgreSQL and the actions let happen."""

from itertools import product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg import Error as PsycopgError
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.issues.changing import advance
from mailer.issues.events import Event
from mailer.issues.lifecycle import (
    FINAL,
    TRANSITIONS,
    IssueCause,
    IssueState,
    TransitionRefusedError,
    allowed_causes,
    next_state,
)
from mailer.issues.models import Issue
from runtime.clock import now
from tests.issues.office import add_units, approved, drafted

_UPDATE = text(
    "UPDATE issues SET state_before = :before, state = :state, due_at = now(),"
    " finished_at = CASE WHEN :finished THEN now() END WHERE id = :id"
)


def test_the_check_accepts_exactly_the_table(session: Session) -> None:
    """Each of the 64 pairs of states is accepted where the table has it, refused where not."""
    add_units(session)
    issue = approved(session)
    pairs = {(step.before, step.after) for step in TRANSITIONS}
    session.flush()
    for before, state in product(IssueState, IssueState):
        refused = ""
        savepoint = session.begin_nested()
        try:
            values = {"id": issue.id, "before": before, "state": state, "finished": state in FINAL}
            session.execute(_UPDATE, values)
        except IntegrityError as error:
            assert isinstance(error.orig, PsycopgError)  # noqa: PT017 - for mypy
            refused = str(error.orig.diag.constraint_name)
        savepoint.rollback()
        assert refused == ("" if (before, state) in pairs else "ck_issues_transition")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("state_before = 'sending', state = 'sent'", "finished"),
        ("finished_at = now()", "finished"),
        ("state_before = 'approved', state = 'scheduled', due_at = NULL", "due"),
        ("approval_id = NULL", "approved"),
        ("state = 'gone', state_before = NULL", "state"),
    ],
)
def test_the_other_checks(session: Session, change: str, check: str) -> None:
    """Final ⇔ finished, scheduled ⇒ a time, approved and later ⇒ an approval."""
    add_units(session)
    issue = approved(session)
    session.flush()
    with pytest.raises(IntegrityError, match=f"ck_issues_{check}"), session.begin_nested():
        session.execute(text(f"UPDATE issues SET {change} WHERE id = :id"), {"id": issue.id})


@pytest.mark.parametrize("state", list(IssueState))
def test_a_refused_step_says_what_is_allowed(state: IssueState) -> None:
    """Every cause that the table does not have is refused, with those that it has."""
    allowed = allowed_causes(state)
    for cause in IssueCause:
        if cause in allowed:
            assert next_state(7, state, cause) in IssueState
            continue
        with pytest.raises(TransitionRefusedError) as refused:
            next_state(7, state, cause)
        assert (refused.value.issue, refused.value.state) == (7, state)
        assert refused.value.allowed == (", ".join(allowed) or "-")


def test_final_states_have_no_way_out() -> None:
    """Sent and cancelled are the ends, and every state can be reached."""
    assert {state for state in IssueState if not allowed_causes(state)} == set(FINAL)
    assert {step.after for step in TRANSITIONS} == set(IssueState)


class Life(RuleBasedStateMachine):
    """An issue to which anything may happen, and the table as its model."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.issue = drafted(self.session, {})
        lender = self.session.scalars(select(Issue).where(Issue.approval_id.is_not(None))).first()
        assert lender is not None
        self.approval = lender.approval
        self.state = IssueState.DRAFT
        self.causes: list[str] = []

    @rule(cause=st.sampled_from(list(IssueCause)))
    def happen(self, cause: IssueCause) -> None:
        """Something happens: the table says whether it may, and PostgreSQL agrees."""
        steps = [s for s in TRANSITIONS if s.before is self.state and s.cause is cause]
        with self.session.no_autoflush:
            if not steps:
                with pytest.raises(TransitionRefusedError):
                    advance(self.session, self.issue, cause, actor="test", now=now())
                return
            if cause is IssueCause.APPROVE:
                self.issue.approval = self.approval
            if cause is IssueCause.SCHEDULE:
                self.issue.due_at = now()
            advance(self.session, self.issue, cause, actor="test", now=now())
            self.session.flush()
        self.state = steps[0].after
        self.causes.append(cause.value)

    @invariant()
    def row_and_events_agree(self) -> None:
        """The row is in the model's state, and its events tell how it came there."""
        self.session.refresh(self.issue)
        assert self.issue.state is self.state
        assert (self.issue.finished_at is not None) == (self.state in FINAL)
        told = self.session.execute(
            select(Event.kind, Event.data)
            .where(Event.issue_id == self.issue.id, Event.kind != "added")
            .order_by(Event.id)
        ).all()
        assert [kind for kind, _ in told] == self.causes
        if told:
            assert told[-1].data["after"] == self.state


def test_random_lives(session: Session) -> None:
    """Random causes in random order lead where the table says, and nowhere else."""
    add_units(session)
    approved(session)
    Life.session = session
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
