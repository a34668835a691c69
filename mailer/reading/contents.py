"""The list of contents (目录, 本期要目): its lines repeat headlines and are no articles."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailer.reading.labels import find_labels
from mailer.reading.letters import compact, has_sentence
from mailer.reading.lines import Grid, Item, Line
from mailer.reading.shapes import boxed, is_column_word

_HEADING = re.compile(
    r"[≡=★☆◆●■【\[〔《—\-\s]*(?:本期)?(?:目录|目錄|要目|导读|导航|要闻目录|内容提要|提要"
    r"|内容导读|要目导览|导览|今日要目|看点|重点|目次|内容摘要|摘要|主要内容|要目索引)"
    r"[≡=★☆◆●■】\]〕》—\-\s:：]*"
)
_END = re.compile(
    r"[≡=★☆◆●■【\[—\-\s]*(?:本期)?(?:详情|正文|详细内容|详细信息|本期内容)[≡=★☆◆●■】\]—\-\s]*"
)
_BULLET = re.compile(r"^[·•●○◎※★☆◆◇■□▲△►▶→➢√*＊\-—–]+\s*")
_NUMBERED = re.compile(r"^(?:[0-9０-９]{1,2}\s*[.．、]|[（(][0-9]{1,2}[）)]|[①-⑳])\s*(?=\D)")
_PAGE = re.compile(
    r"(?:[\s\u3000.．…·•⋯—\-_]{2,}|[\s\u3000]+|[…⋯]+)"
    r"[（(]?\s*[0-9０-９]{1,3}(?:\s*[-—~]\s*[0-9]{1,3})?\s*[）)]?$"
    r"|[（(]\s*第?\s*[0-9]{1,3}\s*[页頁]?\s*[）)]$"
)
_DOTS = re.compile(r"[.．…·⋯_]{3,}\s*$")
_LONG = 28  # letters: a longer line with a stop is body
_LONGEST = 120  # letters of a line of contents; of longer ones only the beginning is looked at
_MOST = 120  # lines above a list of contents, and lines in it


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The headlines and columns that a list of contents names, and the items that it takes."""

    headlines: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    start: int = 0
    end: int = 0


def is_contents_heading(text: str) -> bool:
    """Tell whether a line is the heading of a list of contents."""
    return _HEADING.fullmatch(compact(text)) is not None


def find_contents(items: Sequence[Item]) -> Contents:
    """Return the list of contents; an empty one where there is none.

    It ends where its first line comes again, at a heading 本期详情, or before the running text.
    """
    for index, item in enumerate(items[:_MOST]):
        if isinstance(item, Line) and is_contents_heading(item.text):
            return _read(items, index)
    return Contents()


def _read(items: Sequence[Item], start: int) -> Contents:
    entries: list[tuple[int, str, bool]] = []
    end = start + 1
    for index in range(start + 1, len(items)):
        item = items[index]
        if isinstance(item, Grid) or len(entries) >= _MOST:
            break
        if not isinstance(item, Line):
            continue
        if _END.fullmatch(compact(item.text)):
            end = index + 1
            break
        name = entry_name(item.text)
        if find_labels(item.text) or _is_again(name, item.text, entries):
            end = index
            break
        if has_sentence(item.text) and len(compact(item.text)) >= _LONG:
            end = _before_body(entries, index)
            break
        entries.append((index, item.text, _is_entry(item.text)))
        end = index + 1
    listed = [(text, marked) for index, text, marked in entries if index < end]
    return Contents(
        headlines=_headlines([text for text, _ in listed]),
        columns=_columns(listed),
        start=start,
        end=end,
    )


def entry_name(text: str) -> str:
    """Return what a line of contents names: without sign, dots and page number, for comparing."""
    text = text[:_LONGEST]
    inside = boxed(text)
    bare = inside if inside is not None else text.strip()
    bare = _DOTS.sub("", _PAGE.sub("", _BULLET.sub("", bare)))
    return compact(_NUMBERED.sub("", bare))


def _is_again(name: str, text: str, entries: list[tuple[int, str, bool]]) -> bool:
    """Tell whether a line repeats an earlier one, no sign before it: there the text begins."""
    if boxed(text) is not None:
        return any(compact(text) == compact(other) for _, other, _ in entries)
    if _BULLET.match(text.strip()) and any(_BULLET.match(other.strip()) for _, other, _ in entries):
        first = entries[0][1]
        return name == entry_name(first) and len(entries) > 1
    names = [entry_name(other) for _, other, _ in entries]
    joined = [one + other for one, other in pairwise(names)]
    starts = len(name) > 5 and any(other.startswith(name) for other in names)  # noqa: PLR2004 - shorter beginnings repeat by chance
    return name in names or name in joined or starts


def _is_entry(text: str) -> bool:
    """Tell whether a line shows by a sign or a page number that it belongs to the list."""
    stripped = text.strip()
    return bool(_BULLET.match(stripped) or _PAGE.search(stripped) or _NUMBERED.match(stripped))


def _before_body(entries: list[tuple[int, str, bool]], index: int) -> int:
    """Return where the list ends when no line came again: the headline of the text is not of it."""
    if not entries:
        return index
    marked = [each for each in entries if each[2]]
    if marked:
        return marked[-1][0] + 1
    return entries[-1][0]


def _headlines(texts: list[str]) -> frozenset[str]:
    names = [entry_name(text) for text in texts]
    joined = [
        one + other
        for one, (other, text) in zip(names, list(zip(names, texts, strict=True))[1:], strict=False)
        if not _BULLET.match(text.strip())
    ]
    return frozenset(name for name in [*names, *joined] if name)


def _columns(listed: list[tuple[str, bool]]) -> frozenset[str]:
    """Return the lines that head others: in 【】, or alone without a sign among lines with one."""
    bulleted = sum(bool(_BULLET.match(text.strip())) for text, _ in listed)
    found: set[str] = set()
    for text, _ in listed:
        bare = bulleted and not _BULLET.match(text.strip())
        if boxed(text) is not None or bare or is_column_word(entry_name(text)):
            found.add(entry_name(text))
    return frozenset(found)
