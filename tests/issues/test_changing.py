"""What undoes an approval, and what does not count any more after one."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.approving import (
    approve,
)
from mailer.actions.bulletins import SETTABLE, set_property
from mailer.actions.freezing import freeze_issue
from mailer.actions.listing import bind_entry, sync_list
from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import unlock
from mailer.actions.submitting import submit
from mailer.deliveries.models import Credit, Delivery, Dispatch
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState, TransitionRefusedError
from mailer.issues.models import Issue, StoredRendition
from recipients.resolving import resolve
from recipients.units import Mailbox, Unit
from runtime.clock import now
from tests.issues.conftest import fresh, kinds
from tests.issues.office import (
    LIMITS,
    SECRET,
    add_mailbox,
    add_units,
    approved,
    drafted,
    scheduled,
    sending,
    submitted,
)

_PROPERTIES = (
    ("name", "云湾市简报"),
    ("from_name", "云湾市政府"),
    ("from_address", "news@yunwan.example"),
    ("reply_to", "answer@yunwan.example"),
    ("contact", "电话 000-1234"),
    ("publisher", "云湾市政府"),
    ("zone", "Asia/Urumqi"),
    ("theme", "red-head"),
    ("doubt_policy", "hold"),
    ("lifetime_hours", "24"),
    ("second_person", "yes"),
)


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        *((scheduled, name, value) for name, value in _PROPERTIES),
        *((stage, "contact", "电话 000-1234") for stage in (submitted, approved)),
    ],
)
def test_a_changed_bulletin_undoes_approvals(
    session: Session, stage: Callable[[Session], Issue], name: str, value: str
) -> None:
    """Whatever property it is: what was approved was approved with the old one."""
    add_units(session)
    issue = stage(session)
    reopened = set_property(session, issue.bulletin, name, value, actor="li", now=now())
    assert reopened == [issue.id]
    fresh(session, issue)
    assert (issue.state, issue.approval_id, issue.rendition_id) == ("draft", None, None)
    assert (issue.due_at, issue.submitted_by) == (None, None)
    assert kinds(session, issue)[-1] == "changed"
    assert issue.reason
    event = session.scalars(select(Event).where(Event.kind == "bulletin-changed")).one()
    assert (event.data["property"], event.data["after"]) == (name, value)


def test_every_property_is_covered() -> None:
    """The table above names all that can be set."""
    assert {name for name, _ in _PROPERTIES} == set(SETTABLE)


def test_a_changed_list_undoes_approvals(session: Session) -> None:
    """By syncing other blocks or by binding an entry; syncing the same blocks changes nothing."""
    ids = add_units(session)
    first = scheduled(session)
    _, reopened = sync_list(session, first.bulletin, first.id, actor="li", now=now())
    assert reopened == []
    second = drafted(session, {"送": ["市财政局", "市水利局"]})
    assert fresh(session, first).state is IssueState.DRAFT
    assert first.reason == "the distribution list changed"
    submit(session, second.id, actor="editor", now=now())
    render_issue(session, second.id, actor="worker", limits=LIMITS)
    approve(session, second.id, allow_unresolved="later", actor="li", now=now())
    reopened = bind_entry(
        session,
        second.bulletin,
        "市水利局",
        units=[ids["市文明办"]],
        groups=[],
        remember=False,
        actor="li",
        now=now(),
    )
    assert reopened == [second.id]
    assert fresh(session, second).state is IssueState.DRAFT


def test_a_sending_issue_is_changed_no_more(session: Session) -> None:
    """What is under way goes on as it was approved, whatever is changed for the next issue."""
    add_units(session)
    issue = sending(session)
    assert set_property(session, issue.bulletin, "contact", "x", actor="li", now=now()) == []
    drafted(session, {"送": ["市财政局"]})
    with pytest.raises(TransitionRefusedError, match="paused, finished, cancelled"):
        unlock(session, issue.id, reason="too late", actor="li", now=now())
    assert fresh(session, issue).state is IssueState.SENDING


def test_edits_after_the_approval_do_not_count(session: Session) -> None:
    """G5: addresses, names and units as they were approved; neither list nor mail is made anew."""
    ids = add_units(session)
    issue = scheduled(session)
    rendition = issue.rendition_id
    session.get_one(Unit, ids["市财政局"]).name = "市财税局"
    session.get_one(Unit, ids["市委宣传部"]).active = False
    for mailbox in session.scalars(select(Mailbox).where(Mailbox.unit_id == ids["市委办公室"])):
        session.delete(mailbox)
    add_mailbox(session, ids["市政府办公室"], "new@zhengfu.example")
    session.flush()
    assert resolve(session, issue.bulletin.list_id).problems
    frozen = freeze_issue(session, issue.id, secret=SECRET, actor="sweep", now=now())
    assert frozen is not None
    found = set(session.scalars(select(Delivery.normalised)))
    assert found == {
        "wb@dangwei.example",
        "zf@zhengfu.example",
        "cz@caizheng.example",
        "bgs@caizheng.example",
        "office@wenming.example",
    }
    assert set(session.scalars(select(Credit.unit_name))) >= {"市财政局", "市委宣传部"}
    assert session.scalars(select(Dispatch.rendition_id)).one() == rendition
    assert session.scalars(select(StoredRendition.id)).all() == [rendition]


def test_two_issues_at_once(session: Session) -> None:
    """Each has its own approval, dispatch and deliveries."""
    add_units(session)
    first, second = sending(session), sending(session)
    dispatches = session.execute(select(Dispatch.issue_id, Dispatch.id)).all()
    assert {issue for issue, _ in dispatches} == {first.id, second.id}
    assert len(session.scalars(select(Delivery.message_id).distinct()).all()) == 10
