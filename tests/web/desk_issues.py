"""Issues for the pages: as read from a file, approved for given recipients."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.actions.adding import content_hash
from mailer.actions.bulletins import add_bulletin
from mailer.actions.rendering import sender_identity
from mailer.issues.changing import advance
from mailer.issues.lifecycle import IssueCause
from mailer.issues.models import Approval, ApprovedRecipient, Bulletin, Issue, StoredRendition
from mailer.reading.contract import to_json_dict
from mailer.reading.model import Article, Block, BlockRole, DocumentKind, IssueDocument, Paragraph
from mailer.rendering.composing import compose
from runtime.clock import now


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """A line of the approved list; ``address`` is empty for a unit on paper."""

    unit: str
    address: str
    entry: str = ""
    block: str = "送"


def add_draft(session: Session, title: str, headline: str) -> Issue:
    """Add an issue, and its bulletin if there is none."""
    bulletin = session.scalar(select(Bulletin)) or add_bulletin(
        session,
        slug="shuili",
        name="云湾市水利工作简报",
        from_name="云湾市水利局办公室",
        from_address="bulletin@water.yunwan.example",
        actor="test",
    )
    number = (session.scalar(select(func.count(Issue.id))) or 0) + 1
    document = IssueDocument(
        document_kind=DocumentKind.BULLETIN,
        title=title,
        year=2026,
        number=number,
        total=120 + number,
        publisher="云湾市水利局办公室",
        date="2026-11-20",
        articles=(
            Article(title=headline, body=(Paragraph(text="检查组走完全市 312 公里堤防。"),)),
        ),
        blocks=(
            Block(kind="报", role=BlockRole.REPORT, entries=("市委办公室",)),
            Block(kind="送", role=BlockRole.SEND, entries=("市应急管理局", "市文明办")),
        ),
    )
    kept = to_json_dict(document)
    issue = Issue(
        bulletin=bulletin,
        number=number,
        year=2026,
        total=120 + number,
        title=title,
        publisher="云湾市水利局办公室",
        issue_date=dt.date(2026, 11, 20),
        document=kept,
        content_hash=content_hash(kept),
        source_name=f"{number}.docx",
        source_sha256=hashlib.sha256(str(number).encode()).hexdigest(),
        created_by="test",
    )
    session.add(issue)
    session.flush()
    rendition = compose(document, sender_identity(bulletin), theme=bulletin.theme)
    stored = StoredRendition(
        issue_id=issue.id,
        content_hash=issue.content_hash,
        sha256=rendition.digest,
        data=rendition.to_bytes(),
    )
    issue.rendition = stored
    session.add(stored)
    session.flush()
    return issue


def approve(session: Session, issue: Issue, recipients: Sequence[Recipient]) -> None:
    """Submit and approve an issue for ``recipients``, whatever its bulletin's list says."""
    advance(session, issue, IssueCause.SUBMIT, actor="web:zhou", now=now())
    issue.submitted_by = "web:zhou"
    assert issue.rendition is not None
    approval = Approval(
        issue_id=issue.id,
        rendition_id=issue.rendition.id,
        content_hash=issue.content_hash,
        list_hash="0" * 64,
        rendition_hash=issue.rendition.sha256,
        approved_by="web:li",
        approved_at=now(),
    )
    session.add(approval)
    session.flush()
    session.add_all(
        ApprovedRecipient(
            approval_id=approval.id,
            ordinal=ordinal,
            block_kind=line.block,
            block_role="report" if line.block == "报" else "send",
            entry=line.entry or line.unit,
            unit_name=line.unit,
            channel="email" if line.address else "paper",
            address=line.address,
            normalised=line.address.lower(),
        )
        for ordinal, line in enumerate(recipients)
    )
    with session.no_autoflush:
        issue.approval = approval
        advance(session, issue, IssueCause.APPROVE, actor="web:li", now=now())
