"""Pieces get their parts to play: headline, column, sub-heading, paragraph, caption …"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from mailer.reading.contents import Contents, entry_name
from mailer.reading.letters import compact, ends_piece, ends_sentence, has_sentence
from mailer.reading.lines import Align, Figure
from mailer.reading.pieces import Part, Piece
from mailer.reading.shapes import (
    boxed,
    could_be_headline,
    is_blank_form,
    is_caption,
    is_contributor,
    is_note,
    is_placeholder,
    is_subtitle,
    level_of,
    marker_of,
    unmarked,
)

_SHORT = 30  # letters: a line that ends in ！ or ？ may be a headline up to here
_LONGEST_NUMBERED = 50
_AHEAD = 3  # parts that are looked at after one


class Role(StrEnum):
    """What a piece may be, by its own form and its neighbours'."""

    HEADLINE = auto()
    BOXED = auto()
    """Wholly in 【】: a column where another headline follows, a headline where body follows."""
    MARKED = auto()
    NUMBERED = auto()
    SUBTITLE = auto()
    TEXT = auto()
    CAPTION = auto()
    CONTRIBUTOR = auto()
    NOTE = auto()
    PLACEHOLDER = auto()
    NOTHING = auto()
    TABLE = auto()
    PICTURE = auto()


HEADINGS = {Role.HEADLINE, Role.BOXED, Role.MARKED, Role.NUMBERED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """A part of the body and its role."""

    part: Part
    role: Role

    @property
    def text(self) -> str:
        """Return the text; '' for a table or picture."""
        return self.part.text if isinstance(self.part, Piece) else ""


def cast(parts: Sequence[Part], contents: Contents) -> list[Cast]:
    """Give every part of the body its role."""
    found: list[Cast] = []
    for index, part in enumerate(parts):
        before = found[-1] if found else None
        if isinstance(part, Piece):
            role = _role(part, before, parts[index + 1 : index + 1 + _AHEAD], contents)
        else:
            role = Role.PICTURE if isinstance(part, Figure) else Role.TABLE
        found.append(Cast(part=part, role=role))
    return found


def _role(piece: Piece, before: Cast | None, after: Sequence[Part], contents: Contents) -> Role:
    text = piece.text.strip()
    by_form = _by_letters(text) or _by_neighbours(piece, text, before, after)
    if by_form is not None:
        return by_form
    if entry_name(text) in contents.headlines and not text.endswith("。"):
        return Role.HEADLINE
    stands_out = piece.stands_out
    if stands_out is None:
        stands_out = _reads_as_headline(text, before, after)
    return Role.HEADLINE if stands_out else Role.TEXT


def _by_letters(text: str) -> Role | None:
    """Return the role that the letters alone decide."""
    forms = (
        (is_note, Role.NOTE),
        (is_placeholder, Role.PLACEHOLDER),
        (is_blank_form, Role.NOTHING),
        (lambda each: not unmarked(each), Role.NOTHING),
        (lambda each: boxed(each) is not None, Role.BOXED),
    )
    return next((role for is_form, role in forms if is_form(text)), None)


def _by_neighbours(
    piece: Piece, text: str, before: Cast | None, after: Sequence[Part]
) -> Role | None:
    """Return the role that the letters decide together with what stands around them."""
    if is_subtitle(text) and before is not None and before.role in HEADINGS:
        return Role.SUBTITLE
    if _is_caption(piece, text, before):
        return Role.CAPTION
    if marker_of(text) and not text.endswith("。"):
        return Role.MARKED
    if level_of(text) is not None and _is_numbered_heading(text):
        return Role.NUMBERED
    follows_text = before is not None and before.role in (Role.TEXT, Role.TABLE, Role.PICTURE)
    aside = piece.last.align is Align.RIGHT or (follows_text and _ends_article(after))
    return Role.CONTRIBUTOR if aside and is_contributor(text) else None


def _is_caption(piece: Piece, text: str, before: Cast | None) -> bool:
    if is_caption(text):
        return not (len(text) > 2 * _SHORT and has_sentence(text))
    under_picture = before is not None and before.role is Role.PICTURE
    small = piece.stands_out is not True and piece.first.align is Align.CENTER
    return under_picture and small and len(compact(text)) <= _SHORT and not ends_sentence(text)


def _is_numbered_heading(text: str) -> bool:
    """Tell whether a numbered line is a heading and not a run-in one or a sentence."""
    bare = compact(text)
    return len(bare) <= _LONGEST_NUMBERED and bare[-1] not in "。；，：:;,、" and "。" not in bare


def _ends_article(after: Sequence[Part]) -> bool:
    """Tell whether nothing of the same article follows: a headline or the end."""
    if not after or not isinstance(after[0], Piece):
        return not after
    text = after[0].text
    return after[0].stands_out is True or not ends_sentence(text) or is_note(text)


def _reads_as_headline(text: str, before: Cast | None, after: Sequence[Part]) -> bool:
    """Decide without looks: a short line without a stop, after a finished piece, before body."""
    follower = next((part for part in after if isinstance(part, Piece)), None)
    unfinished = before is not None and before.role is Role.TEXT and not ends_piece(before.text)
    numbered = before is not None and before.role is Role.NUMBERED
    if unfinished or numbered or not could_be_headline(text):
        return False
    if text[-1] in "！？!?":
        opening = before is None or before.role is not Role.TEXT
        subtitled = follower is not None and is_subtitle(follower.text)
        return len(compact(text)) <= _SHORT and (opening or subtitled)
    if follower is None or (ends_sentence(text) and text[-1] not in "：:"):
        return False
    next_text = follower.text
    if text[-1] in "：:":
        return could_be_headline(next_text) and not is_blank_form(next_text)
    return not is_contributor(next_text)
