"""Freezing an issue that is due: its approved list becomes deliveries, in one transaction."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.deliveries.freezing import Frozen, freeze
from mailer.deliveries.models import Dispatch, DispatchPurpose
from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause, IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import Issue
from runtime.secrets import derive_key

_URGENT = {"特急": 1, "加急": 3, "平急": 4}
_USUAL = 5


def due_issues(session: Session, now: datetime) -> list[int]:
    """Return the issues whose time has come, the earliest first."""
    return list(
        session.scalars(
            select(Issue.id)
            .where(Issue.state == IssueState.SCHEDULED, Issue.due_at <= now)
            .order_by(Issue.due_at, Issue.id)
        )
    )


def freeze_issue(
    session: Session, issue_id: int, *, secret: bytes, actor: str, now: datetime
) -> Frozen | None:
    """Freeze a due issue; None if it is not due any more (another process was first)."""
    issue = get_issue(session, issue_id, lock=True)
    if issue.state != IssueState.SCHEDULED or issue.due_at is None or issue.due_at > now:
        return None
    approval = issue.approval
    if approval is None:
        return None
    bulletin = issue.bulletin
    dispatch = Dispatch(
        issue_id=issue.id,
        purpose=DispatchPurpose.DISTRIBUTION,
        rendition_id=approval.rendition_id,
        priority=_URGENT.get(str(issue.document.get("urgency")), _USUAL),
        doubt_policy=bulletin.doubt_policy,
        from_address=bulletin.from_address,
        zone=bulletin.zone,
        created_at=now,
        expires_at=now + timedelta(hours=bulletin.lifetime_hours),
    )
    frozen = freeze(
        session,
        dispatch,
        approval_id=approval.id,
        key=derive_key(secret, f"message-id:{issue.id}:{dispatch.purpose}"),
        now=now,
        actor=actor,
    )
    advance(
        session,
        issue,
        IssueCause.FREEZE,
        actor=actor,
        now=now,
        data={"dispatch": frozen.dispatch_id},
    )
    return frozen
