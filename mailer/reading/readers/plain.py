"""Text files: lines of letters, whose layout is blanks and rules drawn with dashes."""

import re

from mailer.reading.errors import FileTooLarge, UnknownFormat
from mailer.reading.letters import ends_sentence, is_rule, normalise, width
from mailer.reading.limits import Limits
from mailer.reading.lines import Align, Item, Line, Ruling, Source
from mailer.reading.readers.encoding import decode
from runtime.text import translate as _

_BREAKS = re.compile("\r\n|[\n\r\x0b\x1c-\x1e\x85\u2028\u2029]")
_CENTRED = 6  # columns before a line beyond the paragraph's indent that make it a centred one
_WRAP_WIDTH = 40  # columns that a page of wrapped lines has at least
_WRAP_SLACK = 5  # columns that a full line may lack: a stop may not begin a line
_WRAP_LINES = 3


def read_plain(data: bytes, name: str, limits: Limits) -> Source:
    """Read a text file in any usual encoding.

    Raises :class:`UnknownFormat` where the bytes are no text.
    """
    decoded = decode(data)
    if decoded is None:
        raise UnknownFormat(name=name)
    if len(decoded.text) > limits.letters:
        raise FileTooLarge(
            name=name, found=len(decoded.text), unit=_("letters"), limit=limits.letters
        )
    doubts = (("letters-lost", str(decoded.broken)),) if decoded.broken else ()
    return Source(items=_items(_pages(decoded.text)), doubts=doubts)


def _pages(text: str) -> list[tuple[int, str]]:
    """Return every physical line with its page; a form feed begins a new page."""
    lines: list[tuple[int, str]] = []
    page = 1
    for raw in _BREAKS.split(text.rstrip("\x1a")):
        for index, part in enumerate(raw.split("\x0c")):
            page += index > 0
            lines.append((page, normalise(part).rstrip()))
    return lines


def _items(lines: list[tuple[int, str]]) -> tuple[Item, ...]:
    texts = [text for _, text in lines if text.strip() and not is_rule(text)]
    margin = min((_leading(text) for text in texts), default=0)
    body = _body_indent(texts, margin)
    limit = _wrap_width(texts)
    items: list[Item] = []
    for number, (page, text) in enumerate(lines, start=1):
        if not text.strip():
            continue
        if is_rule(text):
            items.append(Ruling(number=number, page=page))
            continue
        leading = _leading(text) - margin
        followed = number < len(lines) and bool(lines[number][1].strip())
        centred = leading >= body + _CENTRED
        items.append(
            Line(
                text=text.strip(),
                number=number,
                page=page,
                indent=0 if centred else leading / 2,
                align=Align.CENTER if centred else None,
                full=None if limit is None else followed and width(text) >= limit,
            )
        )
    return tuple(items)


def _leading(text: str) -> int:
    """Return the columns of blank before the text."""
    return width(text) - width(text.lstrip())


def _body_indent(texts: list[str], margin: int) -> int:
    """Return the indent, in columns, under which most letters of running text stand."""
    letters: dict[int, int] = {}
    running = [text for text in texts if ends_sentence(text)] or texts
    for text in running:
        leading = _leading(text) - margin
        letters[leading] = letters.get(leading, 0) + len(text)
    return max(letters, key=lambda leading: letters[leading], default=0)


def _wrap_width(texts: list[str]) -> int | None:
    """Return the columns from which a line counts as full; None where lines are not wrapped."""
    widths = sorted((width(text) for text in texts), reverse=True)
    if len(widths) < _WRAP_LINES or widths[0] < _WRAP_WIDTH:
        return None
    limit = widths[0] - _WRAP_SLACK
    full = [text for text in texts if width(text) >= limit]
    open_ended = sum(not ends_sentence(text) for text in full)
    wrapped = len(full) >= _WRAP_LINES and open_ended * 2 > len(full)
    return limit if wrapped else None
