"""An issue as both parts of the mail print it: lines of the masthead, cleaned text, pictures.

Text of a source file may hold characters that no mail may: controls, halves of surrogate pairs,
and the noncharacters with which we mark slots. They are taken out here, once, for every part.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from mailer.reading.model import (
    Article,
    BodyPart,
    IssueDocument,
    Paragraph,
    Picture,
    Subhead,
    Table,
)
from mailer.rendering.pictures import SafePicture, safe_picture
from mailer.rendering.themes import Words

CONTENTS_FROM = 4
"""Articles from which on a list of contents helps."""

_SENSELESS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufdd0-\ufdef\ufffe\uffff]"
)
_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]+")
_MASTHEAD_TAIL = re.compile(
    r"(.{3,}?)((?:工作|信息|情况|综合|舆情|网络|动态)?(?:简报|专报|快报|日报|周报|月报)"
    r"|情况反映|内部参考|工作动态|工作信息|工作通讯|会员通讯)"
)
_ONE_LINE = 10
_SECOND_LEVEL = re.compile(r"[（(][一二三四五六七八九十]+[）)]|\d+[.．、]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ParagraphView:
    """A paragraph."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureView:
    """A picture: ``index`` counts the sendable ones from 0; ``image`` is ``None`` for a caption."""

    kind: ClassVar[str] = "picture"
    caption: str
    image: SafePicture | None
    left_out: bool
    """Whether the file holds an image that mail programmes would not show."""
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SubheadView:
    """A heading inside an article; ``level`` 1 (一、) or 2 (（一） and 1.)."""

    kind: ClassVar[str] = "subhead"
    text: str
    level: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TableView:
    """A data table: its first row are headings; ``wide`` columns hold sentences, not figures."""

    kind: ClassVar[str] = "table"
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: tuple[bool, ...]


PartView = ParagraphView | SubheadView | TableView | PictureView


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleView:
    """An article; ``column`` only where it differs from the column of the article before."""

    title: str
    subtitle: str
    column: str
    contributor: str
    parts: tuple[PartView, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueView:
    """All that is printed, the same for every recipient. Empty strings print nothing."""

    title: str
    masthead: tuple[str, ...]
    number_line: str
    publisher: str
    date_line: str
    urgency: str
    articles: tuple[ArticleView, ...]
    contents: tuple[str, ...]
    count_line: str
    blocks: tuple[tuple[str, tuple[str, ...]], ...]
    imprint: tuple[str, ...]
    copies_line: str


def issue_view(document: IssueDocument, name: str, words: Words) -> IssueView:
    """Return what is printed of ``document``; ``name`` stands in for a masthead without a name."""
    title = clean(document.title) or clean(name)
    articles = _articles(document.articles)
    imprint = document.imprint
    return IssueView(
        title=title,
        masthead=masthead_lines(title),
        number_line=number_line(document, words),
        publisher=clean(document.publisher),
        date_line=date_line(document.date, words),
        urgency=clean(document.urgency),
        articles=articles,
        contents=tuple(a.title for a in articles) if len(articles) >= CONTENTS_FROM else (),
        count_line=words.articles.format(count=len(articles)) if articles else "",
        blocks=tuple(
            (clean(block.kind), tuple(clean(entry) for entry in block.entries))
            for block in document.blocks
        ),
        imprint=tuple(
            form.format(clean(value))
            for form, value in ((words.editor, imprint.editor), (words.phone, imprint.phone))
            if value
        ),
        copies_line=words.copies.format(imprint.copies) if imprint.copies else "",
    )


def clean(text: str | None) -> str:
    """Return ``text`` in one line, without characters that mean nothing in print."""
    return _BREAKS.sub(" ", _SENSELESS.sub("", text)).strip() if text else ""


def number_line(document: IssueDocument, words: Words) -> str:
    """Return 2026年第7期（总第128期）, or what there is of it."""
    number, total = "", ""
    if document.number is not None:
        form = words.number if document.year is None else words.year_and_number
        number = form.format(year=document.year, number=document.number)
    if document.total is not None:
        total = words.total.format(total=document.total)
    if number and total:
        return words.number_and_total.format(number=number, total=total)
    return number or total


def date_line(date: str | None, words: Words) -> str:
    """Return an ISO date in words; anything else as it is."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", date or "")
    if not match:
        return clean(date)
    year, month, day = (int(group) for group in match.groups())
    return words.date.format(year=year, month=month, day=day)


def masthead_lines(title: str) -> tuple[str, ...]:
    """Return the name of a bulletin in lines broken by sense: …行业 / 工作简报."""
    match = _MASTHEAD_TAIL.fullmatch(title)
    if len(title) <= _ONE_LINE or not match:
        return (title,)
    return (match[1].strip(), match[2])


def _articles(articles: tuple[Article, ...]) -> tuple[ArticleView, ...]:
    views: list[ArticleView] = []
    column, pictures = "", 0
    for article in articles:
        parts: list[PartView] = []
        for part in article.body:
            view = _part(part, pictures)
            if isinstance(view, PictureView) and view.image:
                pictures += 1
            parts.append(view)
        views.append(
            ArticleView(
                title=clean(article.title),
                subtitle=clean(article.subtitle),
                column="" if clean(article.column) == column else clean(article.column),
                contributor=clean(article.contributor).strip("（）()"),
                parts=tuple(parts),
            )
        )
        column = clean(article.column)
    return tuple(views)


def _part(part: BodyPart, next_picture: int) -> PartView:
    match part:
        case Paragraph():
            return ParagraphView(text=clean(part.text))
        case Subhead():
            text = clean(part.text)
            return SubheadView(text=text, level=2 if _SECOND_LEVEL.match(text) else 1)
        case Picture():
            image = safe_picture(part.data)
            return PictureView(
                caption=clean(part.caption),
                image=image,
                left_out=bool(part.data) and image is None,
                index=next_picture,
            )
        case Table():
            return _table(part)


def _table(table: Table) -> TableView:
    """Take the first row for the headings; a column with a long cell is set like text."""
    rows = tuple(tuple(clean(cell) for cell in row) for row in table.rows)
    header, body = (rows[0], rows[1:]) if rows else ((), ())
    columns = len(header)
    wide = tuple(
        any(len(row[i]) > 12 for row in rows if i < len(row))  # noqa: PLR2004 - about a line of a cell
        for i in range(columns)
    )
    return TableView(header=header, rows=body, wide=wide)
