"""From a draft to an approval: what is bound, what is refused, and what undoes it."""

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
from mailer.actions.listing import IssueWithoutBlocksError, sync_list
from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import unlock
from mailer.actions.submitting import submit
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState, TransitionRefusedError
from mailer.issues.models import Approval, ApprovedRecipient, StoredRendition
from recipients.resolving import resolve
from recipients.units import Unit
from runtime.clock import now
from tests.issues.conftest import fresh, kinds
from tests.issues.office import (
    LIMITS,
    add_units,
    approved,
    drafted,
    submitted,
    the_bulletin,
)


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
