"""Ruled tables: strokes that cross become a grid of cells, and letters fall into them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailer.reading.glyphs import Glyph
from mailer.reading.strokes import Stroke

_TOUCH = 3.0  # points: strokes nearer than this meet
_MOST_STROKES = 1500  # on a page; comparing them takes time by the square of their number
_MIN_TABLE_LINES = 5  # two columns in one row have three verticals and two horizontals


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A ruled table on a page: the letters of each cell, row by row.

    A cell that spans several holds its letters once; the others are empty.
    """

    cells: tuple[tuple[tuple[Glyph, ...], ...], ...]
    page: int
    x0: float
    x1: float
    top: float
    bottom: float

    def holds(self, stroke: Stroke) -> bool:
        """Tell whether a stroke belongs to this table."""
        return (
            self.x0 - _TOUCH <= stroke.x0
            and stroke.x1 <= self.x1 + _TOUCH
            and self.top - _TOUCH <= stroke.y0
            and stroke.y1 <= self.bottom + _TOUCH
        )


def find_frames(
    strokes: Sequence[Stroke], glyphs: Sequence[Glyph], page: int
) -> tuple[list[Frame], list[Glyph]]:
    """Return the tables of a page and the letters that stand in none."""
    frames: list[Frame] = []
    loose = list(glyphs)
    straight = [each for each in strokes if each.horizontal or each.vertical]
    if len(straight) > _MOST_STROKES:
        return frames, loose  # a drawing or map, not a table
    for group in _groups(straight):
        xs = _positions(stroke.x0 for stroke in group if stroke.vertical)
        ys = _positions(stroke.y0 for stroke in group if stroke.horizontal)
        if len(xs) < 2 or len(ys) < 2 or len(xs) + len(ys) < _MIN_TABLE_LINES:  # noqa: PLR2004 - two edges make one cell
            continue
        inside = [each for each in loose if _within(each, xs, ys)]
        if not inside:
            continue
        loose = [each for each in loose if not _within(each, xs, ys)]
        frames.append(
            Frame(
                cells=_cells(group, inside, xs, ys),
                page=page,
                x0=xs[0],
                x1=xs[-1],
                top=ys[0],
                bottom=ys[-1],
            )
        )
    return frames, loose


def _groups(strokes: list[Stroke]) -> list[list[Stroke]]:
    """Return the strokes that hang together."""
    groups: list[list[Stroke]] = []
    for stroke in strokes:
        touching = [group for group in groups if any(_meet(stroke, other) for other in group)]
        merged = [stroke, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups


def _meet(one: Stroke, other: Stroke) -> bool:
    return (
        one.x0 - _TOUCH <= other.x1
        and other.x0 - _TOUCH <= one.x1
        and one.y0 - _TOUCH <= other.y1
        and other.y0 - _TOUCH <= one.y1
    )


def _positions(values: Iterable[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 2 * _TOUCH:
            found.append(value)
    return found


def _within(glyph: Glyph, xs: list[float], ys: list[float]) -> bool:
    x, y = _middle(glyph)
    return xs[0] <= x <= xs[-1] and ys[0] <= y <= ys[-1]


def _middle(glyph: Glyph) -> tuple[float, float]:
    return (glyph.x0 + glyph.x1) / 2, glyph.y - glyph.size / 3


def _cells(
    strokes: list[Stroke], glyphs: list[Glyph], xs: list[float], ys: list[float]
) -> tuple[tuple[tuple[Glyph, ...], ...], ...]:
    """Return the letters of each cell; cells with no stroke between them are one."""
    owner = _spans(strokes, xs, ys)
    content: dict[tuple[int, int], list[Glyph]] = {}
    for glyph in glyphs:
        x, y = _middle(glyph)
        row = max(index for index, top in enumerate(ys[:-1]) if top <= y)
        column = max(index for index, left in enumerate(xs[:-1]) if left <= x)
        content.setdefault(owner[row, column], []).append(glyph)
    return tuple(
        tuple(tuple(content.get((row, column), ())) for column in range(len(xs) - 1))
        for row in range(len(ys) - 1)
    )


def _spans(
    strokes: list[Stroke], xs: list[float], ys: list[float]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return for each cell the upper left cell of the span that it belongs to."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for row in range(len(ys) - 1):
        for column in range(len(xs) - 1):
            middle_x = (xs[column] + xs[column + 1]) / 2
            middle_y = (ys[row] + ys[row + 1]) / 2
            own = (row, column)
            if column and not _wall(strokes, xs[column], middle_y):
                own = owner[row, column - 1]
            elif row and not _floor(strokes, middle_x, ys[row]):
                own = owner[row - 1, column]
            owner[row, column] = own
    return owner


def _wall(strokes: list[Stroke], x: float, y: float) -> bool:
    return any(
        each.vertical and abs(each.x0 - x) <= 2 * _TOUCH and each.y0 <= y <= each.y1
        for each in strokes
    )


def _floor(strokes: list[Stroke], x: float, y: float) -> bool:
    return any(
        each.horizontal and abs(each.y0 - y) <= 2 * _TOUCH and each.x0 <= x <= each.x1
        for each in strokes
    )
