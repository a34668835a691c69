"""Pages set in columns: where the text runs in two or more, it is read column by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from mailer.reading.dates import find_date
from mailer.reading.glyphs import Glyph, Run, runs, text_of

_Row = tuple[Glyph, ...]
_Wall = tuple[float, float, float]

_GAP = 0.9  # letters: a wider gap may be the gutter between two columns
_MIN_ROWS = 3  # rows of running text that a column has at least
_FILLED = 0.55  # of a column's width that its rows fill in the middle
_MAX_DEPTH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """Rows that are read one after the other, between two edges."""

    rows: tuple[_Row, ...]
    x0: float
    x1: float
    column: tuple[int, int] = (1, 0)
    """Into how many columns the page is set here, and which one this is."""


def regions(rows: Sequence[_Row], walls: Sequence[_Wall] = ()) -> list[Region]:
    """Return the regions of a page in reading order.

    ``walls`` are tables and rules (left, right, top): no column runs past one.
    """
    if not rows:
        return []
    left = min(row[0].x0 for row in rows)
    right = max(row[-1].x1 for row in rows)
    edges = (min([left, *(wall[0] for wall in walls)]), max([right, *(w[1] for w in walls)]))
    return _split(list(rows), edges, walls, (1, 0), 0)


def _split(
    rows: list[_Row],
    edges: tuple[float, float],
    walls: Sequence[_Wall],
    column: tuple[int, int],
    depth: int,
) -> list[Region]:
    band = _band(rows, walls) if depth < _MAX_DEPTH else None
    if band is None:
        return [Region(rows=tuple(rows), x0=edges[0], x1=edges[1], column=column)] if rows else []
    first, last, gutter = band
    left, right = _sides(rows[first:last], gutter)
    count, index = column
    return [
        *_split(rows[:first], edges, walls, column, depth + 1),
        *_split(left, (edges[0], gutter), walls, (count * 2, index * 2), depth + 1),
        *_split(right, (gutter, edges[1]), walls, (count * 2, index * 2 + 1), depth + 1),
        *_split(rows[last:], edges, walls, column, depth),
    ]


def _band(rows: list[_Row], walls: Sequence[_Wall]) -> tuple[int, int, float] | None:
    """Return the rows (from, to) that stand in two columns, and the gutter between them."""
    best: tuple[int, int, float] | None = None
    split = [runs(row, _GAP) for row in rows]
    for gutter in _gutters(split):
        first = 0
        while first < len(rows):
            last = first
            while last < len(rows) and not _crosses(split[last], gutter):
                if last > first and _wall_between(rows[last - 1], rows[last], walls, gutter):
                    break
                last += 1
            wins = best is None or last - first > best[1] - best[0]
            begin = first + _masthead_rows(rows[first:last])
            if wins and _is_set_in_columns(split[begin:last], gutter):
                best = (begin, last, gutter)
            first = max(last, first + 1)
    return best


def _gutters(split: list[list[Run]]) -> list[float]:
    """Return where gutters may be: the middles of the gaps, each once."""
    found: list[float] = []
    for row in split:
        for before, after in pairwise(row):
            middle = (before.x1 + after.x0) / 2
            if all(abs(middle - other) > before.size / 2 for other in found):
                found.append(middle)
    return found


def _masthead_rows(rows: list[_Row]) -> int:
    """Return 1 where the first row is the line with publisher and date, which is no column yet."""
    date = find_date(text_of(rows[0])) if rows else None
    return int(date is not None and not text_of(rows[0])[date.end :].strip())


def _crosses(row: list[Run], gutter: float) -> bool:
    return any(run.x0 < gutter < run.x1 for run in row)


def _wall_between(upper: _Row, lower: _Row, walls: Sequence[_Wall], gutter: float) -> bool:
    return any(
        upper[0].y < top < lower[0].y and left < gutter < right for left, right, top in walls
    )


def _is_set_in_columns(split: list[list[Run]], gutter: float) -> bool:
    """Tell whether the rows are running text on both sides, not cells or a spaced-out line."""
    left = [run for row in split for run in row if run.x1 <= gutter]
    right = [run for row in split for run in row if run.x0 >= gutter]
    if min(len(left), len(right)) < _MIN_ROWS:
        return False
    outer_left = min(run.x0 for run in left)
    outer_right = max(run.x1 for run in right)
    inner_left = max(run.x1 for run in left)
    inner_right = min(run.x0 for run in right)
    fill_left = median(run.x1 - run.x0 for run in left) / max(1.0, inner_left - outer_left)
    fill_right = median(run.x1 - run.x0 for run in right) / max(1.0, outer_right - inner_right)
    even = (inner_left - outer_left) / max(1.0, outer_right - inner_right)
    return min(fill_left, fill_right) >= _FILLED and 1 / 3 <= even <= 3  # noqa: PLR2004 - neither column thrice the other


def _sides(rows: list[_Row], gutter: float) -> tuple[list[_Row], list[_Row]]:
    left = [tuple(glyph for glyph in row if glyph.x0 < gutter) for row in rows]
    right = [tuple(glyph for glyph in row if glyph.x0 >= gutter) for row in rows]
    return [row for row in left if row], [row for row in right if row]
