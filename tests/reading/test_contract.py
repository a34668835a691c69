import dataclasses
import json

import pytest

from mailer.reading.contract import from_json_dict, to_json_dict
from mailer.reading.model import (
    Article,
    DocumentKind,
    IssueDocument,
    Paragraph,
    Picture,
    Secrecy,
    Subhead,
    Table,
    Warning,  # noqa: A004 - the word of the contract
)
from tests.reading.bulletin import BLOCKS, EXPECTED

KEYS = [
    "document_kind", "title", "number", "year", "total", "publisher", "date", "secrecy",
    "urgency", "articles", "blocks", "imprint", "warnings",
]  # fmt: skip
PICTURE = Picture(caption="图为现场", media_type="image/png", data=b"\x89PNG")
FULL = dataclasses.replace(
    EXPECTED,
    secrecy=Secrecy.SECRET,
    urgency="特急",
    articles=(
        Article(
            title="一",
            subtitle="——二",
            column="三",
            contributor="四",
            body=(Paragraph(text="五"), Subhead(text="六"), Table(rows=(("七",),)), PICTURE),
        ),
    ),
    warnings=(Warning(code="no-date", line=None, text=""), Warning(code="x", line=3, text="y")),
)


@pytest.mark.parametrize(
    "document", [EXPECTED, FULL, IssueDocument(document_kind=DocumentKind.OTHER)]
)
def test_keys_are_stable_and_the_inverse_is_exact(document: IssueDocument) -> None:
    """The same keys whatever was found, null for what is absent; only picture bytes stay out."""
    data = json.loads(json.dumps(to_json_dict(document), ensure_ascii=False))
    assert list(data) == KEYS
    assert list(data["imprint"]) == ["copies", "editor", "phone"]
    back = from_json_dict(data)
    assert to_json_dict(back) == to_json_dict(document)
    bare = [
        dataclasses.replace(
            article,
            body=tuple(
                dataclasses.replace(part, data=b"") if isinstance(part, Picture) else part
                for part in article.body
            ),
        )
        for article in document.articles
    ]
    assert back == dataclasses.replace(document, articles=tuple(bare))


def test_shape_of_each_part() -> None:
    """Articles, parts, blocks and warnings as the design prints them."""
    data = to_json_dict(FULL)
    assert data["articles"] == [
        {
            "title": "一",
            "subtitle": "——二",
            "column": "三",
            "contributor": "四",
            "body": [
                {"type": "paragraph", "text": "五"},
                {"type": "subhead", "text": "六"},
                {"type": "table", "rows": [["七"]]},
                {"type": "picture", "caption": "图为现场", "media_type": "image/png"},
            ],
        }
    ]
    assert data["blocks"] == [
        {"kind": block.kind, "role": block.role.value, "entries": list(block.entries)}
        for block in BLOCKS
    ]
    assert data["warnings"] == [
        {"code": "no-date", "line": None, "text": ""},
        {"code": "x", "line": 3, "text": "y"},
    ]
    assert (data["secrecy"], data["urgency"]) == ("机密", "特急")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", 3),
        ("number", "3"),
        ("number", True),
        ("articles", {}),
        ("imprint", []),
        ("document_kind", "novel"),
        ("articles", [{"title": "x", "subtitle": None, "column": None, "contributor": None,
                       "body": [{"type": "song"}]}]),
    ],
)  # fmt: skip
def test_foreign_shapes_are_refused(key: str, value: object) -> None:
    """Stored JSON that is not of the contract is never taken for a document."""
    with pytest.raises((TypeError, ValueError)):
        from_json_dict({**to_json_dict(EXPECTED), key: value})
    missing = to_json_dict(EXPECTED)
    del missing[key]
    with pytest.raises(KeyError):
        from_json_dict(missing)
