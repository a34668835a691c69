"""What the pages tell of issues, read in one transaction into plain values."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.deliveries.models import DeliveryCount, Dispatch, DispatchPurpose
from mailer.deliveries.progress import progress
from mailer.deliveries.states import FINAL, DeliveryState
from mailer.issues.lifecycle import IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import ApprovedRecipient, Bulletin, Issue
from mailer.issues.naming import issue_number
from mailer.reading.contract import from_json_dict
from mailer.web.standing import Standing, grouped
from recipients.resolving import resolve
from recipients.units import Channel

PAGE = 25
"""Issues on one page of the list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The deliveries of an issue by how they stand; all zero before it is frozen."""

    standings: dict[Standing, int]
    total: int
    final: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueRow:
    """One line of the list of issues."""

    id: int
    bulletin: str
    number: str
    title: str
    state: IssueState
    due_at: datetime | None
    zone: str
    counts: Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFacts:
    """Whom an issue goes to: as approved, or as the list resolves now if ``bound`` is false."""

    bound: bool
    addresses: int
    paper: int
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueView:
    """What the page of an issue tells of it. ``begun_at`` is when it was frozen."""

    id: int
    bulletin: str
    number: str
    title: str
    publisher: str
    date: date | None
    zone: str
    source: str
    articles: tuple[str, ...]
    blocks: tuple[tuple[str, int], ...]
    doubts: int
    state: IssueState
    reason: str
    created_by: str
    created_at: datetime
    submitted_by: str
    rendered: bool
    approved_by: str
    approved_at: datetime | None
    unresolved_reason: str
    due_at: datetime | None
    begun_at: datetime | None
    finished_at: datetime | None
    recipients: ListFacts
    counts: Counts = field(repr=False)


def list_issues(session: Session, page: int) -> tuple[list[IssueRow], bool]:
    """Return a page of issues, the newest first, and whether there are older ones."""
    found = session.execute(
        select(
            Issue.id,
            Bulletin.name,
            Issue.year,
            Issue.number,
            Issue.total,
            Issue.title,
            Issue.state,
            Issue.due_at,
            Bulletin.zone,
        )
        .join(Bulletin, Bulletin.id == Issue.bulletin_id)
        .order_by(Issue.id.desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    counts = _counts_of(session, [row.id for row in found])
    rows = [
        IssueRow(
            id=row.id,
            bulletin=row.name,
            number=issue_number(row.year, row.number, row.total),
            title=row.title,
            state=IssueState(row.state),
            due_at=row.due_at,
            zone=row.zone,
            counts=counts_from(counts.get(row.id, Counter())),
        )
        for row in found[:PAGE]
    ]
    return rows, len(found) > PAGE


def view_issue(session: Session, issue_id: int) -> IssueView:
    """Return what is known of an issue.

    Raises:
        NoSuchIssueError: there is none of that number.

    """
    issue = get_issue(session, issue_id)
    document = from_json_dict(issue.document)
    approval = issue.approval
    done = progress(session, issue_id)
    return IssueView(
        id=issue.id,
        bulletin=issue.bulletin.name,
        number=issue_number(issue.year, issue.number, issue.total),
        title=issue.title,
        publisher=issue.publisher or issue.bulletin.publisher,
        date=issue.issue_date,
        zone=issue.bulletin.zone,
        source=issue.source_name,
        articles=tuple(article.title for article in document.articles),
        blocks=tuple((block.kind, len(block.entries)) for block in document.blocks),
        doubts=len(document.warnings),
        state=IssueState(issue.state),
        reason=issue.reason or "",
        created_by=issue.created_by,
        created_at=issue.created_at,
        submitted_by=issue.submitted_by or "",
        rendered=issue.rendition_id is not None,
        approved_by=approval.approved_by if approval else "",
        approved_at=approval.approved_at if approval else None,
        unresolved_reason=(approval.unresolved_reason or "") if approval else "",
        due_at=issue.due_at,
        begun_at=_begun_at(session, issue_id),
        finished_at=issue.finished_at,
        recipients=_recipients(session, issue),
        counts=counts_from(done.counts if done else {}),
    )


def counts_from(counts: dict[DeliveryState, int]) -> Counts:
    """Return counts by state as the pages show them."""
    return Counts(
        standings=grouped(counts),
        total=sum(counts.values()),
        final=sum(n for state, n in counts.items() if state in FINAL),
    )


def _begun_at(session: Session, issue_id: int) -> datetime | None:
    return session.scalar(
        select(Dispatch.created_at).where(
            Dispatch.issue_id == issue_id, Dispatch.purpose == DispatchPurpose.DISTRIBUTION
        )
    )


def _counts_of(session: Session, issues: list[int]) -> dict[int, Counter[DeliveryState]]:
    """Return the counters of several issues in one query."""
    found: dict[int, Counter[DeliveryState]] = {}
    rows = session.execute(
        select(Dispatch.issue_id, DeliveryCount.state, func.sum(DeliveryCount.n))
        .join(DeliveryCount, DeliveryCount.dispatch_id == Dispatch.id)
        .where(Dispatch.issue_id.in_(issues), Dispatch.purpose == DispatchPurpose.DISTRIBUTION)
        .group_by(Dispatch.issue_id, DeliveryCount.state)
    )
    for issue_id, state, n in rows:
        found.setdefault(issue_id, Counter())[DeliveryState(state)] += int(n)
    return found


def _recipients(session: Session, issue: Issue) -> ListFacts:
    if issue.approval_id is not None:
        addresses, paper = session.execute(
            select(
                func.count(ApprovedRecipient.normalised.distinct()).filter(
                    ApprovedRecipient.channel == Channel.EMAIL.value
                ),
                func.count().filter(ApprovedRecipient.channel == Channel.PAPER.value),
            ).where(ApprovedRecipient.approval_id == issue.approval_id)
        ).one()
        return ListFacts(bound=True, addresses=addresses, paper=paper, problems=())
    resolved = resolve(session, issue.bulletin.list_id)
    units = [
        unit
        for block in resolved.blocks
        for entry in block.entries
        for target in entry.targets
        for unit in target.units
    ]
    return ListFacts(
        bound=False,
        addresses=len({mailbox.normalised for unit in units for mailbox in unit.mailboxes}),
        paper=sum(unit.channel is Channel.PAPER for unit in units),
        problems=tuple(dict.fromkeys(problem.explain() for problem in resolved.problems)),
    )
