"""The sweep: everything that only the clock can find out, in small transactions of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.freezing import due_issues, freeze_issue
from mailer.deliveries import sweeping
from mailer.deliveries.models import DispatchPurpose
from mailer.deliveries.retrying import doubt_pause
from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause, IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import Issue
from runtime.database import Database
from runtime.settings import Settings

_ACTOR = "sweep"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What tasks are to be published: how many that send, and issues to be rendered."""

    senders: int
    renderings: tuple[int, ...]


def sweep(database: Database, settings: Settings, secret: bytes, now: datetime) -> Wanted:
    """Do what is due, and return what others are to do."""
    with database.transaction() as session:
        due = due_issues(session, now)
    for issue_id in due:
        with database.transaction() as session:
            freeze_issue(session, issue_id, secret=secret, actor=_ACTOR, now=now)
    pause = doubt_pause(timedelta(seconds=settings.retry_first_seconds))
    with database.transaction() as session:
        sweeping.expire_leases(session, pause, grace=timedelta(seconds=settings.lease_seconds))
    for look in (sweeping.hold_doubts, sweeping.expire_deferred, sweeping.cancel_open):
        with database.transaction() as session:
            look(session)
    with database.transaction() as session:
        finished = sweeping.finished_issues(session)
    for issue_id in finished:
        with database.transaction() as session:
            _finish(session, issue_id, now)
    with database.transaction() as session:
        return Wanted(
            senders=sweeping.idle_lanes(session, settings.send_workers),
            renderings=_unrendered(session),
        )


def _finish(session: Session, issue_id: int, now: datetime) -> None:
    """Close what is done of an issue, and with its distribution the issue."""
    issue = get_issue(session, issue_id, lock=True)
    for dispatch_id, purpose in sweeping.finish_dispatches(session, issue_id):
        if purpose == DispatchPurpose.DISTRIBUTION and issue.state == IssueState.SENDING:
            advance(
                session,
                issue,
                IssueCause.FINISH,
                actor=_ACTOR,
                now=now,
                data={"dispatch": dispatch_id},
            )


def _unrendered(session: Session) -> tuple[int, ...]:
    """Return submitted issues that nobody has rendered, should the message have been lost."""
    return tuple(
        session.scalars(
            select(Issue.id)
            .where(Issue.state == IssueState.SUBMITTED, Issue.rendition_id.is_(None))
            .order_by(Issue.id)
        )
    )
