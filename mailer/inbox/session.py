"""One client's session with the inbox: bytes in, bytes out, and what happens at the final dot.

Bytes are handled where they arrive, and all answers to them leave in one write: a pipelined
transaction costs two calls. While an answer is held back (``slow``, the server's delay), later
commands wait in the buffer.
"""

import asyncio
from typing import Protocol, cast

from mailer.inbox.behaviours import Behaviours, Kind
from mailer.inbox.dialogue import Dialogue, Then
from mailer.inbox.store import Answer, Arrival, MessageStore
from runtime.clock import now

IDLE_LIMIT = 300.0
"""Seconds after which a silent client is sent away."""
_LINE_LIMIT = 4096
_END = b"\r\n.\r\n"
_BY_WEIGHT = (
    Kind.ACCEPT,
    Kind.SLOW,
    Kind.DROP_AFTER_250,
    Kind.DROP,
    Kind.HANG,
    Kind.REJECT_DATA,
)
"""Which behaviour wins where a message has several recipients: the last."""


class Site(Protocol):
    """What a session needs of its server."""

    store: MessageStore
    behaviours: Behaviours
    delay: float
    size_limit: int
    name: str

    def opened(self, session: "Session") -> None:
        """Remember ``session``."""

    def closed(self, session: "Session") -> None:
        """Forget ``session``."""


class Session(asyncio.Protocol):
    """The protocol of one connection."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._dialogue = Dialogue(site.behaviours, name=site.name, size_limit=site.size_limit)
        self._buffer = bytearray()
        self._answers: list[str] = []
        self._scanned = 0
        self._in_message = False
        self._oversize = False
        self._held = False
        self._hung = False
        self._over = False
        self._last_heard = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._site.opened(self)
        self._timer = self._loop.call_later(IDLE_LIMIT, self._check_idle)
        self._say(f"220 {self._site.name} ESMTP")
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client. A message that it had not ended is not kept."""
        del exc  # how a client goes makes no difference
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        self._site.closed(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes and do what they complete."""
        self._last_heard = self._loop.time()
        if not self._hung:
            self._buffer += data
            self._go_on()

    def say_goodbye(self) -> None:
        """End the session: the server stops."""
        self._say("421 4.3.2 The inbox is closing")
        self._close()

    def abort(self) -> None:
        """End the session without another word."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    # Cutting the stream.

    def _go_on(self) -> None:
        while self._buffer and not self._held and not self._over:
            if not (self._take_message() if self._in_message else self._take_line()):
                break
        self._flush()

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > _LINE_LIMIT:
                self._say("500 5.5.2 The line is too long")
                self._close()
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        said = self._dialogue.obey(line)
        self._say(said.text)
        self._in_message = said.then is Then.MESSAGE
        if said.then is Then.END:
            self._close()
        return True

    def _take_message(self) -> bool:
        """Take a message whose end has come. The search goes on where it stopped."""
        if self._buffer.startswith(b".\r\n") and not self._oversize:
            data, end = b"", len(b".\r\n")
        else:
            found = self._buffer.find(_END, max(0, self._scanned - len(_END)))
            if found < 0:
                self._wait_for_more()
                return False
            data, end = bytes(self._buffer[: found + 2]), found + len(_END)
        del self._buffer[:end]
        oversize = self._oversize or len(data) > self._site.size_limit
        self._scanned, self._in_message, self._oversize = 0, False, False
        if oversize:
            self._dialogue.reset()
            self._say("552 5.3.4 The message is too large")
        else:
            self._answer_dot(_without_stuffing(data))
        return True

    def _wait_for_more(self) -> None:
        if len(self._buffer) > self._site.size_limit + len(_END):
            self._oversize = True  # only the end still matters
            del self._buffer[: -len(_END)]
        self._scanned = len(self._buffer)

    # The final dot.

    def _answer_dot(self, data: bytes) -> None:
        behaviours, recipients = self._site.behaviours, self._dialogue.rcpt_to
        kinds = [(behaviours.at_dot(address), address) for address in recipients]
        kind, address = max(kinds, key=lambda pair: _BY_WEIGHT.index(pair[0]))
        arrival = Arrival(
            mail_from=self._dialogue.mail_from or "",
            rcpt_to=tuple(recipients),
            received_at=now(),
            envid=self._dialogue.envid,
            answer=Answer.NONE if kind in (Kind.HANG, Kind.DROP) else Answer.ACCEPTED,
        )
        self._dialogue.reset()
        if kind is Kind.REJECT_DATA:
            self._say("554 5.6.0 This message is not wanted")
            return
        try:
            self._site.store.append(arrival, data)
        except OSError:
            self._say("452 4.3.1 The inbox cannot write its file")
            return
        if kind is Kind.HANG:
            self._held = self._hung = True
        elif kind is Kind.DROP:
            self._close()
        else:
            slow = behaviours.towards(address).delay if kind is Kind.SLOW else 0
            self._accept_after(slow + self._site.delay, last=kind is Kind.DROP_AFTER_250)

    def _accept_after(self, delay: float, *, last: bool) -> None:
        if delay > 0:
            self._held = True
            self._loop.call_later(delay, self._release, last)
        else:
            self._accept(last=last)

    def _release(self, last: bool) -> None:  # noqa: FBT001 - call_later takes no keywords
        self._held = False
        self._accept(last=last)
        self._go_on()

    def _accept(self, *, last: bool) -> None:
        self._say("250 2.0.0 Kept")
        if last:
            self._close()

    # Small things.

    def _say(self, text: str) -> None:
        self._answers.append(text)

    def _flush(self) -> None:
        if self._answers and self._transport is not None and not self._over:
            self._transport.write("".join(f"{text}\r\n" for text in self._answers).encode())
        self._answers.clear()

    def _close(self) -> None:
        self._flush()
        self._over = True
        if self._transport is not None:
            self._transport.close()

    def _check_idle(self) -> None:
        left = self._last_heard + IDLE_LIMIT - self._loop.time()
        if left > 0 or self._held:
            self._timer = self._loop.call_later(max(left, 1), self._check_idle)
            return
        self._say("421 4.4.2 Silent for too long")
        self._close()


def _without_stuffing(data: bytes) -> bytes:
    """Take away the dots that the client added (RFC 5321 section 4.5.2)."""
    if b"\r\n." in data:
        data = data.replace(b"\r\n.", b"\r\n")
    return data.removeprefix(b".")
