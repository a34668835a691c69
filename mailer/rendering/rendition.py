"""The rendition: an issue as a mail before anybody's name is on it, and how it is stored.

It is the message itself, cut where recipients differ: header lines as bytes, body parts already in
base64. A base64 line encodes exactly 57 octets, so a part can be cut at any octet: what stands on
the line before the cut goes with the slot, the value is padded with white space to whole lines,
and everything after it stays as it was encoded.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mailer.rendering.errors import UnreadableRendition
from mailer.rendering.findings import Finding, FindingCode
from runtime.text import translate as _

LINE_OCTETS = 57
"""Octets of content in a full base64 line of 76 characters (RFC 2045 6.8)."""
ENCODED_LINE = 78
"""Octets of such a line with its CRLF."""

_MAGIC = b"jianbao rendition 1\n"


class HeaderSlot(StrEnum):
    """A header line that each recipient has of its own."""

    DATE = "date"
    TO = "to"
    MESSAGE_ID = "message-id"
    LIST_UNSUBSCRIBE = "list-unsubscribe"


class Field(StrEnum):
    """A value inside a body slot."""

    KIND = "kind"
    UNIT = "unit"
    WEB = "web"
    SIGN = "sign"
    UNSUBSCRIBE = "unsubscribe"
    CHANGE = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class BodySlot:
    """A place in a body part.

    ``before`` are the octets (fewer than 57) of the base64 line on which the slot begins;
    ``pieces`` alternate fixed octets and fields. Where a field has no value, the whole slot is
    white space. In ``markup`` the padding stands before the value and fields are escaped; in
    plain text the slot is the end of a line, and the padding stands before the line's end.
    """

    before: bytes
    pieces: tuple[bytes | Field, ...]
    markup: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkableLines:
    """Whole base64 lines that hold the distribution blocks.

    ``spans[block][entry]`` are the octets (start, end), counted in the decoded content, of each
    printed entry; the recipient's own is put between ``opening`` and ``closing``, which are tags.
    """

    lines: bytes
    spans: tuple[tuple[tuple[int, int], ...], ...]
    opening: bytes
    closing: bytes


Segment = bytes | HeaderSlot | BodySlot | MarkableLines


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrases:
    """What filling writes beside the recipient's own values.

    Mails that change or end the distribution go to ``change_address`` and
    ``unsubscribe_address``, under these subjects. ``write_to`` says so in plain text, with
    ``{address}`` and ``{subject}``. ``kind_mark`` (：), ``unit_mark`` (、) and ``block_mark`` (；)
    join the reasons on the recipient's line.
    """

    unsubscribe_address: str
    unsubscribe_subject: str
    change_address: str
    change_subject: str
    write_to: str
    kind_mark: str
    unit_mark: str
    block_mark: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendition:
    """A rendered issue. ``zone`` is the IANA zone of its Date headers."""

    theme: str
    subject: str
    zone: str
    links: bool
    """Whether it has places for web links (reading on the web, signing for the issue)."""
    phrases: Phrases
    segments: tuple[Segment, ...] = field(repr=False)
    lint: tuple[Finding, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the rendition for storage: equal renditions give equal bytes."""
        blobs: list[bytes] = []
        segments = [_packed(segment, blobs) for segment in self.segments]
        head = {
            "theme": self.theme,
            "subject": self.subject,
            "zone": self.zone,
            "links": self.links,
            "phrases": {name: getattr(self.phrases, name) for name in Phrases.__slots__},
            "lint": [[finding.code, finding.detail, finding.size] for finding in self.lint],
            "segments": segments,
        }
        text = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return b"".join((_MAGIC, text.encode(), b"\n", *blobs))

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Rendition":
        """Return the rendition that :meth:`to_bytes` stored.

        Raises :class:`UnreadableRendition` for the bytes of another version and for damaged ones.
        """
        if not stored.startswith(_MAGIC):
            raise UnreadableRendition(reason=_("it was made by another version of the system"))
        try:
            return cls._read(stored)
        except (ValueError, KeyError, TypeError, IndexError):
            raise UnreadableRendition(reason=_("its bytes are damaged")) from None

    @classmethod
    def _read(cls, stored: bytes) -> "Rendition":
        end = stored.index(b"\n", len(_MAGIC))
        head: dict[str, Any] = json.loads(stored[len(_MAGIC) : end])
        take = _taker(stored, end + 1)
        rendition = cls(
            theme=head["theme"],
            subject=head["subject"],
            zone=head["zone"],
            links=head["links"],
            phrases=Phrases(**head["phrases"]),
            segments=tuple(_unpacked(packed, take) for packed in head["segments"]),
            lint=tuple(
                Finding(code=FindingCode(code), detail=detail, size=size)
                for code, detail, size in head["lint"]
            ),
        )
        if take(-1):
            raise ValueError("bytes are left over")
        return rendition

    @property
    def digest(self) -> str:
        """The SHA-256 of the stored form in hexadecimal: what an approval binds."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _packed(segment: Segment, blobs: list[bytes]) -> list[Any]:
    """Describe a segment for the head of the stored form, its octets going to ``blobs``."""
    match segment:
        case bytes():
            blobs.append(segment)
            return ["bytes", len(segment)]
        case HeaderSlot():
            return ["header", segment]
        case BodySlot():
            blobs.append(segment.before)
            blobs.extend(piece for piece in segment.pieces if isinstance(piece, bytes))
            pieces = [len(p) if isinstance(p, bytes) else str(p) for p in segment.pieces]
            return ["slot", len(segment.before), pieces, segment.markup]
        case MarkableLines():
            blobs.extend((segment.lines, segment.opening, segment.closing))
            lengths = [len(segment.lines), len(segment.opening), len(segment.closing)]
            return ["lines", lengths, segment.spans]


def _unpacked(packed: list[Any], take: Callable[[int], bytes]) -> Segment:
    """Rebuild a segment from its description, its octets from ``take``."""
    match packed:
        case ["bytes", length]:
            return take(length)
        case ["header", name]:
            return HeaderSlot(name)
        case ["slot", length, pieces, markup]:
            before = take(length)
            parts = tuple(take(p) if isinstance(p, int) else Field(p) for p in pieces)
            return BodySlot(before=before, pieces=parts, markup=markup)
        case ["lines", lengths, spans]:
            lines, opening, closing = (take(length) for length in lengths)
            places = tuple(tuple((start, end) for start, end in block) for block in spans)
            return MarkableLines(lines=lines, spans=places, opening=opening, closing=closing)
    raise ValueError("an unknown segment")


def _taker(stored: bytes, start: int) -> Callable[[int], bytes]:
    """Return a function that takes the next octets; all that are left for a negative length."""
    at = start

    def take(length: int) -> bytes:
        nonlocal at
        taken = stored[at : at + length] if length >= 0 else stored[at:]
        if len(taken) < length:
            raise ValueError("bytes are missing")
        at += len(taken)
        return taken

    return take
