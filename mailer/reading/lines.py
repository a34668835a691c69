"""What every reader of a format gives: lines in reading order, as printed.

A line knows what its format knows of it and nothing more; ``None`` means unknown. Lengths are in
points (1/72 inch), positions from the upper left corner of the page.
"""

from dataclasses import dataclass
from enum import StrEnum


class Align(StrEnum):
    """How a line stands between the margins."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One printed line, or a whole paragraph where the format keeps paragraphs.

    ``text`` is normalised, but its runs of blanks stay. ``starts`` tells whether the format says
    that a paragraph starts here, ``full`` whether the line goes on to the right margin (so that
    its text may go on in the next one).
    """

    text: str
    number: int
    page: int = 1
    left: float | None = None
    right: float | None = None
    top: float | None = None
    bottom: float | None = None
    size: float | None = None
    bold: bool | None = None
    color: str | None = None
    align: Align | None = None
    starts: bool | None = None
    full: bool | None = None
    indent: float | None = None
    """Letters of blank before the text, counted from the left edge of the running text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """A horizontal rule across the text, or a line of dashes that stands for one."""

    number: int
    page: int = 1
    top: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A table: rows of cells, each cell the lines that it holds."""

    rows: tuple[tuple[tuple[Line, ...], ...], ...]
    number: int
    page: int = 1
    top: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A picture in the flow of the text."""

    number: int
    page: int = 1
    top: float | None = None
    media_type: str | None = None
    data: bytes = b""


Item = Line | Ruling | Grid | Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a format's reader found.

    ``asides`` are the lines outside the running text (headers, footers); ``styled`` tells whether
    the format carries sizes and alignment at all; ``doubts`` are codes of warnings that only the
    reader can know, with their text.
    """

    items: tuple[Item, ...]
    asides: tuple[Line, ...] = ()
    styled: bool = False
    doubts: tuple[tuple[str, str], ...] = ()


def lines_of(item: Item) -> tuple[Line, ...]:
    """Return the lines of an item: itself, those of a table's cells, or none."""
    if isinstance(item, Line):
        return (item,)
    if isinstance(item, Grid):
        return tuple(line for row in item.rows for cell in row for line in cell)
    return ()
