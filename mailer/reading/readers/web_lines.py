"""Elements of a web page become lines, tables, rules and pictures."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from mailer.reading.letters import normalise, width
from mailer.reading.lines import Align, Figure, Grid, Item, Line, Ruling

SKIPPED = {
    "script",
    "style",
    "noscript",
    "template",
    "head",
    "select",
    "button",
    "iframe",
    "svg",
    "nav",
    "form",
    "object",
    "textarea",
}
"""Elements without text of the document."""

_BLOCKS = {
    "p", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "center",
    "section", "article", "main", "header", "footer", "blockquote", "pre", "address", "figure",
    "figcaption", "tbody", "fieldset", "body", "hr", "table", "tr", "td", "th",
}  # fmt: skip
_BOLD = {"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"}
_HEADING_SIZES = {"h1": 24.0, "h2": 18.0, "h3": 14.0, "h4": 12.0}
_FONT_SIZES = {"1": 7.5, "2": 10.0, "3": 12.0, "4": 13.5, "5": 18.0, "6": 24.0, "7": 36.0}
_STYLE_SIZE = re.compile(r"font-size\s*:\s*([0-9.]+)\s*(px|pt|em|rem)", re.IGNORECASE)
_STYLE_ALIGN = re.compile(r"text-align\s*:\s*(center|right|left)", re.IGNORECASE)
_STYLE_BOLD = re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.IGNORECASE)
_STYLE_COLOR = re.compile(r"(?<!-)color\s*:\s*(#[0-9a-fA-F]{3,6}|[a-z]+)", re.IGNORECASE)
_STYLE_INDENT = re.compile(r"text-indent\s*:\s*([0-9.]+)\s*(px|pt|em)", re.IGNORECASE)
_STYLE_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:(image/[a-z+.-]+);base64,(.*)", re.DOTALL)
_PX = 0.75  # points
_BASE = 12.0
_RED = {"red": "#ff0000"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """What an element hands down to its text."""

    size: float = _BASE
    bold: bool = False
    color: str | None = None
    align: Align | None = None
    indent: float = 0.0


@dataclass(kw_only=True, slots=True)
class _Writer:
    """Collects text until a block ends."""

    items: list[Item] = field(default_factory=list)
    runs: list[tuple[str, _Look]] = field(default_factory=list)
    fresh: bool = True
    """The next line begins a block and does not follow a <br>."""
    breaks: int = 0

    def text(self, text: str, look: _Look) -> None:
        self.runs.append((normalise(re.sub(r"[ \t\r\n\f]+", " ", text)), look))

    def end(self, *, soft: bool = False) -> None:
        """End the line; ``soft`` ends it by a <br>."""
        whole = "".join(text for text, _ in self.runs)
        if whole.strip():
            look = self._look()
            blank = (width(whole) - width(whole.lstrip())) / 2
            starts = self.fresh or self.breaks > 1 or blank > 1
            self.items.append(
                Line(
                    text=whole.strip(),
                    number=len(self.items) + 1,
                    size=look.size,
                    bold=look.bold,
                    color=look.color,
                    align=look.align,
                    starts=starts,
                    indent=blank + look.indent,
                )
            )
            self.breaks = 0
        self.runs = []
        self.breaks += soft
        self.fresh = not soft

    def _look(self) -> _Look:
        letters: dict[_Look, int] = {}
        for text, look in self.runs:
            letters[look] = letters.get(look, 0) + len(text.strip())
        return max(letters, key=lambda look: letters[look])


def items_of(element: etree._Element) -> list[Item]:
    """Return the lines of an element and what stands between them."""
    writer = _Writer()
    _walk(element, _inherited(element), writer)
    writer.end()
    return writer.items


def hidden(element: etree._Element) -> bool:
    """Tell whether an element is not shown."""
    classes = (element.get("class") or "").split()
    return (
        _STYLE_HIDDEN.search(element.get("style") or "") is not None
        or element.get("hidden") is not None
        or "hide" in classes
        or "hidden" in classes
    )


def _walk(element: etree._Element, look: _Look, writer: _Writer) -> None:
    if str(element.tag) in SKIPPED or hidden(element):
        return
    tag = str(element.tag)
    if tag == "br":
        writer.end(soft=True)
    elif tag == "hr":
        writer.end()
        writer.items.append(Ruling(number=len(writer.items) + 1))
    elif tag == "img":
        _picture(element, writer)
    elif tag == "table" and _is_grid(element):
        writer.end()
        writer.items.append(_grid(element, look, len(writer.items) + 1))
    else:
        _inside(element, look, writer)


def _inside(element: etree._Element, look: _Look, writer: _Writer) -> None:
    block = element.tag in _BLOCKS
    if block:
        writer.end()
    own = _look(element, look)
    writer.text(element.text or "", own)
    for each in element:
        _walk(each, own, writer)
        writer.text(each.tail or "", own)
    if block:
        writer.end()


def _look(element: etree._Element, base: _Look) -> _Look:
    """Return what an element's tag, attributes and style make of the inherited look."""
    style = element.get("style") or ""
    tag = str(element.tag)
    alignment = _STYLE_ALIGN.search(style)
    align = alignment[1].lower() if alignment else (element.get("align") or "").lower()
    if tag == "center":
        align = "center"
    color = _STYLE_COLOR.search(style)
    named = color[1] if color else element.get("color")
    indent = _STYLE_INDENT.search(style)
    size = _size(element, style, base.size)
    return _Look(
        size=size,
        bold=base.bold or tag in _BOLD or _STYLE_BOLD.search(style) is not None,
        color=_RED.get(named.lower(), named.lower()) if named else base.color,
        align=Align(align) if align in list(Align) else base.align,
        indent=_length(indent, size) / size if indent else base.indent,
    )


def _size(element: etree._Element, style: str, base: float) -> float:
    found = _STYLE_SIZE.search(style)
    if found:
        return _length(found, base) or base
    if element.tag == "font" and element.get("size") in _FONT_SIZES:
        return _FONT_SIZES[element.get("size") or "3"]
    return _HEADING_SIZES.get(str(element.tag), base)


def _length(match: re.Match[str], base: float) -> float:
    try:
        value = float(match[1])
    except ValueError:
        return 0.0
    unit = match[2].lower()
    return value * _PX if unit == "px" else value if unit == "pt" else value * base


def _inherited(element: etree._Element) -> _Look:
    look = _Look()
    for each in reversed(list(element.iterancestors())):
        look = _look(each, look)
    return look


def _picture(element: etree._Element, writer: _Writer) -> None:
    writer.end()
    found = _DATA_IMAGE.match(element.get("src") or "")
    data = b""
    if found:
        try:
            data = base64.b64decode(found[2], validate=False)
        except binascii.Error:
            data = b""
    writer.items.append(
        Figure(number=len(writer.items) + 1, media_type=found[1] if found else None, data=data)
    )


def _is_grid(table: etree._Element) -> bool:
    """Tell whether a table has rows; the tables inside it are read with it."""
    return (
        next(table.iter("tr"), None) is not None
        and next(table.iterdescendants("table"), None) is None
    )


def _grid(table: etree._Element, look: _Look, number: int) -> Grid:
    own = _look(table, look)
    rows = [tuple(_cells(row, _look(row, own))) for row in table.iter("tr")]
    return Grid(rows=tuple(rows), number=number)


def _cells(row: etree._Element, look: _Look) -> Iterator[tuple[Line, ...]]:
    for cell in row:
        if cell.tag not in ("td", "th"):
            continue
        writer = _Writer()
        _walk(cell, look, writer)
        writer.end()
        yield tuple(item for item in writer.items if isinstance(item, Line))
        span = cell.get("colspan") or "1"
        for _ in range(min(int(span) if span.isdigit() else 1, 100) - 1):
            yield ()
