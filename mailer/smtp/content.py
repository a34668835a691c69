"""A message as it crosses the wire: checked, dot-stuffed and ended (RFC 5321 section 4.5.2)."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.smtp.envelopes import UnsendableError
from mailer.smtp.notes import Note
from mailer.smtp.verdicts import Concern, Reason, Stage

BLOCK = 65_536
"""Octets that are written at once. The last block holds the final dot, and may be 4 longer."""
_REMEMBERED = range(2048, 1_048_577)
"""Sizes of parts that are looked at once: the bodies that many messages share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A message ready for DATA. ``wire`` ends in CRLF.CRLF; ``size`` is that of the message."""

    wire: bytes
    size: int
    eight_bit: bool

    def blocks(self) -> list[bytes]:
        """Return the wire bytes in blocks; only the last one holds part of the final dot."""
        if len(self.wire) <= BLOCK:
            return [self.wire]
        cuts = range(0, len(self.wire), BLOCK)
        blocks = [self.wire[cut : cut + BLOCK] for cut in cuts]
        if len(blocks[-1]) < len(b"\r\n.\r\n"):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
        return blocks


@dataclass(frozen=True, slots=True)
class _Looks:
    """What is known of a part. ``plain``: nothing in it needs a repair or a refusal."""

    plain: bool
    eight_bit: bool


def prepare_content(message: Sequence[bytes]) -> Content:
    """Join ``message`` and make it ready to be sent.

    Parts of 2 KB to 1 MB are looked at once and remembered, so that the body that all messages of
    an issue share costs nothing; keep it one object.

    Raises:
        UnsendableError: it holds a bare CR, a bare LF or a NUL. A relay that takes a bare LF for a
            line end would see the message end early and read the rest as commands (SMTP
            smuggling, CVE-2023-51764), so none is ever sent, and none is repaired here: repairing
            would break the signature.

    """
    looks = [_look_once(part) if len(part) in _REMEMBERED else _look(part) for part in message]
    data = b"".join(message)
    size = len(data)
    if not all(look.plain for look in looks):
        data = _stuff(data)
    return Content(
        wire=data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"),
        size=size,
        eight_bit=any(look.eight_bit for look in looks),
    )


def _look(part: bytes) -> _Looks:
    """Look at one part. Plain parts stay plain when joined: none ends in a CR or starts a line."""
    return _Looks(
        plain=_has_whole_line_ends(part) and not part.startswith(b".") and b"\r\n." not in part,
        eight_bit=not part.isascii(),
    )


@functools.lru_cache(maxsize=32)
def _look_once(part: bytes) -> _Looks:
    return _look(part)


def _has_whole_line_ends(data: bytes) -> bool:
    ends = data.count(b"\r\n")
    return data.count(b"\n") == ends and data.count(b"\r") == ends and b"\0" not in data


def _stuff(data: bytes) -> bytes:
    if not _has_whole_line_ends(data):
        raise UnsendableError(
            Note.BAD_CONTENT,
            stage=Stage.CONTENT,
            concern=Concern.MESSAGE,
            reason=Reason.CONTENT,
        )
    data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if data.startswith(b".") else data
