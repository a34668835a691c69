"""The numbers that Word prints before a paragraph and keeps out of its text (一、 （一） 1.)."""

import re

from lxml import etree

from mailer.reading.readers.archive import attribute, child, count, local
from mailer.reading.readers.word_styles import Look

_DIGITS = "零一二三四五六七八九"
_LETTERS = 26
_TEN = 10
_MAX_COUNT = 99
_CHINESE_FORMATS = {
    "chineseCounting",
    "chineseCountingThousand",
    "chineseLegalSimplified",
    "japaneseCounting",
    "taiwaneseCounting",
    "taiwaneseCountingThousand",
    "ideographDigital",
    "koreanCounting",
}
_SILENT = {"bullet", "none"}


class Numbering:
    """Counters of the numbered lists of one document, in reading order."""

    def __init__(self, root: etree._Element | None) -> None:
        self._abstract: dict[str, dict[int, etree._Element]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[tuple[str, int], int] = {}
        for element in root if root is not None else ():
            if local(element) == "abstractNum":
                levels = {
                    count(level, "ilvl", 0): level for level in element if local(level) == "lvl"
                }
                self._abstract[attribute(element, "abstractNumId") or ""] = levels
            elif local(element) == "num":
                target = attribute(child(element, "abstractNumId"), "val") or ""
                self._lists[attribute(element, "numId") or ""] = target

    def label(self, look: Look) -> str:
        """Return the number that is printed before the next paragraph of this look."""
        if look.numbering is None:
            return ""
        key, depth = look.numbering
        abstract = self._lists.get(key, "")
        levels = self._abstract.get(abstract, {})
        if depth not in levels:
            return ""
        start = count(child(levels[depth], "start"), "val", 1)
        self._counts[abstract, depth] = self._counts.get((abstract, depth), start - 1) + 1
        for known in list(self._counts):
            if known[0] == abstract and known[1] > depth:
                del self._counts[known]
        if attribute(child(levels[depth], "numFmt"), "val") in _SILENT:
            return ""
        pattern = attribute(child(levels[depth], "lvlText"), "val") or ""
        return re.sub(r"%(\d)", lambda match: self._count(abstract, int(match[1]) - 1), pattern)

    def _count(self, abstract: str, depth: int) -> str:
        level = self._abstract[abstract].get(depth)
        style = attribute(child(level, "numFmt"), "val") or "decimal"
        return _formatted(self._counts.get((abstract, depth), 1), style)


def _formatted(value: int, style: str) -> str:
    """Return a value in Word's number format ``style``."""
    if style in _CHINESE_FORMATS and 0 < value <= _MAX_COUNT:
        return _chinese(value)
    if style in ("upperLetter", "lowerLetter"):
        letter = chr(ord("A") + (value - 1) % _LETTERS)
        return letter if style == "upperLetter" else letter.lower()
    if style == "decimalEnclosedCircle" and 0 < value <= 2 * _TEN:
        return chr(ord("①") + value - 1)
    return str(value)


def _chinese(value: int) -> str:
    tens, ones = divmod(value, _TEN)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")
