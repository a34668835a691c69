"""Approving: content, list and rendition are bound by hash; the list is kept line by line."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause, IssueState, next_state
from mailer.issues.lookup import get_issue
from mailer.issues.models import Approval, ApprovedRecipient, Issue
from mailer.reading.contract import from_json_dict
from mailer.reading.model import IssueDocument
from recipients.resolved import ResolvedList
from recipients.resolving import resolve
from recipients.units import Channel
from runtime.refusal import Refusal

_SHOWN = 10
_ROWS = 2000


class NoBlocksError(Refusal):
    """Issue {issue} has no distribution blocks, and the list of {bulletin} is empty: there is
    nobody to send it to. Check the file with `mailer read`, then: mailer lists sync {bulletin}
    --from {issue}
    """


class NotRenderedError(Refusal):
    """Issue {issue} has not been rendered yet. A worker does that: start `mailer up` if none runs,
    and try again in a moment.
    """


class UnresolvedEntriesError(Refusal):
    """The list does not reach everybody whom it names ({count}). Resolve what is printed with
    `mailer lists resolve {bulletin}`, or approve all the same with --allow-unresolved and a
    reason.{problems}
    """


class NobodyError(Refusal):
    """The list of {bulletin} resolves to no address and no unit on paper. Nothing would be sent."""


class SamePersonError(Refusal):
    """{actor} submitted issue {issue}, and {bulletin} wants a second person to approve. Ask a
    colleague.
    """


class ReasonMissingError(Refusal):
    """Give the reason why the issue is approved although entries are unresolved."""


def approve(
    session: Session,
    issue_id: int,
    *,
    allow_unresolved: str | None,
    actor: str,
    now: datetime,
) -> Issue:
    """Approve a submitted and rendered issue with the list as it resolves now.

    ``allow_unresolved`` is the reason to approve although entries resolve to nobody.

    Raises:
        Refusal: one of the classes above, or the state does not allow it.

    """
    issue = get_issue(session, issue_id, lock=True)
    next_state(issue.id, IssueState(issue.state), IssueCause.APPROVE)
    bulletin = issue.bulletin
    if bulletin.second_person and issue.submitted_by == actor:
        raise SamePersonError(actor=actor, issue=issue.id, bulletin=bulletin.name)
    if issue.rendition is None:
        raise NotRenderedError(issue=issue.id)
    resolved = resolve(session, bulletin.list_id)
    _check(issue, resolved, allow_unresolved)
    approval = Approval(
        issue_id=issue.id,
        rendition_id=issue.rendition.id,
        content_hash=issue.content_hash,
        list_hash=resolved.digest,
        rendition_hash=issue.rendition.sha256,
        approved_by=actor,
        approved_at=now,
        unresolved_reason=allow_unresolved,
    )
    session.add(approval)
    session.flush()
    _keep_list(session, approval.id, resolved, from_json_dict(issue.document))
    issue.approval = approval
    advance(
        session,
        issue,
        IssueCause.APPROVE,
        actor=actor,
        now=now,
        data={
            "approval": approval.id,
            "content": approval.content_hash,
            "list": approval.list_hash,
            "rendition": approval.rendition_hash,
            "unresolved_reason": allow_unresolved or "",
        },
    )
    return issue


def _check(issue: Issue, resolved: ResolvedList, allow_unresolved: str | None) -> None:
    """Refuse an approval that would reach nobody, or not everybody who is printed."""
    slug = issue.bulletin.slug
    if allow_unresolved is not None and not allow_unresolved.strip():
        raise ReasonMissingError
    if not resolved.blocks:
        raise NoBlocksError(issue=issue.id, bulletin=slug)
    problems = list(dict.fromkeys(problem.explain() for problem in resolved.problems))
    if problems and allow_unresolved is None:
        shown = "".join(f"\n· {problem}" for problem in problems[:_SHOWN])
        more = "" if len(problems) <= _SHOWN else "\n…"
        raise UnresolvedEntriesError(count=len(problems), problems=shown + more, bulletin=slug)
    if not any(True for _ in approved_lines(resolved, None)):
        raise NobodyError(bulletin=slug)


def _keep_list(
    session: Session, approval_id: int, resolved: ResolvedList, document: IssueDocument
) -> None:
    """Keep the resolved list line by line, in batches."""
    batch: list[dict[str, object]] = []
    for ordinal, line in enumerate(approved_lines(resolved, document)):
        batch.append({"approval_id": approval_id, "ordinal": ordinal, **line})
        if len(batch) == _ROWS:
            session.execute(insert(ApprovedRecipient), batch)
            batch = []
    if batch:
        session.execute(insert(ApprovedRecipient), batch)


def approved_lines(
    resolved: ResolvedList, document: IssueDocument | None
) -> Iterator[dict[str, object]]:
    """Yield a line for each entry, unit and address, in printed order."""
    places = _places(document)
    for block in resolved.blocks:
        for entry in block.entries:
            block_place, entry_place = places.get((block.kind, entry.printed), (None, None))
            head = {
                "block_kind": block.kind,
                "block_role": block.role.value,
                "entry": entry.printed,
                "block_place": block_place,
                "entry_place": entry_place,
            }
            for unit in (unit for target in entry.targets for unit in target.units):
                named = {**head, "unit_id": unit.id, "unit_name": unit.name}
                if unit.channel is Channel.PAPER:
                    yield {**named, "channel": "paper", "address": "", "normalised": ""}
                for mailbox in unit.mailboxes:
                    yield {
                        **named,
                        "channel": "email",
                        "address": mailbox.address,
                        "normalised": mailbox.normalised,
                    }


def _places(document: IssueDocument | None) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where each entry stands in the document, so that a reader's own can be marked."""
    if document is None:
        return {}
    return {
        (block.kind, entry): (block_place, entry_place)
        for block_place, block in enumerate(document.blocks)
        for entry_place, entry in enumerate(block.entries)
    }
