"""Submitting an issue: the office says that it is ready; a worker then renders it."""

from datetime import datetime

from sqlalchemy.orm import Session

from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause
from mailer.issues.lookup import get_issue
from mailer.issues.models import Issue


def submit(session: Session, issue_id: int, *, actor: str, now: datetime) -> Issue:
    """Submit an issue. Who calls this publishes the task that renders it, after the commit."""
    issue = get_issue(session, issue_id, lock=True)
    advance(
        session,
        issue,
        IssueCause.SUBMIT,
        actor=actor,
        now=now,
        data={"content": issue.content_hash},
    )
    issue.submitted_by = actor
    issue.rendition = None
    issue.reason = None
    return issue
