"""Lines become pieces: paragraphs and headlines, joined over line, column and page breaks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mailer.reading.letters import (
    OPENERS,
    compact,
    ends_piece,
    ends_sentence,
    has_sentence,
    join,
)
from mailer.reading.lines import Align, Figure, Grid, Item, Line, Ruling
from mailer.reading.looks import Looks
from mailer.reading.shapes import begins_item, could_be_headline, is_contributor

_INDENTED = 1.2  # letters
_GAP = 1.0  # letter sizes of white above a line that begins a paragraph
_OTHER_SIZE = 0.9  # points
_LONG = 40  # letters: longer pieces are no headlines


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Text that belongs together, with its first and last printed line."""

    text: str
    first: Line
    last: Line
    stands_out: bool | None = None

    @property
    def number(self) -> int:
        """Return the number of the first line."""
        return self.first.number


Part = Piece | Grid | Figure


def merge(items: Sequence[Item], looks: Looks) -> list[Part]:
    """Join the lines of each paragraph; headlines stay line by line."""
    parts: list[Part] = []
    lines = [item for item in items if isinstance(item, Line)]
    following = {id(line): after for line, after in pairwise(lines)}
    for item in items:
        if isinstance(item, Ruling):
            continue
        if not isinstance(item, Line):
            parts.append(item)
            continue
        index = _last_piece(parts)
        open_piece = None if index is None else parts[index]
        after = following.get(id(item))
        if isinstance(open_piece, Piece) and _goes_on(open_piece, item, after, looks):
            joined = join(open_piece.text, item.text)
            parts[index or 0] = replace(open_piece, text=joined, last=item)
        else:
            out = looks.stands_out(item)
            parts.append(Piece(text=item.text, first=item, last=item, stands_out=out))
    return parts


def _last_piece(parts: list[Part]) -> int | None:
    """Return where the piece is that may still go on: the last, pictures after it passed over."""
    for index in range(len(parts) - 1, -1, -1):
        if isinstance(parts[index], Piece):
            return index
        if isinstance(parts[index], Grid):
            return None
    return None


def _goes_on(piece: Piece, line: Line, after: Line | None, looks: Looks) -> bool:
    """Tell whether a line goes on with the paragraph of ``piece``."""
    if piece.stands_out or looks.stands_out(line):
        return False
    if _other_size(piece.last, line) or line.align in (Align.CENTER, Align.RIGHT):
        return False
    if piece.last.full is not None and line.left is not None:
        return _goes_on_by_place(piece, line, after, looks)
    if piece.last.full:
        return _goes_on_wrapped(piece, line, looks)
    return _is_unfinished(piece, line, after)


def _goes_on_by_place(piece: Piece, line: Line, after: Line | None, looks: Looks) -> bool:
    """Decide by the place on the page: indent, full lines, white between lines."""
    if begins_item(line.text) and ends_piece(piece.text):
        return False
    if len(piece.text) > _LONG and _is_broken(piece, line, after):
        return True
    indented = (line.indent or 0) > _INDENTED
    if looks.indented:
        return _goes_on_among_indented(piece, line, after, indented=indented)
    if line.page == piece.last.page and _white(piece.last, line) > _GAP:
        return False
    if piece.last.full:
        return not indented
    return line.page != piece.last.page and _is_unfinished(piece, line, after)


def _goes_on_among_indented(
    piece: Piece, line: Line, after: Line | None, *, indented: bool
) -> bool:
    """Decide where paragraphs begin with an indent: a line without one mostly goes on."""
    if indented:
        return _is_open(piece.text) and not begins_item(line.text)
    begun = (piece.first.indent or 0) > _INDENTED and not ends_piece(piece.text)
    return bool(piece.last.full) or begun or _is_unfinished(piece, line, after)


def _is_broken(piece: Piece, line: Line, after: Line | None) -> bool:
    """Tell whether a long paragraph lacks its end, which a line of full width must then be."""
    goes_on = bool(line.full) and not ends_piece(piece.text) and not begins_item(line.text)
    return goes_on or _is_unfinished(piece, line, after)


def _goes_on_wrapped(piece: Piece, line: Line, looks: Looks) -> bool:
    """Decide in a text file whose lines are wrapped by hand, after a full line."""
    if looks.indented:
        return (line.indent or 0) <= _INDENTED
    return not (ends_sentence(piece.text) or begins_item(line.text))


def _is_unfinished(piece: Piece, line: Line, after: Line | None) -> bool:
    """Tell whether a paragraph that a page broke goes on in ``line``.

    A paragraph ends in a stop. A two-line headline does not, nor does a headline before its body,
    so what follows and the lengths decide.
    """
    text, next_text = piece.text, line.text
    if ends_piece(text) or is_contributor(next_text):
        return False
    if begins_item(next_text):
        return _is_open(text) and next_text.startswith(("“", "《"))
    if _is_open(text):
        return True
    short_end = ends_sentence(next_text) and len(compact(next_text)) <= _LONG / 2
    if could_be_headline(text) and not ("，" in text and short_end):
        return False
    runs_on = ends_sentence(next_text) or len(compact(next_text)) >= _LONG
    if runs_on or not could_be_headline(next_text):
        return True
    return after is None or not (has_sentence(after.text) or could_be_headline(after.text))


def _is_open(text: str) -> bool:
    """Tell whether a text breaks off in the middle beyond doubt: at a comma, in a bracket."""
    text = text.rstrip()
    return bool(re.search("[，、,]$", text)) or text[-1:] in OPENERS


def _other_size(before: Line, after: Line) -> bool:
    if before.size is None or after.size is None:
        return False
    return abs(before.size - after.size) >= _OTHER_SIZE


def _white(before: Line, after: Line) -> float:
    """Return the white between two lines of one page, in letter sizes."""
    if before.bottom is None or after.top is None or not after.size:
        return 0.0
    return (after.top - before.bottom) / after.size
