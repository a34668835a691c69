"""A bulletin's distribution list: mirrored from an issue's blocks, resolved by a person.

An approval binds the list. So a change of the list sends approved issues that are not yet being
sent back to draft; a change in the directory does not, it counts for the next approval.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.scheduling import unlock
from mailer.actions.wording import LIST_CHANGED
from mailer.issues.events import record
from mailer.issues.lifecycle import IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import Bulletin, Issue
from mailer.reading.contract import from_json_dict
from recipients.list_tables import BlockRole
from recipients.lists import MirrorReport, bind, mirror
from recipients.mirroring import PrintedBlock
from recipients.resolving import resolve
from runtime.refusal import Refusal


class OtherBulletinError(Refusal):
    """Issue {issue} belongs to the bulletin {own}, not to {bulletin}."""


class IssueWithoutBlocksError(Refusal):
    """Issue {issue} has no distribution blocks, so there is nothing to mirror; the list of
    {bulletin} stays as it is. See what was read with: mailer issues show {issue}
    """


class NoSuchListedEntryError(Refusal):
    """The list of {bulletin} has no entry {entry}. `mailer lists show {bulletin}` prints them."""


def sync_list(
    session: Session, bulletin: Bulletin, issue_id: int, *, actor: str, now: datetime
) -> tuple[MirrorReport, list[int]]:
    """Mirror the blocks of an issue into the list; return the report and issues back in draft."""
    issue = get_issue(session, issue_id)
    if issue.bulletin_id != bulletin.id:
        raise OtherBulletinError(issue=issue_id, own=issue.bulletin.slug, bulletin=bulletin.slug)
    document = from_json_dict(issue.document)
    if not document.blocks:
        raise IssueWithoutBlocksError(issue=issue_id, bulletin=bulletin.slug)
    before = resolve(session, bulletin.list_id).digest
    report = mirror(
        session,
        bulletin.list_id,
        [
            PrintedBlock(kind=b.kind, role=BlockRole(b.role.value), entries=b.entries)
            for b in document.blocks
        ],
        actor,
    )
    record(
        session,
        "list-synced",
        actor=actor,
        issue_id=issue_id,
        data={
            "bulletin": bulletin.slug,
            "added": [entry.printed for entry in report.added],
            "dropped": [entry.printed for entry in report.dropped],
            "unresolved": [entry.printed for entry in report.unresolved],
        },
    )
    return report, _unlock_if_changed(session, bulletin, before, actor=actor, now=now)


def bind_entry(
    session: Session,
    bulletin: Bulletin,
    printed: str,
    *,
    units: Sequence[int],
    groups: Sequence[int],
    remember: bool,
    actor: str,
    now: datetime,
) -> list[int]:
    """Bind a printed entry of the list to what a person says; return issues back in draft."""
    before = resolve(session, bulletin.list_id)
    entries = [e for block in before.blocks for e in block.entries if e.printed == printed]
    if not entries:
        raise NoSuchListedEntryError(bulletin=bulletin.slug, entry=printed)
    for entry in entries:
        bind(session, entry.id, units, groups, actor, remember=remember)
    record(
        session,
        "entry-bound",
        actor=actor,
        data={
            "bulletin": bulletin.slug,
            "entry": printed,
            "units": list(units),
            "groups": list(groups),
        },
    )
    return _unlock_if_changed(session, bulletin, before.digest, actor=actor, now=now)


def _unlock_if_changed(
    session: Session, bulletin: Bulletin, before: str, *, actor: str, now: datetime
) -> list[int]:
    if resolve(session, bulletin.list_id).digest == before:
        return []
    bound = (IssueState.APPROVED, IssueState.SCHEDULED)
    issues = session.scalars(
        select(Issue.id).where(Issue.bulletin_id == bulletin.id, Issue.state.in_(bound))
    ).all()
    for issue_id in issues:
        unlock(session, issue_id, reason=LIST_CHANGED, actor=actor, now=now)
    return list(issues)
