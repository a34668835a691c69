"""A message as it crosses the wire: checked, dot-stuffed and ended (RFC 5321 section 4.5.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.smtp.envelopes import UnsendableError
from mailer.smtp.notes import Note
from mailer.smtp.verdicts import Concern, Reason, Stage

BLOCK = 65_536
"""Octets that are written at once. The last block holds the final dot, and may be 4 longer."""


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


def prepare_content(message: Sequence[bytes]) -> Content:
    """Join ``message`` and make it ready to be sent.

    Raises:
        UnsendableError: it holds a bare CR, a bare LF or a NUL. A relay that takes a bare LF for a
            line end would see the message end early and read the rest as commands (SMTP
            smuggling, CVE-2023-51764), so none is ever sent, and none is repaired here: repairing
            would break the signature.

    """
    data = b"".join(message)
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends or b"\0" in data:
        raise UnsendableError(
            Note.BAD_CONTENT,
            stage=Stage.CONTENT,
            concern=Concern.MESSAGE,
            reason=Reason.CONTENT,
        )
    eight_bit = not data.isascii()
    size = len(data)
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
    return Content(wire=data + end, size=size, eight_bit=eight_bit)
