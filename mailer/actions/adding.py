"""Adding an issue: the file is read, and kept with what was read."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.wording import state_word
from mailer.issues.events import record
from mailer.issues.models import Bulletin, Issue, IssueSource
from mailer.issues.naming import issue_number
from mailer.reading.contract import to_json_dict
from mailer.reading.limits import Limits
from mailer.reading.model import IssueDocument
from mailer.reading.reading import read_bytes
from runtime.refusal import Refusal

_LONGEST_NAME = 255


class SecretFileError(Refusal):
    """The file {name} is marked {secrecy}. Nothing of it was kept: such a paper must not be sent
    by mail. Use the channel that your office has for it.
    """


class IssueExistsError(Refusal):
    """The file {name} was added before, as issue {issue} ({title}, {state}). Use that one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """A new issue, and the document with the doubts of its reader."""

    issue: Issue
    document: IssueDocument


def add_issue(
    session: Session, bulletin: Bulletin, data: bytes, name: str, *, actor: str, limits: Limits
) -> Added:
    """Read a file and keep it as a draft issue of ``bulletin``.

    Raises:
        SecretFileError: it bears a secrecy mark; no byte of it is stored.
        IssueExistsError: the same bytes were added before.
        Refusal: it cannot be read; see :mod:`mailer.reading.errors`.

    """
    name = PurePath(name).name[-_LONGEST_NAME:]
    document = read_bytes(data, name, limits)
    if document.secrecy is not None:
        raise SecretFileError(name=name, secrecy=document.secrecy.value)
    digest = hashlib.sha256(data).hexdigest()
    known = session.scalar(
        select(Issue).where(Issue.bulletin_id == bulletin.id, Issue.source_sha256 == digest)
    )
    if known is not None:
        title = issue_number(known.year, known.number, known.total) or known.title
        raise IssueExistsError(
            name=name, issue=known.id, title=title, state=state_word(known.state)
        )
    kept = to_json_dict(document)
    issue = Issue(
        bulletin=bulletin,
        number=document.number,
        year=document.year,
        total=document.total,
        title=document.title or bulletin.name,
        publisher=document.publisher,
        issue_date=date.fromisoformat(document.date) if document.date else None,
        document=kept,
        content_hash=content_hash(kept),
        source_name=name,
        source_sha256=digest,
        created_by=actor,
    )
    session.add(issue)
    session.flush()
    session.add(IssueSource(issue_id=issue.id, data=data))
    record(
        session,
        "added",
        actor=actor,
        issue_id=issue.id,
        data={
            "source": name,
            "sha256": digest,
            "content": issue.content_hash,
            "warnings": [warning.code for warning in document.warnings],
        },
    )
    return Added(issue=issue, document=document)


def content_hash(document: dict[str, object]) -> str:
    """Return the SHA-256 of a read document in one fixed form."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
