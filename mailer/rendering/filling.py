"""A rendition becomes one recipient's message by joining bytes.

Nothing is parsed, folded or encoded again but the few lines that the recipient's values stand on.
"""

import binascii
import functools
import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailer.rendering.cutting import CRLF, encoded_lines
from mailer.rendering.headers import (
    checked_link,
    checked_text,
    date_header,
    link_header,
    mailbox_header,
    token_header,
)
from mailer.rendering.model import Credited, SlotValues
from mailer.rendering.rendition import (
    ENCODED_LINE,
    LINE_OCTETS,
    BodySlot,
    Field,
    HeaderSlot,
    MarkableLines,
    Rendition,
)

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_REFERENCE = re.compile(r"[A-Za-z0-9._~=-]*")

Fields = Mapping[Field, bytes]


def fill(rendition: Rendition, values: SlotValues) -> tuple[bytes, ...]:
    """Return the complete message of one recipient, in pieces, every line ending in CRLF.

    Raises ``UnsafeHeaderValue``, ``HeaderValueTooLong``, ``UnsafeAddress`` and ``UnsafeLink`` for
    values that must not be sent, ``ValueError`` for values that do not belong to this rendition.
    """
    plain, markup = _fields(rendition, values)
    pieces: list[bytes] = []
    for segment in rendition.segments:
        if isinstance(segment, bytes):
            pieces.append(segment)
        elif isinstance(segment, BodySlot):
            pieces.append(_body(segment, markup if segment.markup else plain))
        elif isinstance(segment, MarkableLines):
            pieces.extend(_marked(segment, values.credits))
        else:
            pieces.append(_header(segment, rendition, values).encode())
    return tuple(pieces)


def unit_line(rendition: Rendition, values: SlotValues) -> str:
    """Return the recipient's line as the mail prints it: 送：市文明办；报：市委办公室."""
    kind, units = _reasons(rendition, values.credits)
    return kind + units


def _header(slot: HeaderSlot, rendition: Rendition, values: SlotValues) -> str:
    match slot:
        case HeaderSlot.DATE:
            return date_header(values.date.astimezone(_zone(rendition.zone)))
        case HeaderSlot.TO:
            return mailbox_header("To", values.to_name, values.to_address)
        case HeaderSlot.MESSAGE_ID:
            if not _MESSAGE_ID.fullmatch(values.message_id):
                raise ValueError(f"{values.message_id!r} is no message-id in angle brackets")
            return token_header("Message-ID", values.message_id)
        case HeaderSlot.LIST_UNSUBSCRIBE:
            return _unsubscribe(rendition, values)


def _unsubscribe(rendition: Rendition, values: SlotValues) -> str:
    """Return List-Unsubscribe (RFC 2369), with the one-click form (RFC 8058) for https links."""
    by_mail = _mailto(rendition.phrases.unsubscribe_address, "unsubscribe")
    by_mail += f"%20{values.reference}" if values.reference else ""
    if values.unsubscribe_url is None:
        return link_header("List-Unsubscribe", (by_mail,))
    link = checked_link(values.unsubscribe_url, "List-Unsubscribe")
    lines = link_header("List-Unsubscribe", (link, by_mail))
    if link.startswith("https://"):
        lines += token_header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return lines


def _fields(rendition: Rendition, values: SlotValues) -> tuple[Fields, Fields]:
    """Return the values of the body's fields for plain text and for markup; absent ones not."""
    if not _REFERENCE.fullmatch(values.reference):
        raise ValueError(f"{values.reference!r} is no reference of URL letters")
    if not rendition.links and (values.web_url or values.sign_url):
        raise ValueError("the rendition was composed without places for web links")
    plain: dict[Field, str] = {}
    if values.credits:
        plain[Field.KIND], plain[Field.UNIT] = _reasons(rendition, values.credits)
    for field, url in (
        (Field.WEB, values.web_url),
        (Field.SIGN, values.sign_url),
        (Field.CHANGE, values.change_url),
        (Field.UNSUBSCRIBE, values.unsubscribe_url),
    ):
        if url is not None:
            plain[field] = checked_link(url, field)
    markup = plain.copy()
    phrases, reference = rendition.phrases, values.reference
    for field, address, subject in (
        (Field.CHANGE, phrases.change_address, phrases.change_subject),
        (Field.UNSUBSCRIBE, phrases.unsubscribe_address, phrases.unsubscribe_subject),
    ):
        if field not in plain:
            words = f"{subject} {reference}".rstrip()
            plain[field] = phrases.write_to.format(address=address, subject=words)
            markup[field] = _mailto(address, subject) + (f"%20{reference}" if reference else "")
    return (
        {field: value.encode() for field, value in plain.items()},
        {field: escape(value).encode() for field, value in markup.items()},
    )


def _reasons(rendition: Rendition, credits_: tuple[Credited, ...]) -> tuple[str, str]:
    """Return the first kind with its mark, and the units, later kinds among them."""
    phrases = rendition.phrases
    groups = [
        (
            checked_text(kind, "kind") + phrases.kind_mark if kind else "",
            phrases.unit_mark.join(checked_text(credit.unit, "unit") for credit in group),
        )
        for kind, group in groupby(credits_, key=lambda credit: credit.kind)
    ]
    if not groups:
        return "", ""
    (first_kind, first_units), *others = groups
    tail = "".join(f"{phrases.block_mark}{kind}{units}" for kind, units in others)
    return first_kind, first_units + tail


def _body(slot: BodySlot, fields: Fields) -> bytes:
    """Return the base64 lines of a slot: its line so far, the value, padding to whole lines."""
    found: list[bytes] = []
    for piece in slot.pieces:
        octets = piece if isinstance(piece, bytes) else fields.get(piece)
        if octets is None:
            found = []
            break
        found.append(octets)
    value = b"".join(found)
    if slot.markup:
        padding = b" " * (-(len(slot.before) + len(value)) % LINE_OCTETS)
        return encoded_lines(slot.before + padding + value)
    padding = b" " * (-(len(slot.before) + len(value) + len(CRLF)) % LINE_OCTETS)
    return encoded_lines(slot.before + value + padding + CRLF)


def _marked(segment: MarkableLines, credits_: tuple[Credited, ...]) -> Iterator[bytes]:
    """Yield the lines of the blocks, those with the recipient's own entries written anew."""
    done = 0
    for first, last, spans in _line_groups(segment, credits_):
        yield segment.lines[done * ENCODED_LINE : first * ENCODED_LINE]
        content = binascii.a2b_base64(segment.lines[first * ENCODED_LINE : last * ENCODED_LINE])
        added = len(spans) * (len(segment.opening) + len(segment.closing))
        padding = b" " * (-added % LINE_OCTETS)
        for start, end in reversed(spans):
            start, end = start - first * LINE_OCTETS, end - first * LINE_OCTETS  # noqa: PLW2901
            # White space inside a tag is seen by nobody.
            opening = segment.opening[:-1] + padding + segment.opening[-1:]
            padding = b""
            content = b"".join(
                (content[:start], opening, content[start:end], segment.closing, content[end:])
            )
        yield encoded_lines(content)
        done = last
    yield segment.lines[done * ENCODED_LINE :]


def _line_groups(
    segment: MarkableLines, credits_: tuple[Credited, ...]
) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield (first line, line after the last, spans) for entries to mark that share lines."""
    spans = sorted({span for credit in credits_ if (span := _span(segment, credit))})
    group: list[tuple[int, int]] = []
    for span in spans:
        if group and span[0] // LINE_OCTETS >= -(-group[-1][1] // LINE_OCTETS):
            yield group[0][0] // LINE_OCTETS, -(-group[-1][1] // LINE_OCTETS), group
            group = []
        group.append(span)
    if group:
        yield group[0][0] // LINE_OCTETS, -(-group[-1][1] // LINE_OCTETS), group


def _span(segment: MarkableLines, credit: Credited) -> tuple[int, int] | None:
    """Return where the credited entry stands; ``None`` where it is not a printed one."""
    if credit.block is None or credit.entry is None:
        return None
    if not 0 <= credit.block < len(segment.spans) or not (
        0 <= credit.entry < len(segment.spans[credit.block])
    ):
        raise ValueError(f"block {credit.block} has no entry {credit.entry} in this rendition")
    return segment.spans[credit.block][credit.entry]


@functools.lru_cache(maxsize=64)
def _mailto(address: str, subject: str) -> str:
    """Return a mailto link (RFC 6068)."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}"


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
