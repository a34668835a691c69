"""Finding bulletins and issues by what people call them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.issues.models import Bulletin, Issue
from runtime.refusal import Refusal

_LARGEST = 2**31 - 1
"""What the column holds; PostgreSQL refuses to compare it with more."""


class NoSuchIssueError(Refusal):
    """There is no issue {issue}. `mailer issues list` shows those that there are."""


class NoSuchBulletinError(Refusal):
    """There is no bulletin {bulletin}. Known: {known}."""


class WhichBulletinError(Refusal):
    """There are several bulletins: {known}. Say which with --bulletin."""


def get_issue(session: Session, issue_id: int, *, lock: bool = False) -> Issue:
    """Return an issue; with ``lock`` nobody else changes it until the transaction ends."""
    if not 0 < issue_id <= _LARGEST:
        raise NoSuchIssueError(issue=issue_id)
    statement = select(Issue).where(Issue.id == issue_id)
    if lock:
        statement = statement.with_for_update(of=Issue).execution_options(populate_existing=True)
    issue = session.scalar(statement)
    if issue is None:
        raise NoSuchIssueError(issue=issue_id)
    return issue


def get_bulletin(session: Session, slug: str | None = None) -> Bulletin:
    """Return the bulletin ``slug``; without one, the only bulletin that there is."""
    bulletins = session.scalars(select(Bulletin).order_by(Bulletin.id)).all()
    known = ", ".join(bulletin.slug for bulletin in bulletins) or "-"
    if slug is None and len(bulletins) > 1:
        raise WhichBulletinError(known=known)
    for bulletin in bulletins:
        if slug in (None, bulletin.slug):
            return bulletin
    raise NoSuchBulletinError(bulletin=slug or "", known=known)
