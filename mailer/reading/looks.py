"""Which lines stand out from the running text: centred, larger, bold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mailer.reading.letters import compact, ends_sentence
from mailer.reading.lines import Align, Line

Value = TypeVar("Value")

_LARGER = 0.9  # points
_LONGEST_HEADLINE = 90
_CENTRED_TEXTS = 2  # centred lines of a text file before the others count as no headlines
_INDENTED = 1.2  # letters
_INDENTED_SHARE = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """The look of the running text, against which headlines stand out."""

    size: float | None = None
    bold: bool = False
    indented: bool = False
    """Paragraphs begin with an indent, so a line without one goes on or is a headline."""
    tells: bool = False
    """Some line stands out: then a line that does not is no headline."""

    def stands_out(self, line: Line) -> bool | None:
        """Tell whether a line looks like a headline; None where looks do not say."""
        if len(compact(line.text)) > _LONGEST_HEADLINE:
            return False
        if _differs(line, self):
            return True
        return False if self.tells else None


def look_of(lines: Sequence[Line]) -> Looks:
    """Return the look of most letters that stand in sentences."""
    running = [line for line in lines if _is_running(line)] or list(lines)
    sizes = _most((line.size, len(line.text)) for line in running if line.size is not None)
    bolds = _most((line.bold, len(line.text)) for line in running if line.bold is not None)
    starts = [line for line in running if line.indent is not None and line.starts is not False]
    indented = [line for line in starts if (line.indent or 0) > _INDENTED]
    base = Looks(size=sizes, bold=bool(bolds))
    out = [line for line in lines if _differs(line, base) and not _is_running(line)]
    least = 1 if sizes is not None else _CENTRED_TEXTS
    return Looks(
        size=sizes,
        bold=bool(bolds),
        indented=len(indented) > _INDENTED_SHARE * _paragraph_starts(starts),
        tells=len(out) >= least and bool(running) and len(out) < len(lines),
    )


def same_look(one: Line, other: Line) -> bool:
    """Tell whether two lines are set alike."""
    sizes = one.size is None or other.size is None or abs(one.size - other.size) < _LARGER
    return (
        sizes
        and one.bold == other.bold
        and one.color == other.color
        and (one.align == other.align or None in (one.align, other.align))
    )


def _paragraph_starts(lines: Sequence[Line]) -> int:
    """Count the lines with which a paragraph may begin: those after one that is not full."""
    count = 0
    before: Line | None = None
    for line in lines:
        count += before is None or not before.full or (line.indent or 0) > _INDENTED
        before = line
    return max(1, count)


def _is_running(line: Line) -> bool:
    long = len(compact(line.text)) > _LONGEST_HEADLINE / 4
    return (ends_sentence(line.text) or bool(line.full)) and long and line.align is not Align.CENTER


def _differs(line: Line, base: Looks) -> bool:
    text = line.text.rstrip()
    if text.endswith(("。", "；", "，", "、")):
        return False
    if line.align is Align.CENTER:
        return line.size is None or base.size is None or line.size > base.size - _LARGER
    if line.size is not None and base.size is not None and line.size >= base.size + _LARGER:
        return True
    # A whole line in bold is a headline; one that runs on to the margin begins a paragraph.
    return bool(line.bold) and not base.bold and not line.full


def _most(pairs: Iterable[tuple[Value, int]]) -> Value | None:
    counts: dict[Value, int] = {}
    for value, weight in pairs:
        counts[value] = counts.get(value, 0) + weight
    return max(counts, key=lambda value: counts[value], default=None)
