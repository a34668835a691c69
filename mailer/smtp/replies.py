"""SMTP replies (RFC 5321 section 4.2): from a server's bytes to values that are safe to show.

A server may send anything: replies of ten megabytes, lines without end, binary noise, control
characters meant for a terminal. The limits here bound what is held in memory, and the text of a
:class:`Reply` is always printable.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE_LIMIT = 4096
"""Octets of one line. The standard says 512; providers put links and tokens into theirs."""
LINES_LIMIT = 128
REPLY_LIMIT = 32_768
"""Octets of one reply, all lines together."""
_SHOWN_OF_A_LINE = 512
_SHOWN_OF_A_REPLY = 1000

_CODE = re.compile(rb"[2-5][0-9]{2}(?![0-9])")
_ENHANCED = re.compile(r"#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[ :,]+|$)")


class UnreadableReplyError(ValueError):
    """What the server sent is not an SMTP reply, or is larger than any honest one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One complete reply. ``lines`` are printable, without codes; ``enhanced`` is RFC 3463's."""

    code: int
    enhanced: str | None = None
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the lines joined by a space, 1,000 characters at most."""
        return " ".join(line for line in self.lines if line)[:_SHOWN_OF_A_REPLY]

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


def parse_reply(lines: Sequence[bytes]) -> Reply:
    """Return the reply that ``lines``, without their line ends, make up.

    Some providers glue their own code to the number (``421HL:REP``): that is read as its text.

    Raises:
        UnreadableReplyError: a line has no code, or the codes differ.

    """
    codes = {line[:3] for line in lines}
    if len(codes) != 1 or not all(_CODE.match(line) for line in lines):
        raise UnreadableReplyError(f"no SMTP reply: {b' / '.join(lines)[:80]!r}")
    code = int(lines[0][:3])
    texts = [_printable(line[4:] if line[3:4] in b" -" else line[3:]) for line in lines]
    enhanced = None
    match = _ENHANCED.match(texts[-1])
    if match and match[1][0] == str(code)[0]:
        enhanced = match[1]
        texts = [_without(text, enhanced) for text in texts]
    return Reply(code=code, enhanced=enhanced, lines=tuple(texts))


class ReplyParser:
    """Cuts a stream of bytes into replies, as they arrive.

    ``fault`` says why nothing more can be read; what was complete before it has been handed out.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self._buffer = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def empty(self) -> bool:
        """Return whether no part of a reply is waiting for its rest."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that ``data`` completes, in order."""
        replies: list[Reply] = []
        if self.fault is not None:
            return replies
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        try:
            for line in lines:
                self._take(line.removesuffix(b"\r"), replies)
            self._check_limits(self._buffer)
        except UnreadableReplyError as error:
            self.fault = str(error)
            self._buffer, self._lines = b"", []
        return replies

    def _check_limits(self, line: bytes) -> None:
        if len(line) > LINE_LIMIT:
            raise UnreadableReplyError(f"a reply line of more than {LINE_LIMIT} octets")
        if len(self._lines) > LINES_LIMIT or self._size > REPLY_LIMIT:
            raise UnreadableReplyError(
                f"a reply of more than {LINES_LIMIT} lines or {REPLY_LIMIT} octets"
            )

    def _take(self, line: bytes, replies: list[Reply]) -> None:
        self._lines.append(line)
        self._size += len(line)
        self._check_limits(line)
        if line[3:4] == b"-" and _CODE.match(line):
            return
        reply = parse_reply(self._lines)
        self._lines, self._size = [], 0
        replies.append(reply)


def _without(text: str, enhanced: str) -> str:
    match = _ENHANCED.match(text)
    return text[match.end() :] if match and match[1] == enhanced else text


def _printable(raw: bytes) -> str:
    """Decode a line. Chinese servers answer in UTF-8 or, older ones, in GB 18030."""
    raw = raw[:LINE_LIMIT].strip()
    if raw.isascii():
        text = raw.decode("ascii")
    else:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            try:
                text = raw.decode("gb18030")
            except UnicodeDecodeError:
                text = raw.decode("ascii", "replace")
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text[:_SHOWN_OF_A_LINE]
