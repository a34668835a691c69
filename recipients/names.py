r"""Names as people type them: what is refused, what is tidied, and when two are the same.

Pure. Every name that somebody types or imports passes :func:`tidy_name` before it is stored,
because a display name can carry header lines into a mail (``\r\nBcc:``, and the same inside an
RFC 2047 encoded word, which Python's ``email`` package decodes when it folds).
"""

import re
import unicodedata

from recipients.columns import NAME_LENGTH, NOTE_LENGTH
from runtime.refusal import Refusal

_ENCODED_WORD = re.compile(r"=\?.*\?=", re.DOTALL)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
"""Soft hyphen, zero-width blanks, joiners and marks: dropped, since nobody sees them."""
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that change the direction of writing, and so what a reader takes a name for."""
_BRACKETS = str.maketrans(
    "[]{}〔〕【】〖〗「」『』“”‘’\"'〈〉《》・•‧", "()()()()()''''''''''<><>···"
)
_SHOWN_LENGTH = 40


class UnusableNameError(Refusal):
    """The text {shown} cannot be used as a name. Correct it and try again."""


class EmptyNameError(UnusableNameError):
    """A name is empty. Fill it in."""


class ControlCharacterError(UnusableNameError):
    """The text {shown} holds a line break, a control character or a writing-direction mark at
    character {position}, which would damage the header of a mail. Type it again by hand.
    """


class EncodedWordError(UnusableNameError):
    """The text {shown} holds an encoded word (=?…?=), which a mail program would decode into
    something else. Type the name in plain characters.
    """


class TooLongError(UnusableNameError):
    """The text {shown} has {length} characters and at most {limit} are allowed. Shorten it."""


class SeparatorInNameError(UnusableNameError):
    """The text {shown} holds a semicolon, which parts one name from the next. Leave it out."""


def tidy_line(text: str, *, limit: int = NAME_LENGTH) -> str:
    """Return ``text`` as it is stored: NFC, no invisible characters, single inner blanks.

    Raises:
        EmptyNameError: nothing is left.
        TooLongError: more than ``limit`` characters, also in its compatibility form (the form in
            which names are compared can be longer than the name).
        ControlCharacterError: see the message; line breaks at either end are only white space.
        EncodedWordError: an encoded word, in ASCII or in full-width letters.

    """
    tidied = _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).strip()
    if not key(tidied):
        raise EmptyNameError
    _refuse_long(tidied, limit)
    _refuse_unprintable(tidied)
    return re.sub(r"\s+", " ", tidied)


def tidy_name(text: str) -> str:
    """Return the name of a unit, group, list or tag as it is stored.

    Raises:
        SeparatorInNameError: a semicolon.
        UnusableNameError: as :func:`tidy_line` does.

    """
    tidied = tidy_line(text)
    if ";" in tidied or "；" in tidied:
        raise SeparatorInNameError(shown=shown(tidied))
    return tidied


def tidy_optional(text: str) -> str:
    """Return ``text`` as :func:`tidy_line` does; empty text is allowed (a person, a post)."""
    return tidy_line(text) if key(text) else ""


def tidy_names(text: str) -> tuple[str, ...]:
    """Return the names in ``text``, parted by semicolons or line breaks, ordered by their keys.

    Raises:
        UnusableNameError: as :func:`tidy_line` does.

    """
    parts = (part.strip() for part in re.split(r"[;；\n]", text))
    names = {key(part): tidy_name(part) for part in parts if part}
    return tuple(names[name_key] for name_key in sorted(names))


def tidy_note(text: str) -> str:
    """Return a note as it is stored; it may have several lines, since no header shows it."""
    lines = unicodedata.normalize("NFC", text).replace("\t", " ").strip().splitlines()
    for line in lines:
        _refuse_unprintable(line)
    note = "\n".join(line.rstrip() for line in lines)
    if len(note) > NOTE_LENGTH:
        raise TooLongError(shown=shown(note), length=len(note), limit=NOTE_LENGTH)
    return note


def key(name: str) -> str:
    """Return what two spellings of one name have in common.

    Compatibility form (NFKC: full-width letters, brackets and commas become plain ones), lower
    case, without white space and invisible characters, one form of bracket, quote and dot.
    """
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name)).casefold()
    return "".join(plain.translate(_BRACKETS).split())


def shown(text: str) -> str:
    """Return the beginning of ``text`` for a message, in quotes, with unprintable characters
    escaped: a message goes to terminals and pages.
    """
    short = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    visible = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short)
    return f"“{''.join(visible)}”"


def _refuse_long(text: str, limit: int) -> None:
    length = max(len(text), len(key(text)))
    if length > limit:
        raise TooLongError(shown=shown(text), length=length, limit=limit)


def _refuse_unprintable(text: str) -> None:
    for position, character in enumerate(text, start=1):
        damaging = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        if damaging or character in _REORDERING or character in "\ufffe\uffff":
            raise ControlCharacterError(shown=shown(text), position=position)
    if _ENCODED_WORD.search(unicodedata.normalize("NFKC", text)):
        raise EncodedWordError(shown=shown(text))
