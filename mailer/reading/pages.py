"""Pages of letters with places become lines in reading order, with their standing on the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mailer.reading.columns import Region, regions
from mailer.reading.glyphs import Glyph, most, rows, text_of
from mailer.reading.grids import Frame, find_frames
from mailer.reading.lines import Align, Figure, Grid, Item, Line, Ruling, Source
from mailer.reading.strokes import Picture, Stroke

_RULE_SHARE = 0.4  # of the page's width: a longer horizontal stroke parts the text
_EDGE_STEP = 3.0  # points: edges nearer than this are the same edge
_EDGE_SHARE = 0.04  # of the lines end at an edge, or it is none
_FULL = 2.2  # letters that a full line may lack: a figure or a stop moves down with its letter
_CENTRED = 0.9  # letters that a centred line may stand off the middle
_CENTRED_BLANK = 1.2  # letters of blank that a centred line has at each side
_BODY_INDENT = (1.6, 2.5)  # letters: the indent of an ordinary paragraph
_RIGHT_INDENT = 0.35  # of the text's width
_SAME_SIZE = 0.6  # points
_LONG = 8  # letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What stands on one page."""

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    strokes: tuple[Stroke, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Raw:
    """A row inside its region, before the edges of the running text are known."""

    glyphs: tuple[Glyph, ...]
    page: int
    column: tuple[int, int]

    @property
    def size(self) -> float:
        return most(glyph.size for glyph in self.glyphs)


_Element = _Raw | Ruling | Frame | Figure


def read_pages(pages: Sequence[Page], doubts: tuple[tuple[str, str], ...] = ()) -> Source:
    """Return the lines of all pages in reading order."""
    elements = [each for number, page in enumerate(pages, 1) for each in _elements(page, number)]
    raws = [each for each in elements if isinstance(each, _Raw)]
    body = most(glyph.size for raw in raws for glyph in raw.glyphs) if raws else 0.0
    edges = _edges(raws)
    items: list[Item] = []
    for number, element in enumerate(elements, start=1):
        if isinstance(element, _Raw):
            items.append(_line(element, number, edges[element.column], body))
        elif isinstance(element, Frame):
            items.append(_grid(element, number))
        else:
            items.append(replace(element, number=number))
    return Source(items=tuple(items), styled=True, doubts=doubts)


def _elements(page: Page, number: int) -> list[_Element]:
    """Return what stands on a page in reading order."""
    frames, loose = find_frames(page.strokes, page.glyphs, number)
    found: list[_Element] = []
    blocks = [(frame.x0, frame.x1, frame.top, frame) for frame in frames]
    others: list[tuple[float, float, float, _Element]] = [*blocks]
    for stroke in page.strokes:
        long = stroke.horizontal and stroke.x1 - stroke.x0 > _RULE_SHARE * page.width
        if long and not any(frame.holds(stroke) for frame in frames):
            rule = Ruling(number=0, page=number, top=stroke.y0)
            others.append((stroke.x0, stroke.x1, stroke.y0, rule))
    for picture in page.pictures:
        figure = Figure(
            number=0,
            page=number,
            top=picture.y0,
            media_type=picture.media_type,
            data=picture.data,
        )
        others.append((picture.x0, picture.x1, picture.y0, figure))
    walls = [(x0, x1, top) for x0, x1, top, other in others if not isinstance(other, Figure)]
    for region in regions(rows(loose), walls):
        found += _inside(region, others, number)
    found += [element for *_, element in sorted(others, key=lambda other: other[2])]
    return found


def _inside(
    region: Region, others: list[tuple[float, float, float, _Element]], number: int
) -> Iterable[_Element]:
    """Yield the rows of a region, and before each the other things that stand above it."""
    for row in region.rows:
        top = row[0].y - row[0].size
        for other in sorted(others, key=lambda each: each[2]):
            middle = (other[0] + other[1]) / 2
            if other[2] < top + row[0].size / 2 and region.x0 <= middle <= region.x1:
                others.remove(other)
                yield other[3]
        yield _Raw(glyphs=row, page=number, column=region.column)


def _edges(raws: Sequence[_Raw]) -> dict[tuple[int, int], tuple[float, float]]:
    """Return the left and right edge of the running text in each kind of column."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for column in {raw.column for raw in raws}:
        inside = [raw for raw in raws if raw.column == column]
        running = [raw for raw in inside if len(raw.glyphs) >= _LONG] or inside
        lefts = [raw.glyphs[0].x0 for raw in running]
        rights = [raw.glyphs[-1].x1 for raw in running]
        found[column] = (_common(lefts, low=True), _common(rights, low=False))
    return found


def _common(values: Sequence[float], *, low: bool) -> float:
    """Return the outermost value that enough lines share: a hanging stop or two move no edge."""
    ordered = sorted(values, reverse=not low)
    enough = max(2, _EDGE_SHARE * len(values))
    for value in ordered:
        if sum(abs(value - other) <= _EDGE_STEP for other in values) >= enough:
            return value
    return ordered[0]


def _line(raw: _Raw, number: int, edges: tuple[float, float], body: float) -> Line:
    first, last = raw.glyphs[0], raw.glyphs[-1]
    size = raw.size
    left, right = edges
    letters = len(raw.glyphs)
    indent = (first.x0 - left) / size
    align = _align(first.x0, last.x1, edges, size)
    bold = sum(glyph.bold for glyph in raw.glyphs) * 2 > letters
    ordinary = _BODY_INDENT[0] <= indent <= _BODY_INDENT[1] and abs(size - body) <= _SAME_SIZE
    if align is Align.CENTER and ordinary and not bold:
        align = None
    colors = [glyph.color for glyph in raw.glyphs]
    return Line(
        text=text_of(raw.glyphs),
        number=number,
        page=raw.page,
        left=first.x0,
        right=last.x1,
        top=first.y - size,
        bottom=first.y,
        size=size,
        bold=bold,
        color=max(colors, key=colors.count),
        align=align,
        full=last.x1 >= right - _FULL * size and align is not Align.CENTER,
        indent=max(0.0, indent),
    )


def _align(x0: float, x1: float, edges: tuple[float, float], size: float) -> Align | None:
    left, right = edges
    blank_left, blank_right = x0 - left, right - x1
    if (
        min(blank_left, blank_right) > _CENTRED_BLANK * size
        and abs(blank_left - blank_right) < 2 * _CENTRED * size
    ):
        return Align.CENTER
    over_wide = blank_left < 0 and blank_right < 0
    if over_wide and abs(blank_left - blank_right) < 2 * _CENTRED * size:
        return Align.CENTER
    if blank_left > _RIGHT_INDENT * (right - left) and blank_right < 2 * _FULL * size:
        return Align.RIGHT
    return None


def _grid(frame: Frame, number: int) -> Grid:
    """Return a ruled table with the lines of its cells."""
    cells = tuple(
        tuple(tuple(_cell_lines(cell, number, frame.page)) for cell in row) for row in frame.cells
    )
    return Grid(rows=cells, number=number, page=frame.page, top=frame.top)


def _cell_lines(glyphs: Sequence[Glyph], number: int, page: int) -> Iterable[Line]:
    found = rows(glyphs)
    right = max((row[-1].x1 for row in found), default=0.0)
    left = min((row[0].x0 for row in found), default=0.0)
    for row in found:
        size = most(glyph.size for glyph in row)
        yield Line(
            text=text_of(row),
            number=number,
            page=page,
            left=row[0].x0,
            right=row[-1].x1,
            size=size,
            bold=sum(glyph.bold for glyph in row) * 2 > len(row),
            full=row[-1].x1 >= right - _FULL * size,
            indent=(row[0].x0 - left) / size,
        )
