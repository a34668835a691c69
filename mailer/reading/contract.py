"""The read contract at its edge: an IssueDocument as JSON and back (design, section 7)."""

from collections.abc import Mapping, Sequence
from typing import cast

from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    BodyPart,
    DocumentKind,
    Imprint,
    IssueDocument,
    Paragraph,
    Picture,
    Secrecy,
    Subhead,
    Table,
)
from mailer.reading.model import Warning as Doubt

Json = dict[str, object]


def to_json_dict(document: IssueDocument) -> Json:
    """Return the document in the shape of the contract; pictures without their bytes."""
    return {
        "document_kind": document.document_kind.value,
        "title": document.title,
        "number": document.number,
        "year": document.year,
        "total": document.total,
        "publisher": document.publisher,
        "date": document.date,
        "secrecy": document.secrecy.value if document.secrecy else None,
        "urgency": document.urgency,
        "articles": [_article(article) for article in document.articles],
        "blocks": [
            {"kind": block.kind, "role": block.role.value, "entries": list(block.entries)}
            for block in document.blocks
        ],
        "imprint": {
            "copies": document.imprint.copies,
            "editor": document.imprint.editor,
            "phone": document.imprint.phone,
        },
        "warnings": [
            {"code": each.code, "line": each.line, "text": each.text} for each in document.warnings
        ],
    }


def from_json_dict(data: Mapping[str, object]) -> IssueDocument:
    """Return the document of a dictionary that :func:`to_json_dict` made.

    Raises :class:`KeyError`, :class:`TypeError` or :class:`ValueError` for any other shape.
    """
    imprint = _object(data["imprint"])
    secrecy = _text(data["secrecy"])
    return IssueDocument(
        document_kind=DocumentKind(str(data["document_kind"])),
        title=_text(data["title"]),
        number=_number(data["number"]),
        year=_number(data["year"]),
        total=_number(data["total"]),
        publisher=_text(data["publisher"]),
        date=_text(data["date"]),
        secrecy=Secrecy(secrecy) if secrecy else None,
        urgency=_text(data["urgency"]),
        articles=tuple(_read_article(each) for each in _objects(data["articles"])),
        blocks=tuple(
            Block(
                kind=str(each["kind"]),
                role=BlockRole(str(each["role"])),
                entries=tuple(str(entry) for entry in _list(each["entries"])),
            )
            for each in _objects(data["blocks"])
        ),
        imprint=Imprint(
            copies=_number(imprint["copies"]),
            editor=_text(imprint["editor"]),
            phone=_text(imprint["phone"]),
        ),
        warnings=tuple(
            Doubt(code=str(each["code"]), line=_number(each["line"]), text=str(each["text"]))
            for each in _objects(data["warnings"])
        ),
    )


def _article(article: Article) -> Json:
    return {
        "title": article.title,
        "subtitle": article.subtitle,
        "column": article.column,
        "contributor": article.contributor,
        "body": [_part(part) for part in article.body],
    }


def _part(part: BodyPart) -> Json:
    match part:
        case Paragraph(text=text):
            return {"type": "paragraph", "text": text}
        case Subhead(text=text):
            return {"type": "subhead", "text": text}
        case Table(rows=rows):
            return {"type": "table", "rows": [list(row) for row in rows]}
        case Picture(caption=caption, media_type=media_type):
            return {"type": "picture", "caption": caption, "media_type": media_type}


def _read_article(data: Mapping[str, object]) -> Article:
    return Article(
        title=str(data["title"]),
        subtitle=_text(data["subtitle"]),
        column=_text(data["column"]),
        contributor=_text(data["contributor"]),
        body=tuple(_read_part(each) for each in _objects(data["body"])),
    )


def _read_part(data: Mapping[str, object]) -> BodyPart:
    match data["type"]:
        case "paragraph":
            return Paragraph(text=str(data["text"]))
        case "subhead":
            return Subhead(text=str(data["text"]))
        case "table":
            rows = [tuple(str(cell) for cell in _list(row)) for row in _list(data["rows"])]
            return Table(rows=tuple(rows))
        case "picture":
            return Picture(caption=str(data["caption"]), media_type=_text(data.get("media_type")))
        case other:
            raise ValueError(f"no part of a body is called {other!r}")


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no text")


def _number(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is no number")


def _list(value: object) -> Sequence[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    raise TypeError(f"{value!r} is no list")


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise TypeError(f"{value!r} is no object")


def _objects(value: object) -> list[Mapping[str, object]]:
    return [_object(each) for each in _list(value)]
