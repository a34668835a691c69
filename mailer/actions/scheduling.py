"""When an issue goes: scheduling, sending now, pausing, resuming, cancelling."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailer.deliveries.models import Dispatch, DispatchState
from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause, IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import Issue
from runtime.refusal import Refusal

_GRACE = timedelta(minutes=1)


class TimeFormError(Refusal):
    """{value} is no time that can be used. Write it as 2026-11-23T09:30 (local time of the
    bulletin) or with a zone, as 2026-11-23T09:30+08:00.
    """


class TimePastError(Refusal):
    """{value} is in the past. Choose a later time, or send at once with: mailer issues send {issue}
    --now
    """


class TimeFarError(Refusal):
    """{value} is more than a year ahead. Check the year."""


class TimeSkippedError(Refusal):
    """{value} does not exist in {zone}: the clock is put forward over it. Choose another time."""


class NoSuchZoneError(Refusal):
    """There is no time zone {zone}. Use a name such as Asia/Shanghai."""


def parse_time(value: str, zone: str) -> datetime:
    """Return the instant that ``value`` (ISO 8601) names; without a zone it is local in ``zone``.

    Raises:
        TimeFormError: it is no ISO 8601 time.
        TimeSkippedError: daylight saving skips it.

    """
    try:
        instant = datetime.fromisoformat(value.strip())
    except ValueError:
        raise TimeFormError(value=value) from None
    if instant.tzinfo is not None:
        return instant
    try:
        local = instant.replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise NoSuchZoneError(zone=zone) from None
    there_and_back = datetime.fromtimestamp(local.timestamp(), ZoneInfo(zone))
    if there_and_back.replace(tzinfo=None) != instant:
        raise TimeSkippedError(value=value, zone=zone)
    return local


def schedule(
    session: Session, issue_id: int, due_at: datetime, *, actor: str, now: datetime
) -> Issue:
    """Have an approved issue sent at ``due_at``.

    Raises:
        TimePastError: that instant has passed.
        TransitionRefusedError: the issue is not approved.

    """
    if due_at < now - _GRACE:
        raise TimePastError(value=due_at.isoformat(), issue=issue_id)
    if due_at > now + timedelta(days=366):
        raise TimeFarError(value=due_at.isoformat())
    issue = get_issue(session, issue_id, lock=True)
    # The CHECK wants the time with the state.
    with session.no_autoflush:
        advance(
            session,
            issue,
            IssueCause.SCHEDULE,
            actor=actor,
            now=now,
            data={"due_at": due_at.isoformat()},
        )
        issue.due_at = due_at
    return issue


def send_now(session: Session, issue_id: int, *, actor: str, now: datetime) -> Issue:
    """Have an approved issue sent at once."""
    return schedule(session, issue_id, now, actor=actor, now=now)


def pause(
    session: Session, issue_id: int, *, reason: str | None, actor: str, now: datetime
) -> Issue:
    """Stop sending: no new mail is begun within a second; open transactions end."""
    issue = get_issue(session, issue_id, lock=True)
    advance(session, issue, IssueCause.PAUSE, actor=actor, now=now, data={"reason": reason or ""})
    issue.reason = reason
    _set_dispatches(session, issue, DispatchState.SENDING, DispatchState.PAUSED)
    return issue


def resume(session: Session, issue_id: int, *, actor: str, now: datetime) -> Issue:
    """Go on sending a paused issue."""
    issue = get_issue(session, issue_id, lock=True)
    advance(session, issue, IssueCause.RESUME, actor=actor, now=now)
    issue.reason = None
    _set_dispatches(session, issue, DispatchState.PAUSED, DispatchState.SENDING)
    return issue


def cancel(
    session: Session, issue_id: int, *, reason: str | None, actor: str, now: datetime
) -> Issue:
    """End an issue's life before it is sent. What is sent already stays in the log."""
    issue = get_issue(session, issue_id, lock=True)
    advance(session, issue, IssueCause.CANCEL, actor=actor, now=now, data={"reason": reason or ""})
    issue.reason = reason
    for state in (DispatchState.SENDING, DispatchState.PAUSED):
        _set_dispatches(session, issue, state, DispatchState.CANCELLED)
    return issue


def unlock(session: Session, issue_id: int, *, reason: str, actor: str, now: datetime) -> Issue:
    """Return an issue to draft because something of it changes; a draft stays one."""
    issue = get_issue(session, issue_id, lock=True)
    if issue.state != IssueState.DRAFT:
        advance(session, issue, IssueCause.CHANGE, actor=actor, now=now, data={"reason": reason})
        issue.reason = reason
    return issue


def _set_dispatches(
    session: Session, issue: Issue, before: DispatchState, after: DispatchState
) -> None:
    session.execute(
        update(Dispatch)
        .where(Dispatch.issue_id == issue.id, Dispatch.state == before)
        .values(state=after)
    )
