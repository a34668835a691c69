"""Rendering a submitted issue, once: what the approver sees is what is sent."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.scheduling import unlock
from mailer.issues.events import record
from mailer.issues.lifecycle import IssueState
from mailer.issues.lookup import get_issue
from mailer.issues.models import Bulletin, Issue, IssueSource, StoredRendition
from mailer.reading.contract import from_json_dict
from mailer.reading.limits import Limits
from mailer.reading.model import Article, IssueDocument, Picture
from mailer.reading.reading import read_bytes
from mailer.rendering.composing import compose
from mailer.rendering.model import SenderIdentity
from mailer.rendering.rendition import Rendition
from runtime.clock import now
from runtime.refusal import Refusal


def render_issue(session: Session, issue_id: int, *, actor: str, limits: Limits) -> bool:
    """Render a submitted issue and store the result; return False if that was not called for.

    Safe to repeat: an issue that changed meanwhile, or is rendered already, is left alone. One that
    cannot be rendered as it is goes back to draft with the reason, where a person finds it.
    """
    issue = get_issue(session, issue_id, lock=True)
    if issue.state != IssueState.SUBMITTED or issue.rendition_id is not None:
        return False
    try:
        rendition = compose_issue(session, issue, limits=limits)
    except Refusal as refusal:
        unlock(session, issue_id, reason=refusal.in_english(), actor=actor, now=now())
        return False
    # Submitted again without a change, an issue gives the very same bytes.
    stored = session.scalar(
        select(StoredRendition).where(
            StoredRendition.issue_id == issue.id, StoredRendition.sha256 == rendition.digest
        )
    ) or StoredRendition(
        issue_id=issue.id,
        content_hash=issue.content_hash,
        sha256=rendition.digest,
        data=rendition.to_bytes(),
    )
    session.add(stored)
    issue.rendition = stored
    session.flush()
    record(
        session,
        "rendered",
        actor=actor,
        issue_id=issue.id,
        data={
            "rendition": stored.id,
            "sha256": stored.sha256,
            "content": stored.content_hash,
            "findings": [finding.code.value for finding in rendition.lint],
        },
    )
    return True


def compose_issue(session: Session, issue: Issue, *, limits: Limits) -> Rendition:
    """Return the rendition that the issue would have now."""
    document = from_json_dict(issue.document)
    source = session.scalar(select(IssueSource.data).where(IssueSource.issue_id == issue.id))
    if source is not None and any(_pictures(document)):
        document = with_pictures(document, read_bytes(source, issue.source_name, limits))
    return compose(document, sender_identity(issue.bulletin), theme=issue.bulletin.theme)


def sender_identity(bulletin: Bulletin) -> SenderIdentity:
    """Return who the mails of a bulletin come from."""
    domain = bulletin.from_address.rpartition("@")[2]
    return SenderIdentity(
        bulletin_name=bulletin.name,
        from_name=bulletin.from_name,
        from_address=bulletin.from_address,
        reply_to=bulletin.reply_to,
        list_id=f"{bulletin.slug}.{domain}",
        unsubscribe_mailto=bulletin.reply_to or bulletin.from_address,
        contact=bulletin.contact,
        zone=bulletin.zone,
    )


def with_pictures(document: IssueDocument, source: IssueDocument) -> IssueDocument:
    """Return ``document`` with the bytes of its pictures, which JSON does not hold.

    Pictures are taken from ``source`` in order, where both have the same number of them.
    """
    found = _pictures(source)
    if len(found) != len(_pictures(document)):
        return document
    rest = iter(found)
    return replace(
        document,
        articles=tuple(
            replace(
                article,
                body=tuple(
                    replace(next(rest), caption=part.caption) if isinstance(part, Picture) else part
                    for part in article.body
                ),
            )
            for article in document.articles
        ),
    )


def _pictures(document: IssueDocument) -> list[Picture]:
    def of(article: Article) -> list[Picture]:
        return [part for part in article.body if isinstance(part, Picture)]

    return [picture for article in document.articles for picture in of(article)]
