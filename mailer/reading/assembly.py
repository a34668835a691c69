"""The lines of a file become a document: masthead, articles, blocks, imprint, doubts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.reading.articles import Body, read_articles
from mailer.reading.contents import Contents, find_contents
from mailer.reading.doubts import Code, doubt
from mailer.reading.entries import read_entries
from mailer.reading.flow import flatten
from mailer.reading.furniture import is_running_header, without_furniture
from mailer.reading.imprint import ImprintText, read_imprint, trailing_imprint
from mailer.reading.letters import compact, tidy
from mailer.reading.lines import Item, Line, Source
from mailer.reading.looks import look_of
from mailer.reading.marks import secrecy_of, urgency_of
from mailer.reading.masthead import Masthead, read_masthead
from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    DocumentKind,
    IssueDocument,
    Paragraph,
)
from mailer.reading.model import Warning as Doubt
from mailer.reading.names import is_bulletin_name
from mailer.reading.official import Official, read_official
from mailer.reading.outline import Role, cast
from mailer.reading.pieces import Piece, merge
from mailer.reading.tail import RawBlock, Tail, read_tail

_ATTACHMENT_PAGE = re.compile(r"附\s*件\s*[0-9０-９一二三四五六七八九十]*\s*[:：]?")
_SHOWN = 60  # letters of a text that a warning quotes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """Everything that was found, before it is put together."""

    masthead: Masthead
    tail: Tail
    imprint: ImprintText
    official: Official | None
    body: Body


def assemble(source: Source) -> IssueDocument:
    """Return the document that the lines of a file make up."""
    items = without_furniture(flatten(source.items))
    secrecy, marked_at = secrecy_of(source.items, source.asides)
    masthead = read_masthead(items)
    tail = read_tail(items, masthead.end)
    body_end, loose = trailing_imprint(items, masthead.end, tail.start)
    official = None if _is_numbered(masthead) else read_official(items, body_end)
    imprint = read_imprint([*loose, *tail.imprint])
    body = (
        _official_body(items, official)
        if official
        else _body(_body_items(items, masthead, tail, body_end), masthead)
    )
    found = _Found(masthead=masthead, tail=tail, imprint=imprint, official=official, body=body)
    blocks, block_doubts = _blocks(found)
    document = _document(found, blocks)
    doubts = [
        *(doubt(code, text) for code, text in source.doubts),
        *([doubt(Code.SECRECY_MARK, secrecy.value, marked_at)] if secrecy else []),
        *_head_doubts(document, found),
        *body.doubts,
        *block_doubts,
        *_after_blocks(items, found),
    ]
    return IssueDocument(
        document_kind=document.document_kind,
        title=document.title,
        number=document.number,
        year=document.year,
        total=document.total,
        publisher=document.publisher,
        date=document.date,
        secrecy=secrecy,
        urgency=urgency_of(items),
        articles=document.articles,
        blocks=document.blocks,
        imprint=document.imprint,
        warnings=tuple(doubts),
    )


def _is_numbered(masthead: Masthead) -> bool:
    """Tell whether the masthead prints the number of an issue, not that of a document."""
    number = masthead.number
    if number is None:
        return False
    if number.is_document_number and number.prefix:
        return masthead.title is not None and is_bulletin_name(masthead.title)
    return True


def _body_items(items: Sequence[Item], masthead: Masthead, tail: Tail, body_end: int) -> list[Item]:
    """Return the items between masthead and tail; those after blocks that stand above the body."""
    body = list(items[masthead.end : body_end])
    if tail.blocks and not any(isinstance(item, Line) for item in body):
        body = list(items[tail.end :])
        rest, _ = trailing_imprint(body, 0, len(body))
        body = body[:rest]
    number = masthead.number.number if masthead.number else None
    kept: list[Item] = []
    for item in body:
        if isinstance(item, Line):
            if _ATTACHMENT_PAGE.fullmatch(item.text.strip()):
                break
            if is_running_header(item.text, masthead.title, number):
                continue
        kept.append(item)
    return kept


def _body(items: list[Item], masthead: Masthead) -> Body:
    contents = find_contents(items)
    items = items[: contents.start] + items[contents.end :]
    looks = look_of([item for item in items if isinstance(item, Line)])
    casts = cast(merge(items, looks), contents)
    return read_articles(casts, contents, numbered_issue=masthead.number is not None)


def _official_body(items: Sequence[Item], official: Official) -> Body:
    """Return the one article of a statutory document; its numbered headings are provisions."""
    inside = list(items[official.start : official.end])
    looks = look_of([item for item in inside if isinstance(item, Line)])
    casts = cast(merge(inside, looks), Contents())
    texts = [
        each for each in casts if isinstance(each.part, Piece) and each.role is not Role.NOTHING
    ]
    parts = tuple(Paragraph(text=tidy(each.text)) for each in texts)
    return Body(articles=(Article(title=official.title, body=parts),), doubts=())


def _blocks(found: _Found) -> tuple[tuple[Block, ...], list[Doubt]]:
    """Return the blocks in print order, and what was doubtful in them."""
    raws: list[RawBlock] = list(found.tail.blocks)
    if found.official and found.official.receivers:
        raws.insert(0, found.official.receivers)
    upward = any(raw.label.role is BlockRole.REPORT for raw in raws)
    blocks: list[Block] = []
    doubts: list[Doubt] = []
    for raw in raws:
        read = read_entries(raw.lines)
        role = raw.label.role
        if role is BlockRole.MIXED and upward:
            role = BlockRole.SEND  # 报送 beside 呈报 names the level direction only
        if raw.label.weak:
            doubts.append(doubt(Code.BLOCK_LABEL_UNSURE, raw.label.kind, raw.number))
        if not read.entries:
            doubts.append(doubt(Code.BLOCK_EMPTY, raw.label.kind, raw.number))
        doubts += [doubt(code, text, raw.number) for code, text in read.doubts]
        blocks.append(Block(kind=raw.label.kind, role=role, entries=read.entries))
    return tuple(blocks), doubts


def _document(found: _Found, blocks: tuple[Block, ...]) -> IssueDocument:
    masthead, official, imprint = found.masthead, found.official, found.imprint
    number = masthead.number if _is_numbered(masthead) else None
    if official:
        publisher = official.publisher or masthead.publisher
        date = official.date or masthead.date
    else:
        publisher, date = masthead.publisher, masthead.date
    return IssueDocument(
        document_kind=_kind(found, blocks),
        title=official.title if official else masthead.title,
        number=number.number if number else None,
        year=number.year if number else None,
        total=number.total if number else None,
        publisher=publisher or imprint.publisher or imprint.printer,
        date=date or imprint.printed,
        articles=found.body.articles,
        blocks=blocks,
        imprint=imprint.imprint,
    )


def _kind(found: _Found, blocks: tuple[Block, ...]) -> DocumentKind:
    title = found.masthead.title or ""
    if found.official or title.endswith("纪要"):
        return DocumentKind.OFFICIAL_DOCUMENT
    named = bool(title) and is_bulletin_name(title)
    if _is_numbered(found.masthead) or named or (title and blocks):
        return DocumentKind.BULLETIN
    return DocumentKind.OTHER


def _head_doubts(document: IssueDocument, found: _Found) -> list[Doubt]:
    doubts: list[Doubt] = []
    if document.document_kind is not DocumentKind.BULLETIN:
        doubts.append(doubt(Code.NOT_A_BULLETIN, document.document_kind.value))
    missing = (
        (Code.NO_TITLE, document.title),
        (Code.NO_PUBLISHER, document.publisher),
        (Code.NO_DATE, document.date),
        (Code.NO_ARTICLES, document.articles),
        (Code.NO_BLOCKS, document.blocks),
    )
    doubts += [doubt(code, "") for code, value in missing if not value]
    if document.document_kind is DocumentKind.BULLETIN:
        doubts += _number_doubts(document, found)
    inferred = found.masthead.inferred_publisher or found.masthead.publisher is None
    if document.publisher and inferred and not found.official:
        doubts.append(doubt(Code.PUBLISHER_INFERRED, document.publisher))
    return doubts


def _number_doubts(document: IssueDocument, found: _Found) -> list[Doubt]:
    doubts: list[Doubt] = []
    if document.number is None:
        doubts.append(doubt(Code.NO_NUMBER, "" if document.total is None else str(document.total)))
    if found.masthead.number and found.masthead.number.extra:
        doubts.append(doubt(Code.SUPPLEMENT, str(document.number or "")))
    if document.year and document.date and not document.date.startswith(str(document.year)):
        doubts.append(doubt(Code.YEARS_DIFFER, f"{document.year} / {document.date}"))
    return doubts


def _after_blocks(items: Sequence[Item], found: _Found) -> list[Doubt]:
    """Return a warning for text after the blocks, which belongs to no article."""
    tail = found.tail
    above = not any(isinstance(item, Line) for item in items[found.masthead.end : tail.start])
    if not tail.blocks or (above and found.body.articles):
        return []
    lines = [item for item in items[tail.end :] if isinstance(item, Line) and compact(item.text)]
    if not lines:
        return []
    text = tidy(" ".join(line.text for line in lines))[:_SHOWN]
    return [doubt(Code.TEXT_AFTER_BLOCKS, text, lines[0].number)]
