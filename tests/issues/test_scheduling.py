"""When an issue goes: times as people write them, and the steps that they lead to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.freezing import due_issues, freeze_issue
from mailer.actions.scheduling import (
    NoSuchZoneError,
    TimeFarError,
    TimeFormError,
    TimePastError,
    TimeSkippedError,
    cancel,
    parse_time,
    pause,
    resume,
    schedule,
    send_now,
)
from mailer.deliveries.models import Delivery, Dispatch
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState, TransitionRefusedError
from mailer.issues.lookup import NoSuchIssueError, get_issue
from runtime.clock import now
from runtime.refusal import Refusal
from tests.issues.conftest import fresh
from tests.issues.office import SECRET, add_units, approved, drafted, scheduled, sending

NOON = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "zone", "instant"),
    [
        ("2026-11-23T09:30", "Asia/Shanghai", NOON),
        ("2026-11-23 09:30:00", "Asia/Shanghai", NOON),
        (" 2026-11-23T09:30 ", "Asia/Shanghai", NOON),
        ("2026-11-23T09:30+08:00", "Europe/Berlin", NOON),
        ("2026-11-23T01:30Z", "Asia/Shanghai", NOON),
        ("2026-11-23T07:30", "Asia/Urumqi", NOON),
        ("2026-03-29T03:30", "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # Twice on that day: the first time, which nobody is surprised by.
        ("2026-10-25T02:30", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_times_with_and_without_a_zone(value: str, zone: str, instant: datetime) -> None:
    """With a zone they say what they mean; without, they are local to the bulletin."""
    assert parse_time(value, zone).astimezone(UTC) == instant


@pytest.mark.parametrize(
    "value",
    [
        "",
        "tomorrow",
        "23.11.2026",
        "2026-13-01T00:00",
        "2026-11-23T25:00",
        "９点半",
        "1700000000",
        "T",
    ],
)
def test_what_is_no_time(value: str) -> None:
    """Refused with an example of how to write it."""
    with pytest.raises(TimeFormError, match="2026-11-23T09:30"):
        parse_time(value, "Asia/Shanghai")


def test_a_time_that_the_clock_skips() -> None:
    """Daylight saving puts the clock forward over it."""
    with pytest.raises(TimeSkippedError, match="Europe/Berlin"):
        parse_time("2026-03-29T02:30", "Europe/Berlin")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "\x00"])
def test_a_zone_that_is_none(zone: str) -> None:
    """Refused with an example."""
    with pytest.raises(NoSuchZoneError, match="Asia/Shanghai"):
        parse_time("2026-11-23T09:30", zone)


@given(
    value=st.one_of(
        st.text(max_size=30),
        st.datetimes().map(str),
        st.datetimes(timezones=st.timezones()).map(lambda when: when.isoformat()),
    ),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "UTC"]),
)
def test_anything_is_a_time_or_a_refusal(value: str, zone: str) -> None:
    """Also the first and the last years of the calendar; never another error."""
    try:
        instant = parse_time(value, zone)
    except Refusal:
        return
    assert instant.tzinfo is not None
    assert instant.astimezone(UTC).isoformat()


def test_past_and_far_times_are_refused(session: Session) -> None:
    """A minute of grace for who was slow to type; nothing more than a year ahead."""
    add_units(session)
    issue = approved(session)
    with pytest.raises(TimePastError, match=f"mailer issues send {issue.id} --now"):
        schedule(session, issue.id, now() - timedelta(minutes=2), actor="li", now=now())
    with pytest.raises(TimeFarError, match="more than a year"):
        schedule(session, issue.id, now() + timedelta(days=400), actor="li", now=now())
    assert issue.state is IssueState.APPROVED
    schedule(session, issue.id, now() - timedelta(seconds=30), actor="li", now=now())
    assert fresh(session, issue).state is IssueState.SCHEDULED


def test_rescheduling_takes_the_new_time(session: Session) -> None:
    """As often as one likes before it is due; each is an event."""
    add_units(session)
    issue = approved(session)
    first, second = now() + timedelta(hours=1), now() + timedelta(hours=2)
    schedule(session, issue.id, first, actor="li", now=now())
    schedule(session, issue.id, second, actor="wang", now=now())
    assert fresh(session, issue).due_at == second
    told = session.execute(
        select(Event.actor, Event.data).where(Event.kind == "scheduled").order_by(Event.id)
    ).all()
    assert [(actor, data["due_at"]) for actor, data in told] == [
        ("li", first.isoformat()),
        ("wang", second.isoformat()),
    ]


def test_due_issues_by_the_given_clock(session: Session) -> None:
    """Not a moment before; the earliest first; a clock that goes back only makes them wait."""
    add_units(session)
    first, second = approved(session), approved(session)
    at = now()
    schedule(session, second.id, at + timedelta(minutes=10), actor="li", now=at)
    schedule(session, first.id, at + timedelta(minutes=20), actor="li", now=at)
    session.flush()
    assert due_issues(session, at + timedelta(minutes=9, seconds=59)) == []
    assert due_issues(session, at + timedelta(minutes=30)) == [second.id, first.id]
    assert due_issues(session, at - timedelta(days=1)) == []
    frozen = freeze_issue(session, first.id, secret=SECRET, actor="s", now=at - timedelta(days=1))
    assert frozen is None
    assert fresh(session, first).state is IssueState.SCHEDULED


def test_freezing_happens_once(session: Session) -> None:
    """The second to come finds it frozen; a draft is not frozen at all."""
    add_units(session)
    issue = scheduled(session)
    assert freeze_issue(session, issue.id, secret=SECRET, actor="sweep", now=now()) is not None
    assert freeze_issue(session, issue.id, secret=SECRET, actor="sweep", now=now()) is None
    assert freeze_issue(session, drafted(session).id, secret=SECRET, actor="s", now=now()) is None
    assert len(session.scalars(select(Dispatch)).all()) == 1


def test_message_ids_depend_on_secret_and_issue(session: Session) -> None:
    """The same address gets another Message-ID in each issue."""
    add_units(session)
    for _ in range(2):
        sending(session)
    ids = session.scalars(select(Delivery.message_id)).all()
    assert len(set(ids)) == len(ids) == 10


def test_urgent_issues_go_first(session: Session) -> None:
    """The urgency that is printed gives the priority."""
    add_units(session)
    issue = scheduled(session)
    issue.document = {**issue.document, "urgency": "特急"}
    freeze_issue(session, issue.id, secret=SECRET, actor="sweep", now=now())
    sending(session)
    assert session.scalars(select(Dispatch.priority).order_by(Dispatch.id)).all() == [1, 5]


def test_pause_resume_and_cancel_take_the_dispatch_along(session: Session) -> None:
    """Issue and dispatch say the same, with the reason."""
    add_units(session)
    issue = sending(session)

    def states() -> tuple[str, str, str | None]:
        session.flush()
        fresh(session, issue)
        return issue.state, session.scalars(select(Dispatch.state)).one(), issue.reason

    pause(session, issue.id, reason="a wrong figure", actor="li", now=now())
    assert states() == ("paused", "paused", "a wrong figure")
    resume(session, issue.id, actor="li", now=now())
    assert states() == ("sending", "sending", None)
    pause(session, issue.id, reason=None, actor="li", now=now())
    cancel(session, issue.id, reason="withdrawn", actor="li", now=now())
    assert states() == ("cancelled", "cancelled", "withdrawn")
    assert issue.finished_at is not None
    for step in (pause, cancel):
        with pytest.raises(TransitionRefusedError, match="Allowed now: -"):
            step(session, issue.id, reason=None, actor="li", now=now())


def test_steps_that_come_too_early(session: Session) -> None:
    """Each says where the issue stands and what is allowed."""
    add_units(session)
    issue = drafted(session)
    with pytest.raises(TransitionRefusedError, match="is draft and cannot be scheduled"):
        send_now(session, issue.id, actor="li", now=now())
    with pytest.raises(TransitionRefusedError, match="Allowed now: submitted, cancelled"):
        pause(session, issue.id, reason=None, actor="li", now=now())
    with pytest.raises(TransitionRefusedError):
        resume(session, issue.id, actor="li", now=now())
    cancel(session, issue.id, reason=None, actor="li", now=now())
    session.flush()
    assert issue.state is IssueState.CANCELLED


@pytest.mark.parametrize("number", [0, -1, 987654, 2**31, 2**63, 10**30])
def test_an_issue_that_does_not_exist(session: Session, number: int) -> None:
    """However large the number is."""
    with pytest.raises(NoSuchIssueError, match=str(number)):
        get_issue(session, number)
