"""Letters with their places, as PDF and OFD pages hold them, and the rows they form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

_SAME_ROW = 0.4  # of the letter size: baselines nearer than this are one row
_TOUCHING = 0.18  # of the letter size: gaps below are none between two Latin letters
_AUTOMATIC = 0.35  # of the letter size: white that word processors put between Han and Latin
_HAN_GAP = 0.7  # of the letter size: justified Han letters may stand that far apart
_FARTHEST = 100_000.0  # points from the corner of a page; NaN is nearer than nothing
_MOST_BLANKS = 60  # a broken file may place its letters anywhere
_TWICE = 0.25  # of the letter size: a letter printed twice (for boldness) stands nearer


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyph:
    """One letter on a page; ``y`` is its baseline, counted from the top of the page, in points."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool = False
    color: str | None = None
    blanks: int = 0
    """Blanks that are printed before the letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Letters of one row that stand together."""

    glyphs: tuple[Glyph, ...]

    @property
    def x0(self) -> float:
        """Return the left edge."""
        return self.glyphs[0].x0

    @property
    def x1(self) -> float:
        """Return the right edge."""
        return max(glyph.x1 for glyph in self.glyphs)

    @property
    def y(self) -> float:
        """Return the baseline."""
        return self.glyphs[0].y

    @property
    def size(self) -> float:
        """Return the size of most letters."""
        return most(glyph.size for glyph in self.glyphs)


def rows(glyphs: Iterable[Glyph]) -> list[tuple[Glyph, ...]]:
    """Return the letters row by row, each row from left to right; blanks are counted only."""
    found: list[list[Glyph]] = []
    placed = [glyph for glyph in glyphs if _is_placed(glyph)]
    for glyph in sorted(placed, key=lambda each: (each.y, each.x0)):
        # Compare with the row's first letter, so that a slow slope never chains two rows.
        if found and abs(glyph.y - found[-1][0].y) < _SAME_ROW * max(glyph.size, found[-1][0].size):
            found[-1].append(glyph)
        else:
            found.append([glyph])
    counted = [_without_blanks(sorted(row, key=lambda each: each.x0)) for row in found]
    return [_single(row) for row in counted if row]


def runs(row: Sequence[Glyph], gap: float) -> list[Run]:
    """Split a row where two letters stand more than ``gap`` letter sizes apart."""
    parts: list[list[Glyph]] = [[row[0]]]
    for before, after in pairwise(row):
        if after.x0 - before.x1 > gap * max(before.size, after.size):
            parts.append([after])
        else:
            parts[-1].append(after)
    return [Run(glyphs=tuple(part)) for part in parts]


def text_of(row: Sequence[Glyph]) -> str:
    """Return the text of a row; a gap becomes as many blanks as it is wide."""
    text = row[0].text
    for before, after in pairwise(row):
        text += _blanks(before, after) + after.text
    return text


def most(sizes: Iterable[float]) -> float:
    """Return the most frequent size, to half a point; the larger of two that are as frequent."""
    counts: dict[float, int] = {}
    for size in sizes:
        rounded = round(size * 2) / 2
        counts[rounded] = counts.get(rounded, 0) + 1
    return max(counts, key=lambda size: (counts[size], size))


def pitch(tops: Sequence[float]) -> float:
    """Return the usual distance between rows."""
    gaps = [after - before for before, after in pairwise(tops) if after - before > 1]
    return median(gaps) if gaps else 0.0


def _blanks(before: Glyph, after: Glyph) -> str:
    gap = after.x0 - before.x1
    size = max(before.size, after.size)
    wide = (before.text > "\u2fff") + (after.text > "\u2fff")
    least = (_TOUCHING, _AUTOMATIC, _HAN_GAP)[wide]
    if gap < least * size:
        return " " * min(after.blanks, _MOST_BLANKS)
    columns = round(gap / (size / 2) - (0 if wide == 2 else 0.5))  # noqa: PLR2004 - both are wide
    return " " * min(max(1, after.blanks, columns), _MOST_BLANKS)


def _is_placed(glyph: Glyph) -> bool:
    """Tell whether a letter has a size and a place that a page can have."""
    return glyph.size > 0 and all(
        abs(value) < _FARTHEST for value in (glyph.x0, glyph.x1, glyph.y, glyph.size)
    )


def _without_blanks(row: list[Glyph]) -> list[Glyph]:
    letters: list[Glyph] = []
    blanks = 0
    for glyph in row:
        if glyph.text.isspace():
            blanks += 2 if glyph.text == "\u3000" else 1
        else:
            letters.append(replace(glyph, blanks=blanks) if blanks else glyph)
            blanks = 0
    return letters


def _single(row: list[Glyph]) -> tuple[Glyph, ...]:
    """Drop letters that are printed a second time over themselves."""
    kept: list[Glyph] = []
    for glyph in row:
        again = any(
            glyph.text == other.text and abs(glyph.x0 - other.x0) < _TWICE * glyph.size
            for other in kept[-3:]
        )
        if not again:
            kept.append(glyph)
    return tuple(kept)
