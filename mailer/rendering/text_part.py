"""The plain text part: the issue set in lines of 36 letters, as an office would type it."""

from collections.abc import Iterator

from mailer.rendering.cutting import Mark, mark
from mailer.rendering.model import SenderIdentity
from mailer.rendering.rendition import Field
from mailer.rendering.themes import Words
from mailer.rendering.view import (
    ArticleView,
    IssueView,
    ParagraphView,
    PartView,
    PictureView,
    SubheadView,
    TableView,
)
from mailer.rendering.wrapping import IDEOGRAPHIC_SPACE, LINE, apart, centre, pad, width, wrap

_HEAVY_RULE = "━" * (LINE // 2)
_LIGHT_RULE = "─" * (LINE // 2)
_INDENT = IDEOGRAPHIC_SPACE * 2
_HEADLINE = 60
"""Columns of a headline, so that a long one breaks before it fills the line."""
_GAP = "  "


def text_part(
    view: IssueView, identity: SenderIdentity, words: Words, *, reason: str, links: bool
) -> str:
    """Return the text with its marks, lines ending in CRLF."""
    lines = [
        _slot(mark(Field.KIND) + mark(Field.UNIT)),
        *([_slot(f"{words.read_on_web}{words.kind_mark}{mark(Field.WEB)}")] if links else ()),
        "",
        *_masthead(view),
        "",
        *_contents(view, words),
    ]
    for article in view.articles:
        lines += [*_article(article, words), ""]
    lines += [*_tail(view, words), ""]
    if links:
        lines += [_slot(f"{words.sign}{words.kind_mark}{mark(Field.SIGN)}"), ""]
    lines += [
        *wrap(reason),
        *wrap(identity.contact),
        *wrap(identity.postal),
        _slot(f"{words.change}{words.kind_mark}{mark(Field.CHANGE)}"),
        _slot(f"{words.unsubscribe}{words.kind_mark}{mark(Field.UNSUBSCRIBE)}"),
        "",
    ]
    single = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]
    return "\r\n".join(line for group in single for line in group.split("\n"))


def _slot(content: str) -> str:
    return mark(Mark.SLOT) + content + mark(Mark.SLOT_END)


def _masthead(view: IssueView) -> Iterator[str]:
    if view.urgency:
        yield view.urgency
    for line in view.masthead:
        yield from (centre(part) for part in wrap(line))
    if view.number_line:
        yield centre(view.number_line)
    if view.publisher or view.date_line:
        yield ""
        yield apart(view.publisher, view.date_line)
    yield _HEAVY_RULE


def _contents(view: IssueView, words: Words) -> Iterator[str]:
    if not view.contents:
        return
    yield words.contents
    digits = len(str(len(view.contents)))
    for number, title in enumerate(view.contents, 1):
        lead = f"{_GAP}{number:>{digits}}. "
        yield from wrap(title, first=lead, rest=" " * len(lead))
    yield _LIGHT_RULE
    yield ""


def _article(article: ArticleView, words: Words) -> Iterator[str]:
    if article.column:
        yield centre(f"【{article.column}】")
        yield ""
    for text in (article.title, article.subtitle):
        yield from (centre(line) for line in wrap(text, columns=_HEADLINE))
    yield ""
    for part in article.parts:
        yield from _part(part, words)
    if article.contributor:
        credit = words.contributor.format(article.contributor)
        yield from (_right(line) for line in wrap(credit))


def _part(part: PartView, words: Words) -> Iterator[str]:
    match part:
        case ParagraphView() | SubheadView():
            yield from wrap(part.text, first=_INDENT)
        case PictureView():
            caption = words.picture.format(part.caption).strip()
            yield from (centre(line) for line in wrap(caption, columns=_HEADLINE))
        case TableView():
            yield ""
            yield from _table(part, words)
            yield ""


def _table(table: TableView, words: Words) -> Iterator[str]:
    """Set a table in columns if it fits the line, else row by row: name, 栏目：内容；…."""
    rows = (table.header, *table.rows)
    widths = [max(width(row[i]) for row in rows if i < len(row)) for i in range(len(table.header))]
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= LINE:
        for number, row in enumerate(rows):
            cells = (pad(cell, size) for cell, size in zip(row, widths, strict=False))
            yield _GAP.join(cells).rstrip()
            if number == 0:
                yield _GAP.join("-" * size for size in widths)
        return
    for row in table.rows or (table.header,):
        yield from wrap(row[0] if row else "", first="· ", rest=_GAP)
        cells = (
            f"{label}{words.kind_mark}{cell}" if table.rows and label else cell
            for label, cell in list(zip(table.header, row, strict=False))[1:]
            if cell
        )
        yield from wrap(words.block_mark.join(cells), first=_GAP, rest=_GAP)


def _tail(view: IssueView, words: Words) -> Iterator[str]:
    if view.blocks:
        yield _LIGHT_RULE
    for kind, entries in view.blocks:
        label = f"{kind}{words.kind_mark}"
        text = words.entry_mark.join(entries) + (words.block_end if entries else "")
        # Wrapped lines stand under the first unit (GB/T 9704-2012, 7.4.2).
        yield from wrap(text, first=label, rest=" " * width(label)) or [label]
    if view.imprint or view.copies_line:
        yield _LIGHT_RULE
        yield from apart(_INDENT.join(view.imprint), view.copies_line).split("\n")
    yield _HEAVY_RULE


def _right(line: str) -> str:
    return IDEOGRAPHIC_SPACE * max(0, (LINE - width(line)) // 2) + line
