"""Changing an issue's state: the one place where it happens, with its event."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from mailer.issues.events import record
from mailer.issues.lifecycle import FINAL, IssueCause, IssueState, next_state
from mailer.issues.models import Issue


def advance(
    session: Session,
    issue: Issue,
    cause: IssueCause,
    *,
    actor: str,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    """Take ``issue`` (locked) to its next state and record why.

    Raises:
        TransitionRefusedError: the issue's state does not allow it.

    """
    before = IssueState(issue.state)
    after = next_state(issue.id, before, cause)
    issue.state_before = before
    issue.state = after
    if after in FINAL:
        issue.finished_at = now
    if cause is IssueCause.CHANGE:
        issue.approval = None
        issue.rendition = None
        issue.due_at = None
        issue.submitted_by = None
    record(
        session,
        cause.value,
        actor=actor,
        issue_id=issue.id,
        data={"before": before.value, "after": after.value, **(data or {})},
    )
