"""What a reader found in a file: the typed form of the read contract.

Everything here is a frozen value. Strings are NFC, without leading or trailing white space;
what the file does not print is ``None`` or empty, never invented. JSON exists only at the edge:
see :mod:`mailer.reading.contract`.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class DocumentKind(StrEnum):
    """What the reader takes the document for."""

    BULLETIN = "bulletin"
    OFFICIAL_DOCUMENT = "official-document"
    """One of the fifteen statutory kinds (通知, 批复, 函 …), not a bulletin."""
    OTHER = "other"


class BlockRole(StrEnum):
    """The direction of a distribution block, whatever word was printed."""

    REPORT = "report"
    SEND = "send"
    ISSUE_TO = "issue_to"
    MAIN = "main"
    COPY = "copy"
    MIXED = "mixed"


class Secrecy(StrEnum):
    """A secrecy grade of the Law on Guarding State Secrets; such a file is never stored or sent."""

    CONFIDENTIAL = "秘密"
    SECRET = "机密"  # noqa: S105 - a grade, no password
    TOP_SECRET = "绝密"  # noqa: S105 - as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A paragraph of body text, joined over line, column and page breaks."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subhead:
    """A heading inside an article (一、…, （一）…)."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table, row by row; every row has a cell for each column, spanned cells repeat as ''."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture in the text; ``data`` are the image bytes, where the format holds them."""

    caption: str = ""
    media_type: str | None = None
    data: bytes = field(default=b"", repr=False)


BodyPart = Paragraph | Subhead | Table | Picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One article (文稿): a headline and its body."""

    title: str
    body: tuple[BodyPart, ...] = ()
    subtitle: str | None = None
    column: str | None = None
    contributor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A distribution block: the kind as printed, its role, the printed entries in print order."""

    kind: str
    role: BlockRole
    entries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Imprint:
    """The lines under the blocks (版记): copies printed (共印N份), editor, telephone."""

    copies: int | None = None
    editor: str | None = None
    phone: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Warning:  # noqa: A001 - the word of the read contract; nothing here uses the builtin
    """A doubt: stable ``code`` (see docs/warnings.md), 1-based line in reading order, the text."""

    code: str
    line: int | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueDocument:
    """A read bulletin issue. ``date`` is ISO 8601 (YYYY-MM-DD)."""

    document_kind: DocumentKind
    title: str | None = None
    number: int | None = None
    year: int | None = None
    total: int | None = None
    publisher: str | None = None
    date: str | None = None
    secrecy: Secrecy | None = None
    urgency: str | None = None
    articles: tuple[Article, ...] = ()
    blocks: tuple[Block, ...] = ()
    imprint: Imprint = Imprint()
    warnings: tuple[Warning, ...] = ()
