"""A body part with marks in it becomes base64 segments and slots.

Themes set the marks; they are Unicode noncharacters (U+FDD0 … U+FDD1), which the text of an issue
never holds after cleaning and which an HTML parser hands through. Cutting decides where base64
lines begin: anew after each slot, so that a slot's value never moves what follows.
"""

import base64
import re
from collections.abc import Iterator
from enum import StrEnum

from mailer.rendering.rendition import (
    ENCODED_LINE,
    LINE_OCTETS,
    BodySlot,
    Field,
    MarkableLines,
    Segment,
)

CRLF = b"\r\n"


class Mark(StrEnum):
    """A mark that a part may hold, beside the fields."""

    SLOT = "slot"
    SLOT_END = "slot-end"
    BLOCK = "block"
    ENTRY = "entry"
    ENTRY_END = "entry-end"
    OWN = "own"
    """Begins the sample of a marked entry, which is cut out: tags, OWN_ENTRY, tags, OWN_END."""
    OWN_ENTRY = "own-entry"
    OWN_END = "own-end"


_TOKEN = re.compile("\ufdd0([a-z-]+)\ufdd1")


def mark(name: Mark | Field) -> str:
    """Return the letters that stand for a mark or a field in a part."""
    return f"\ufdd0{name}\ufdd1"


def encoded_lines(octets: bytes) -> bytes:
    """Return base64 in lines of 76 characters, each with CRLF (RFC 2045 6.8)."""
    return base64.encodebytes(octets).replace(b"\n", CRLF)


def cut(part: str, *, markup: bool) -> tuple[Segment, ...]:
    """Return the segments of a body part (``markup``: HTML, else plain text; lines end in CRLF).

    Raises ``ValueError`` where a theme has put the marks so that they cannot be cut.
    """
    return _Cutter(part, markup=markup).segments


class _Cutter:
    """One pass over a part. ``fixed`` are the octets since base64 lines last began anew."""

    def __init__(self, part: str, *, markup: bool) -> None:
        self.markup = markup
        self.fixed = bytearray()
        self.spans: list[list[tuple[int, int]]] = []
        self.own = (b"", b"")
        found: list[Segment] = []
        # re.split gives text, name, text, name … text
        pieces = iter(_TOKEN.split(part))
        self._text(next(pieces))
        for name in pieces:
            if name == Mark.SLOT:
                found.extend(self._slot(pieces))
            else:
                self._mark(name, pieces)
                self._text(next(pieces))
        found.extend(self._lines(len(self.fixed)))
        self.segments = tuple(found)

    def _text(self, text: str) -> None:
        self.fixed += text.encode()

    def _mark(self, name: str, pieces: Iterator[str]) -> None:
        """Note the place of an entry, or take out the sample of a marked one."""
        match name:
            case Mark.BLOCK:
                self.spans.append([])
            case Mark.ENTRY:
                self.spans[-1].append((len(self.fixed), -1))
            case Mark.ENTRY_END:
                self.spans[-1][-1] = (self.spans[-1][-1][0], len(self.fixed))
            case Mark.OWN:
                opening, _, closing, _ = (next(pieces) for _ in range(4))
                self.own = (opening.strip().encode(), closing.strip().encode())
            case _:
                raise ValueError(f"the mark {name!r} is out of place")

    def _slot(self, pieces: Iterator[str]) -> Iterator[Segment]:
        """Cut at a slot: whole lines before it, then the slot with the rest of its line."""
        inside: list[bytes | Field] = [next(pieces).encode()]
        while (name := next(pieces)) != Mark.SLOT_END:
            inside += [Field(name), next(pieces).encode()]
        whole = len(self.fixed) // LINE_OCTETS * LINE_OCTETS
        yield from self._lines(whole)
        before = bytes(self.fixed[whole:])
        shown = tuple(piece for piece in inside if piece)
        yield BodySlot(before=before, pieces=shown, markup=self.markup)
        self.fixed.clear()
        after = next(pieces)
        if not self.markup:
            if not after.startswith("\r\n"):
                raise ValueError("a slot in plain text must be the end of a line")
            after = after[2:]  # filling writes this line end, behind its padding
        self._text(after)

    def _lines(self, end: int) -> Iterator[Segment]:
        """Encode the fixed octets up to ``end``, those with printed entries apart."""
        octets = bytes(self.fixed[:end])
        places = [span for block in self.spans for span in block]
        if not places:
            yield encoded_lines(octets)
            return
        first = places[0][0] // LINE_OCTETS
        last = -(-places[-1][1] // LINE_OCTETS)
        if last * LINE_OCTETS > end:
            raise ValueError("there must be 57 octets between the blocks and what follows")
        base = first * LINE_OCTETS
        encoded = encoded_lines(octets)
        yield encoded[: first * ENCODED_LINE]
        yield MarkableLines(
            lines=encoded[first * ENCODED_LINE : last * ENCODED_LINE],
            spans=tuple(tuple((s - base, e - base) for s, e in block) for block in self.spans),
            opening=self.own[0],
            closing=self.own[1],
        )
        yield encoded[last * ENCODED_LINE :]
        self.spans = []
