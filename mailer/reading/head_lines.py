"""What one line of a masthead says: a number, a date, a publisher, or what stands beside them."""

import re
from dataclasses import dataclass, field

from mailer.reading.dates import PrintedDate, find_date
from mailer.reading.issue_number import IssueNumber, find_issue_number
from mailer.reading.letters import compact, ends_sentence, has_sentence
from mailer.reading.lines import Line
from mailer.reading.marks import is_mark
from mailer.reading.names import is_bulletin_name
from mailer.reading.publisher import is_unit_line, publisher_cell, publisher_in

_NEAR = 4  # lines that may stand between two parts of a masthead
_LONGEST_REST = 40
_SIGNER = re.compile(
    r"^\s*(?:签\s*发|簽\s*發|审\s*核|审\s*签|值班单位|值班时段|责任编辑|主\s*编|编\s*辑"
    r"|核\s*稿|电\s*话|联系\S{0,3})(?:\s*人)?\s*[:：]"
)
_HOLE_DATE = re.compile(
    r"%\w+%|[XxＸ×*_\d\s]{0,6}年[XxＸ×*_\s\d]{0,4}月[XxＸ×*_\s\d]{0,4}日?"
    r"|\d{4}\s*年\s*\d{1,2}\s*月$"
)


@dataclass(kw_only=True, slots=True)
class Parts:
    """What was found so far, with the indexes that are taken."""

    number: IssueNumber | None = None
    date: PrintedDate | None = None
    publishers: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    taken: dict[int, str] = field(default_factory=dict)
    """Index of an item → the text that is left of its line."""
    first: int | None = None


def read_line(index: int, line: Line, parts: Parts) -> None:
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
    beside = bool(parts.taken) and index - max(parts.taken) <= 1
    if not (anchored or named or (beside and _SIGNER.match(rest))):
        return
    if named:
        parts.publishers.append(named)
    elif rest.strip():
        _rest_of(rest, parts, has_date=dated)
    parts.taken[index] = rest


def _without_date(rest: str, parts: Parts) -> tuple[str, bool]:
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


def _number_of(line: Line, parts: Parts) -> IssueNumber | None:
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


def _rest_of(rest: str, parts: Parts, *, has_date: bool) -> None:
    """Keep what stands beside a date or a number: the publisher, or the bulletin's name."""
    cell = publisher_cell(rest)
    if cell is None or is_mark(cell):
        return
    if is_bulletin_name(cell) and not has_date:
        parts.cells.insert(0, cell)
    elif has_date or is_unit_line(cell):
        parts.publishers.append(cell)
