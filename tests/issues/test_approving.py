"""From a draft to an approval: what is bound, what is refused, and what undoes it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.approving import (
    NoBlocksError,
    NobodyError,
    NotRenderedError,
    ReasonMissingError,
    SamePersonError,
    UnresolvedEntriesError,
    approve,
)
from mailer.actions.bulletins import SETTABLE, set_property
from mailer.actions.freezing import freeze_issue
from mailer.actions.listing import IssueWithoutBlocksError, bind_entry, sync_list
from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import unlock
from mailer.actions.submitting import submit
from mailer.deliveries.models import Credit, Delivery, Dispatch
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState, TransitionRefusedError
from mailer.issues.models import Approval, ApprovedRecipient, Issue, StoredRendition
from recipients.resolving import resolve
from recipients.units import Mailbox, Unit
from runtime.clock import now
from tests.issues.conftest import fresh
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
    the_bulletin,
)


def kinds(session: Session, issue: Issue) -> list[str]:
    """Return the kinds of an issue's events."""
    found = select(Event.kind).where(Event.issue_id == issue.id).order_by(Event.id)
    return list(session.scalars(found))


def test_an_approval_binds_three_hashes(session: Session) -> None:
    """Content, list and rendition: those of the issue, of the list as it resolves, of the mail."""
    add_units(session)
    issue = approved(session)
    approval = session.scalars(select(Approval)).one()
    rendition = session.scalars(select(StoredRendition)).one()
    assert issue.state is IssueState.APPROVED
    assert approval.content_hash == issue.content_hash == rendition.content_hash
    assert approval.list_hash == resolve(session, issue.bulletin.list_id).digest
    assert approval.rendition_hash == rendition.sha256
    assert (approval.approved_by, approval.unresolved_reason) == ("approver", None)
    event = session.scalars(select(Event).where(Event.kind == "approved")).one()
    assert (event.data["content"], event.data["list"], event.data["rendition"]) == (
        approval.content_hash,
        approval.list_hash,
        approval.rendition_hash,
    )
    assert kinds(session, issue) == ["added", "list-synced", "submitted", "rendered", "approved"]


def test_the_list_is_kept_line_by_line(session: Session) -> None:
    """In printed order, with block, entry, unit and address, and its place in the document."""
    add_units(session)
    approved(session)
    lines = session.scalars(select(ApprovedRecipient).order_by(ApprovedRecipient.ordinal)).all()
    assert [(line.block_kind, line.unit_name, line.normalised) for line in lines] == [
        ("报", "市委办公室", "wb@dangwei.example"),
        ("报", "市政府办公室", "zf@zhengfu.example"),
        ("送", "市财政局", "cz@caizheng.example"),
        ("送", "市财政局", "bgs@caizheng.example"),
        ("送", "市文明办", "office@wenming.example"),
        ("送", "市委宣传部", "office@wenming.example"),
    ]
    assert [(line.block_place, line.entry_place) for line in lines][-2:] == [(1, 1), (1, 2)]


def test_only_a_submitted_and_rendered_issue_is_approved(session: Session) -> None:
    """A draft cannot be; a submitted one has to wait for its rendition."""
    add_units(session)
    issue = drafted(session)
    with pytest.raises(TransitionRefusedError, match="submitted, cancelled"):
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    submit(session, issue.id, actor="editor", now=now())
    with pytest.raises(NotRenderedError, match="mailer up"):
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    assert render_issue(session, issue.id, actor="worker", limits=LIMITS)
    approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    with pytest.raises(TransitionRefusedError):
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())


def test_rendering_happens_once(session: Session) -> None:
    """A second message changes nothing; submitted anew without a change, the bytes are the same."""
    add_units(session)
    issue = submitted(session)
    first = issue.rendition_id
    assert not render_issue(session, issue.id, actor="worker", limits=LIMITS)
    unlock(session, issue.id, reason="a second look", actor="li", now=now())
    assert fresh(session, issue).rendition_id is None
    submit(session, issue.id, actor="editor", now=now())
    assert render_issue(session, issue.id, actor="worker", limits=LIMITS)
    assert issue.rendition_id == first
    assert not render_issue(session, drafted(session).id, actor="worker", limits=LIMITS)


def test_a_second_person_where_the_bulletin_wants_one(session: Session) -> None:
    """Who submitted cannot approve; a colleague can."""
    add_units(session)
    the_bulletin(session).second_person = True
    issue = submitted(session)
    with pytest.raises(SamePersonError, match="editor submitted issue"):
        approve(session, issue.id, allow_unresolved=None, actor="editor", now=now())
    approve(session, issue.id, allow_unresolved=None, actor="approver", now=now())
    assert issue.state is IssueState.APPROVED


def test_unresolved_entries_are_listed(session: Session) -> None:
    """Refused with each of them and what to do; a reason lets it through and is kept."""
    add_units(session)
    issue = submitted(session, {"送": ["市财政局", "市水利局", "市档案局"]})
    with pytest.raises(UnresolvedEntriesError) as refused:
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    message = str(refused.value)
    assert "市水利局" in message
    assert "市档案局" in message
    assert "市财政局" not in message
    assert "mailer lists resolve yunwan" in message
    with pytest.raises(ReasonMissingError):
        approve(session, issue.id, allow_unresolved="  ", actor="li", now=now())
    approve(session, issue.id, allow_unresolved="on paper by hand", actor="li", now=now())
    assert session.scalars(select(Approval.unresolved_reason)).one() == "on paper by hand"
    event = session.scalars(select(Event).where(Event.kind == "approved")).one()
    assert event.data["unresolved_reason"] == "on paper by hand"


def test_many_unresolved_entries_are_not_all_printed(session: Session) -> None:
    """Ten of them, and a sign that there are more."""
    add_units(session)
    names = [f"市{n}号局" for n in range(25)]
    issue = submitted(session, {"送": ["市财政局", *names]})
    with pytest.raises(UnresolvedEntriesError) as refused:
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    assert "(25)" in str(refused.value)
    assert str(refused.value).count("\n·") == 10
    assert str(refused.value).endswith("…")


def test_a_unit_without_a_mailbox_blocks_and_paper_does_not(session: Session) -> None:
    """No address is a problem until the unit is said to get it on paper."""
    ids = add_units(session, {"市财政局": ["cz@caizheng.example"], "市档案局": []})
    unit = session.get_one(Unit, ids["市档案局"])
    unit.channel = type(unit.channel)("email")
    issue = submitted(session, {"送": ["市财政局", "市档案局"]})
    with pytest.raises(UnresolvedEntriesError, match="市档案局"):
        approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    unit.channel = type(unit.channel)("paper")
    session.flush()
    approve(session, issue.id, allow_unresolved=None, actor="li", now=now())
    assert session.scalars(select(ApprovedRecipient.channel)).all() == ["email", "paper"]


def test_an_issue_for_nobody_is_refused(session: Session) -> None:
    """No blocks anywhere, or blocks that reach nobody even with a reason."""
    add_units(session)
    without = drafted(session, {})
    with pytest.raises(IssueWithoutBlocksError):
        sync_list(session, the_bulletin(session), without.id, actor="li", now=now())
    submit(session, without.id, actor="editor", now=now())
    render_issue(session, without.id, actor="worker", limits=LIMITS)
    with pytest.raises(NoBlocksError, match="has no distribution blocks"):
        approve(session, without.id, allow_unresolved=None, actor="li", now=now())
    unknown = submitted(session, {"送": ["市水利局", "市档案局"]})
    with pytest.raises(NobodyError):
        approve(session, unknown.id, allow_unresolved="all by hand", actor="li", now=now())


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
