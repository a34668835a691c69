"""Lines of Chinese text by display width, broken as Chinese typesetting breaks them.

A full-width letter takes two columns. Letters of ambiguous width (quotation marks, dashes) count
as two, as Chinese fonts draw them.
"""

import re
import unicodedata
from collections.abc import Iterator

LINE = 72
"""Columns: 36 full-width letters."""
IDEOGRAPHIC_SPACE = "\u3000"

_WIDE = frozenset("WFA")
_NOT_AT_START = frozenset("，。、；：？！）」』】〉》〕”’…—·～％℃,.;:?!)]}%")
_NOT_AT_END = frozenset("（「『【〈《〔“‘([{")
_UNITS = re.compile(
    r"[!-~\u00a1-\u024f]+|\s+|.[\u0300-\u036f\u3099\u309a\ufe00-\ufe0f]*", re.DOTALL
)
"""A Latin word or number stays together, any other letter stands alone with its marks."""
_MARGIN = 8
"""Columns that closing marks may hang into the margin."""


def width(text: str) -> int:
    """Return the columns that ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in _WIDE else 1
        for c in text
    )


def wrap(text: str, *, first: str = "", rest: str = "", columns: int = LINE) -> list[str]:
    """Return ``text`` as lines of at most ``columns``, the indents ``first`` and ``rest`` included.

    No line begins with a closing mark or ends with an opening one (行首行尾禁则): a closing mark
    hangs into the margin instead, so a line may be some marks longer. A word that is longer than a
    line is cut. Empty text gives no line.
    """
    lines: list[str] = []
    line, used, empty = first, width(first), True
    for unit in _pieces(text, columns - max(width(first), width(rest))):
        size = width(unit)
        if unit.isspace():
            if empty:
                continue
        elif not empty and used + size > columns + (_MARGIN if unit[0] in _NOT_AT_START else 0):
            line, carried = _split_open_end(line)
            lines.append(line.rstrip())
            line = rest + carried
            used = width(line)
        line += unit
        used += size
        empty = False
    if not empty:
        lines.append(line.rstrip())
    return lines


def centre(line: str, columns: int = LINE) -> str:
    """Return ``line`` moved to the middle by full-width spaces, without any behind it."""
    return IDEOGRAPHIC_SPACE * max(0, (columns - width(line)) // 4) + line


def apart(left: str, right: str, columns: int = LINE) -> str:
    """Return ``left`` and ``right`` at the two ends of a line; on two lines if they do not fit."""
    gap = columns - width(left) - width(right)
    if not left or not right:
        return left or IDEOGRAPHIC_SPACE * (gap // 2) + right
    if gap < len(IDEOGRAPHIC_SPACE) + 1:
        return f"{left}\n{right}"
    return f"{left}{' ' * (gap % 2)}{IDEOGRAPHIC_SPACE * (gap // 2)}{right}"


def pad(text: str, columns: int) -> str:
    """Return ``text`` filled up to ``columns`` with spaces."""
    return text + " " * (columns - width(text))


def _split_open_end(line: str) -> tuple[str, str]:
    """Take opening marks off the end of a line; they belong to what follows."""
    body = line.rstrip("".join(_NOT_AT_END))
    return (body, line[len(body) :]) if body.strip() else (line, "")


def _pieces(text: str, room: int) -> Iterator[str]:
    """Yield the parts of ``text`` between which a line may end, none wider than ``room``."""
    for unit in _UNITS.findall(text):
        if width(unit) <= room:
            yield unit
            continue
        for start in range(0, len(unit), room):
            yield unit[start : start + room]
