"""The masthead (报头): name, number, publisher, date, above the first headline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.reading.contents import is_contents_heading
from mailer.reading.head_lines import Parts, read_line
from mailer.reading.issue_number import IssueNumber
from mailer.reading.labels import find_labels
from mailer.reading.letters import compact, ends_sentence, has_sentence, is_han
from mailer.reading.lines import Grid, Item, Line
from mailer.reading.marks import is_mark
from mailer.reading.names import is_bulletin_name
from mailer.reading.publisher import is_unit_line, publisher_cell

_WINDOW = 30  # lines among which the masthead is looked for
_SENTENCE = 16  # letters: a longer line with a stop is body
_TITLE_LINES = 4
_LONGEST_TITLE = 60
_DASHED = re.compile(r"^[-—－–─]+\s*\S")
_LATIN = re.compile(r"[A-Za-z][A-Za-z\s.,&'-]*")
_OUTER = "《》〈〉【】「」"


@dataclass(frozen=True, kw_only=True, slots=True)
class Masthead:
    """What the masthead says, and the index of the first item after it."""

    title: str | None = None
    number: IssueNumber | None = None
    publisher: str | None = None
    date: str | None = None
    end: int = 0
    inferred_publisher: bool = False


def read_masthead(items: Sequence[Item]) -> Masthead:
    """Read the masthead from the beginning of the items; the body may begin anywhere after it."""
    window = _window(items)
    parts = Parts()
    for index, line in window:
        read_line(index, line, parts)
    last = max(parts.taken, default=-1)
    names = [
        (index, line)
        for index, line in window
        if index not in parts.taken
        and not is_mark(line.text)
        and index < max(last, 1)
        and not _LATIN.fullmatch(line.text.strip())
    ]
    head_end = parts.first if parts.first is not None else last + 1
    above = [(index, line) for index, line in names if index < head_end]
    between = [(index, line) for index, line in names if index > head_end]
    title, units, end = _title(above, between, parts, window)
    publisher, inferred = _publisher(parts, between, units, title)
    if title is not None and units and not inferred:
        title = "".join(compact_name(unit) for unit in units) + title
    return Masthead(
        title=title,
        number=parts.number,
        publisher=publisher,
        date=parts.date.value if parts.date else None,
        end=max([end, last + 1, *_unit_ends(between, publisher)]),
        inferred_publisher=inferred,
    )


def compact_name(text: str) -> str:
    """Return a name without blanks between its Han letters."""
    text = text.strip().strip(_OUTER).strip()
    words = text.split()
    result = words[0] if words else ""
    for word in words[1:]:
        both = is_han(result[-1:]) or is_han(word[:1]) or word[0] in "、，（"
        result += word if both else f" {word}"
    return result


def _window(items: Sequence[Item]) -> list[tuple[int, Line]]:
    """Return the lines that may belong to the masthead: up to the first evidence of a body."""
    found: list[tuple[int, Line]] = []
    for index, item in enumerate(items[: 2 * _WINDOW]):
        if isinstance(item, Grid):
            break
        if not isinstance(item, Line):
            continue
        text = item.text
        is_body = len(compact(text)) >= _SENTENCE and has_sentence(text) and not is_mark(text)
        if is_body or is_contents_heading(text) or find_labels(text) or len(found) >= _WINDOW:
            break
        found.append((index, item))
    return found


def _title(
    above: list[tuple[int, Line]],
    between: list[tuple[int, Line]],
    parts: Parts,
    window: list[tuple[int, Line]],
) -> tuple[str | None, list[str], int]:
    """Return the name, the units that stand above it, and the index after its last line."""
    lines = [(index, line) for index, line in above if not _DASHED.match(line.text)]
    if not lines:
        inline = next((cell for cell in parts.cells if is_bulletin_name(cell)), None)
        if inline:
            return compact_name(inline), [], 0
        lines = [(index, line) for index, line in between if is_bulletin_name(line.text)][:1]
    if not lines and not parts.taken:
        lines = _bare_title(window)
    if not lines:
        return None, [], 0
    lines = _nearest(lines)
    texts = [line.text for _, line in lines]
    end = max(index for index, _ in [*lines, *above]) + 1
    units: list[str] = []
    while len(texts) > 1 and is_unit_line(texts[0]):
        units.append(texts.pop(0))
    name = "".join(compact_name(text) for text in texts)
    if len(texts) == 1 and is_unit_line(texts[0]) and not is_bulletin_name(name):
        return None, [texts[0]], end
    return (name if len(name) <= _LONGEST_TITLE else None), units, end


def _nearest(lines: list[tuple[int, Line]]) -> list[tuple[int, Line]]:
    """Return the lines of the name: of sizes known, the largest and those beside them."""
    return lines[-_TITLE_LINES:]


def _bare_title(window: list[tuple[int, Line]]) -> list[tuple[int, Line]]:
    """Return the name of a bulletin that prints no number, publisher or date."""
    lines = [(index, line) for index, line in window if not is_mark(line.text)]
    if lines and is_bulletin_name(lines[0][1].text) and not ends_sentence(lines[0][1].text):
        return lines[:1]
    return []


def _publisher(
    parts: Parts,
    between: list[tuple[int, Line]],
    units: list[str],
    title: str | None,
) -> tuple[str | None, bool]:
    """Return the publisher, and whether it had to be inferred from the unit above the name."""
    if parts.publishers:
        lead = [line.text for _, line in between if is_unit_line(line.text)]
        names = [parts.publishers[0]]
        if lead and parts.publishers[0] not in lead:
            names = [*(name.strip() for name in lead), *names]
        return " ".join(dict.fromkeys(names)), False
    for _, line in between:
        if is_unit_line(line.text):
            return publisher_cell(line.text), False
    if units:
        return publisher_cell(units[-1]), title is not None
    return None, False


def _unit_ends(between: list[tuple[int, Line]], publisher: str | None) -> list[int]:
    return [
        index + 1
        for index, line in between
        if publisher and compact(line.text) and compact(line.text) in compact(publisher)
    ]
