"""Statutory documents (通知, 批复, 函 …): not bulletins, but labelled all the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.reading.dates import find_date
from mailer.reading.entries import BlockText, plausible, read_entries
from mailer.reading.issue_number import find_issue_number
from mailer.reading.labels import Label
from mailer.reading.letters import compact, dense, ends_sentence, has_sentence
from mailer.reading.lines import Item, Line
from mailer.reading.marks import is_mark
from mailer.reading.names import OFFICIAL_KINDS, looks_like_unit
from mailer.reading.publisher import tidy_unit
from mailer.reading.tail import ATTACHMENT, RawBlock

_WINDOW = 25
_HEADLINE_LINES = 4
_LONGEST = 120
_ABOUT = re.compile(rf"^.{{0,60}}关于.{{2,100}}(?:{OFFICIAL_KINDS})(?:[（(].{{1,12}}[）)])?$")
_PLAIN = re.compile(r"^[^，。：]{2,30}(?:通知|通告|公告|批复|令|函)(?:[（(].{1,12}[）)])?$")
_REDHEAD = re.compile(r"^(?P<unit>.{2,60}?)\s*(?:文\s*件|（?函）?)$")
_STAMP = re.compile(r"^[（(]?(?:盖章|公章|印章|签章|此页无正文|联系人[:：].*)[）)]?$")
_LINES_UP = 4  # lines above the date of signing among which the signing units stand


@dataclass(frozen=True, kw_only=True, slots=True)
class Official:
    """What is particular to a statutory document, with the indexes of its body (from, to)."""

    title: str
    publisher: str | None = None
    date: str | None = None
    receivers: RawBlock | None = None
    start: int = 0
    end: int = 0


def read_official(items: Sequence[Item], end: int) -> Official | None:
    """Read a statutory document; None where no headline of one stands at the beginning."""
    found = _headline(items[:end])
    if found is None:
        return None
    title, first, after = found
    receivers = _receivers(items, after, end)
    start = after + (receivers is not None)
    signed_at, date = _signature_date(items, start, end)
    units, body_end = _signers(items, start, signed_at) if date else ([], end)
    body_end = _before_attachments(items, start, body_end)
    redhead = _redhead(items[:first])
    return Official(
        title=title,
        publisher=redhead or (" ".join(units) or None),
        date=date,
        receivers=receivers,
        start=start,
        end=body_end,
    )


def _headline(items: Sequence[Item]) -> tuple[str, int, int] | None:
    """Return the headline, its first index and the index after it."""
    lines = [(index, item) for index, item in enumerate(items) if isinstance(item, Line)]
    for position, (index, line) in enumerate(lines[:_WINDOW]):
        text = compact(line.text)
        if has_sentence(text) and len(text) > _LONGEST / 4:
            return None
        number = find_issue_number(line.text)
        if is_mark(line.text) or (number and not number.rest) or text.endswith(("文件", "：", ":")):
            continue
        joined = ""
        for last, part in lines[position : position + _HEADLINE_LINES]:
            joined += dense(part.text)
            if has_sentence(joined) or len(joined) > _LONGEST:
                break
            about = "关于" in text and _ABOUT.match(joined)
            plain = joined == text and position + 1 < len(lines) and _PLAIN.match(joined)
            if about or plain:
                return joined, index, _after_number(items, last + 1)
    return None


def _after_number(items: Sequence[Item], index: int) -> int:
    """Return the index after a document number that stands under the headline."""
    while index < len(items):
        item = items[index]
        number = find_issue_number(item.text) if isinstance(item, Line) else None
        if isinstance(item, Line) and (number is None or number.rest):
            break
        index += 1
    return index


def _receivers(items: Sequence[Item], index: int, end: int) -> RawBlock | None:
    """Return the receivers that are printed without a label: 各分站、各部办：."""
    if index >= end or not isinstance(line := items[index], Line):
        return None
    text = line.text.strip()
    if not text.endswith(("：", ":")) or has_sentence(text):
        return None
    lines = (BlockText(text=text[:-1]),)
    if not plausible(read_entries(lines).entries):
        return None
    return RawBlock(label=Label(kind="主送", start=0, end=0), lines=lines, number=line.number)


def _signature_date(items: Sequence[Item], start: int, end: int) -> tuple[int, str | None]:
    """Return the last line before the tail that is only a date."""
    for index in range(end - 1, start - 1, -1):
        item = items[index]
        if isinstance(item, Line):
            date = find_date(item.text)
            rest = item.text[: date.start] + item.text[date.end :] if date else "?"
            if date and not compact(rest):
                return index, date.value
    return end, None


def _signers(items: Sequence[Item], start: int, signed_at: int) -> tuple[list[str], int]:
    """Return the units above the date of signing and the index where the body ends."""
    units: list[str] = []
    end = signed_at
    for index in range(signed_at - 1, max(start, signed_at - _LINES_UP) - 1, -1):
        item = items[index]
        if not isinstance(item, Line):
            continue
        text = item.text.strip()
        if _STAMP.match(compact(text)):
            end = index
        elif not ends_sentence(text) and looks_like_unit(text):
            units.insert(0, tidy_unit(text))
            end = index
        else:
            break
    return units, end


def _before_attachments(items: Sequence[Item], start: int, end: int) -> int:
    """Return where the text ends before the list of attachments."""
    for index in range(start, end):
        item = items[index]
        if isinstance(item, Line) and ATTACHMENT.match(item.text) and not has_sentence(item.text):
            return index
    return end


def _redhead(items: Sequence[Item]) -> str | None:
    """Return the issuing units out of the red head 某某文件."""
    for item in items:
        match = _REDHEAD.match(item.text.strip()) if isinstance(item, Line) else None
        if match and not is_mark(match[0]):
            return tidy_unit(match["unit"])
    return None
