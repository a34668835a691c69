"""The masthead (报头): name, number, publisher, date, above the first headline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailer.reading.contents import is_contents_heading
from mailer.reading.dates import PrintedDate, find_date
from mailer.reading.issue_number import IssueNumber, find_issue_number
from mailer.reading.labels import find_labels
from mailer.reading.letters import compact, ends_sentence, has_sentence, is_han
from mailer.reading.lines import Grid, Item, Line
from mailer.reading.marks import is_mark
from mailer.reading.names import is_bulletin_name
from mailer.reading.publisher import is_unit_line, publisher_cell, publisher_in

_WINDOW = 30  # lines among which the masthead is looked for
_SENTENCE = 30  # letters: a longer line with a stop is body
_NEAR = 4  # lines that may stand between two parts of a masthead
_TITLE_LINES = 4
_LONGEST_REST = 40
_LONGEST_TITLE = 60
_DASHED = re.compile(r"^[-—－–─]+\s*\S")
_SIGNER = re.compile(
    r"^\s*(?:签\s*发|簽\s*發|审\s*核|审\s*签|值班单位|值班时段|责任编辑|主\s*编|编\s*辑|核\s*稿|电\s*话|联系\S{0,3})(?:\s*人)?\s*[:：]"
)
_HOLE_DATE = re.compile(
    r"%\w+%|[XxＸ×*_\d\s]{0,6}年[XxＸ×*_\s\d]{0,4}月[XxＸ×*_\s\d]{0,4}日?|\d{4}\s*年\s*\d{1,2}\s*月$"
)
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


@dataclass(kw_only=True, slots=True)
class _Parts:
    """What was found so far, with the indexes that are taken."""

    number: IssueNumber | None = None
    date: PrintedDate | None = None
    publishers: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    taken: dict[int, str] = field(default_factory=dict)
    """Index of an item → the text that is left of its line."""
    first: int | None = None


def read_masthead(items: Sequence[Item]) -> Masthead:
    """Read the masthead from the beginning of the items; the body may begin anywhere after it."""
    window = _window(items)
    parts = _Parts()
    for index, line in window:
        _read_line(index, line, parts)
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
        is_body = len(compact(text)) >= _SENTENCE and has_sentence(text)
        if is_body or is_contents_heading(text) or find_labels(text) or len(found) >= _WINDOW:
            break
        found.append((index, item))
    return found


def _read_line(index: int, line: Line, parts: _Parts) -> None:
    """Take from a line what belongs to the masthead."""
    if parts.taken and index - max(parts.taken) > _NEAR:
        return
    number = _number_of(line, parts)
    rest = line.text if number is None else number.rest
    if number is not None:
        parts.first = index if parts.first is None else parts.first
        parts.number = _merged(parts.number, number)
    rest, dated = _without_date(rest, parts)
    named = _named(rest)
    anchored = number is not None or dated
    if named and not (anchored or parts.taken or _is_publisher_alone(rest)):
        named = None
    if not (anchored or named or _SIGNER.match(rest)):
        return
    if named:
        parts.publishers.append(named)
    elif rest.strip():
        _rest_of(rest, parts, has_date=dated)
    parts.taken[index] = rest


def _without_date(rest: str, parts: _Parts) -> tuple[str, bool]:
    """Return the line without its date, or the empty place of one, and whether it had one."""
    if parts.date is None:
        date = find_date(rest)
        if date is not None and _is_date_line(rest, date):
            parts.date = date
            return f"{rest[: date.start]}  {rest[date.end :]}", True
        if date is None and parts.number and _HOLE_DATE.search(rest) and not ends_sentence(rest):
            return _HOLE_DATE.sub("  ", rest), True
    return rest, False


def _named(rest: str) -> str | None:
    """Return the publisher that a line names by a word, alone or in one of its cells."""
    cells = [cell.strip() for cell in re.split(r"\s{2,}|\u3000+", rest) if cell.strip()]
    for text in (rest, *cells):
        named = publisher_in(text)
        if named and not is_mark(named):
            return named
    return None


def _is_publisher_alone(text: str) -> bool:
    """Tell whether a line names a publisher even where no number stands above it."""
    return re.search("[:：]|[编編办辦印发發]$", text) is not None and not has_sentence(text)


def _number_of(line: Line, parts: _Parts) -> IssueNumber | None:
    """Return the number of a line that is a number line and no headline with 第3期 in it."""
    found = find_issue_number(line.text)
    if found is None or has_sentence(line.text):
        return None
    if (
        parts.number
        and (parts.number.number or not found.is_total_only)
        and not _completes(parts.number, found)
    ):
        return None
    rest = found.rest
    date = find_date(rest)
    if date:
        rest = rest[: date.start] + rest[date.end :]
    rest = compact(_HOLE_DATE.sub("", rest))
    clean = re.sub(r"[（(][^（()）]*[）)]", "", rest).strip("-—·|，,")
    known = not clean or is_bulletin_name(clean) or is_unit_line(clean) or publisher_in(rest)
    return (
        found
        if known
        or _SIGNER.match(rest)
        or (len(re.split(r"\s{2,}", found.rest)) > 1 and len(clean) <= _LONGEST_REST)
        else None
    )


def _completes(known: IssueNumber, found: IssueNumber) -> bool:
    """Tell whether a second number line gives what the first left open (the total alone)."""
    return found.is_total_only and known.total is None


def _merged(known: IssueNumber | None, found: IssueNumber) -> IssueNumber:
    if known is None:
        return found
    if found.is_total_only:
        known, found = found, known
    return IssueNumber(
        number=found.number,
        year=found.year,
        total=found.total if found.total is not None else known.total,
        rest=found.rest,
        prefix=found.prefix,
        is_document_number=found.is_document_number,
        extra=found.extra,
    )


def _is_date_line(rest: str, date: PrintedDate) -> bool:
    """Tell whether a date stands for itself and not inside a headline or sentence."""
    other = f"{rest[: date.start]}  {rest[date.end :]}"
    if len(compact(other)) > _LONGEST_REST or "。" in other or "，" in other:
        return False
    before, after = rest[: date.start].rstrip(), rest[date.end :].strip()
    alone = not after or after.startswith(
        ("印发", "签", "第", "（", "星期", "总", "编", "主", "印", "责")
    )
    return alone or (
        (not before.strip() or rest[: date.start].endswith((" ", "\u3000")))
        and (rest[date.end : date.end + 1] in (" ", "\u3000"))
    )


def _rest_of(rest: str, parts: _Parts, *, has_date: bool) -> None:
    """Keep what stands beside a date or a number: the publisher, or the bulletin's name."""
    cell = publisher_cell(rest)
    if cell is None or is_mark(cell):
        return
    if is_bulletin_name(cell) and not has_date:
        parts.cells.insert(0, cell)
    elif has_date or is_unit_line(cell):
        parts.publishers.append(cell)


def _title(
    above: list[tuple[int, Line]],
    between: list[tuple[int, Line]],
    parts: _Parts,
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
    parts: _Parts,
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
