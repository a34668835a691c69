"""Header lines of our own making (RFC 5322, 2047, 2369, 6532), checked before they are written.

The standard library folds link headers into encoded words and lets an encoded word in a name
become a header line of its own; both were reproduced. So these few forms are written here: text,
a mailbox, a link list. Each function returns the complete line or lines, with CRLF.
"""

import base64
import datetime as dt
import re

from mailer.rendering.addresses import header_address
from mailer.rendering.errors import HeaderValueTooLong, UnsafeHeaderValue, UnsafeLink
from runtime.text import translate as _

CRLF = "\r\n"
TEXT_LIMIT = 500
"""Characters of a subject or a name: more is a mistake in a file, not a name."""

_LINE = 76
_SHOWN = 60
_UNSAFE = re.compile(
    # C0 and C1 controls, the separators that some programmes take for line ends, and the marks
    # that turn the direction of writing (a name could show another address than its own).
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    r"|=\?.*?\?=",
    re.DOTALL,
)
_QUOTED_SPECIALS = re.compile(r'(["\\])')
_PLAIN_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def checked_text(value: str, field: str) -> str:
    """Return ``value`` without outer white space, once it is known that it forges no header.

    Raises :class:`UnsafeHeaderValue` for controls, line and direction marks, lone surrogates and
    encoded words (``=?…?=``, which a later reader would decode into whatever it hides), and
    :class:`HeaderValueTooLong`. ``field`` names the value in the refusal.
    """
    if len(value) > TEXT_LIMIT:
        raise HeaderValueTooLong(
            field=field, value=_shown(value), length=len(value), limit=TEXT_LIMIT
        )
    if found := _UNSAFE.search(value):
        text = found.group()
        what = _("an encoded word") if len(text) > 1 else _("the character U+{code:04X}")
        raise UnsafeHeaderValue(
            field=field, value=_shown(value), found=what.format(code=ord(text[0]))
        )
    return value.strip()


def text_header(name: str, value: str) -> str:
    """Return an unstructured header (RFC 5322 2.2.1), in encoded words where it needs them."""
    text = checked_text(value, name)
    if text.isascii() and "=?" not in text and len(name) + 2 + len(text) <= _LINE:
        return f"{name}: {text}{CRLF}"
    return f"{name}: {_fold(_encoded_words(text, _LINE - len(name) - 2))}{CRLF}"


def mailbox_header(name: str, display_name: str, address: str) -> str:
    """Return a header with one mailbox (RFC 5322 3.4): ``Name: display name <address>``.

    An ASCII name is quoted, another is written in encoded words; the address never is (RFC 2047
    section 5). A non-ASCII local part makes the line UTF-8 (RFC 6532).
    """
    spec = header_address(address, name)
    text = checked_text(display_name, name) if display_name else ""
    if not text:
        return f"{name}: {spec}{CRLF}"
    if text.isascii() and "=?" not in text:
        quoted = text if _PLAIN_ATOMS.fullmatch(text) else f'"{_escaped(text)}"'
        if len(name) + 2 + len(quoted) <= _LINE:
            return _join_folded(f"{name}: {quoted}", f"<{spec}>")
    words = _encoded_words(text, _LINE - len(name) - 2)
    return _join_folded(f"{name}: {_fold(words)}", f"<{spec}>")


def token_header(name: str, token: str) -> str:
    """Return a header whose value is one ASCII token.

    It is never folded: a line of up to 998 octets is legal, and readers that forget to take away
    the space of a fold would not find their link.
    """
    return f"{name}: {token}{CRLF}"


def link_header(name: str, links: tuple[str, ...]) -> str:
    """Return a header with a list of links (RFC 2369), folded after the commas and nowhere else."""
    if len(links) == 1:
        return token_header(name, f"<{links[0]}>")
    return f"{name}: " + f",{CRLF} ".join(f"<{link}>" for link in links) + CRLF


def date_header(at: dt.datetime) -> str:
    """Return the Date line (RFC 5322 3.3) for an aware time, in that time's own zone."""
    if at.tzinfo is None:
        raise ValueError("a Date header needs a time with a zone")
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]  # never in the process' locale
    zone = f"{at:%z}"[:5]  # offsets of local mean time have seconds, which a Date cannot have
    return f"Date: {day}, {at.day:02d} {month} {at.year:04d} {at:%H:%M:%S} {zone}{CRLF}"


def checked_link(link: str, field: str) -> str:
    """Return ``link`` if it is one plain web address. Raises :class:`UnsafeLink`."""
    if not _LINK.fullmatch(link):
        raise UnsafeLink(value=_shown(link), field=field)
    return link


def _encoded_words(text: str, first_room: int) -> list[str]:
    """Return ``text`` as encoded words (RFC 2047, UTF-8, B), split between characters.

    The first word has ``first_room`` columns, the others a whole line; no word exceeds 75.
    """
    words: list[str] = []
    room, chunk = first_room, b""
    for character in text:
        octets = character.encode()
        if chunk and len(chunk) + len(octets) > _octets_in(room):
            words.append(_word(chunk))
            room, chunk = _LINE - 1, b""
        chunk += octets
    words.append(_word(chunk))
    return words


def _octets_in(room: int) -> int:
    """Return how many octets an encoded word of at most ``room`` (and 75) columns can carry."""
    return (min(room, 75) - len("=?utf-8?B??=")) // 4 * 3


def _word(chunk: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(chunk).decode()}?="


def _fold(words: list[str]) -> str:
    return f"{CRLF} ".join(words)


def _join_folded(lines: str, last: str) -> str:
    """Add ``last`` after a space, or on a new line where the last line has no room for it."""
    used = len(lines) - (lines.rfind("\n") + 1)
    return (
        f"{lines} {last}{CRLF}" if used + 1 + len(last) <= _LINE else f"{lines}{CRLF} {last}{CRLF}"
    )


def _escaped(text: str) -> str:
    return _QUOTED_SPECIALS.sub(r"\\\1", text)


def _shown(value: str) -> str:
    """Return the value as a message may show it: shortened, its controls visible."""
    short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
