"""One connection as bytes out and replies in, with bounds on time and size.

It knows nothing of transactions. Each write says how many replies it calls for, so that a reply
that nobody asked for is known as such: it never passes for the answer to a later command.
"""

import asyncio
import ssl
from collections import deque
from typing import cast

from mailer.smtp.notes import Note
from mailer.smtp.replies import Reply, ReplyParser


class ChannelLostError(Exception):
    """The connection cannot be used any more; ``note`` says why."""

    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


class Channel(asyncio.Protocol):
    """The protocol of one connection. Used by one task at a time."""

    def __init__(self) -> None:
        self.early: Reply | None = None
        """A reply that was not asked for: a 421 before the server closes, or an early refusal."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._replies: deque[Reply] = deque()
        self._expected = 1  # the greeting
        self._lost: Note | None = None
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; its buffer is never left to grow."""
        self._transport = cast("asyncio.Transport", transport)
        # Paused means: not all of it is with the kernel yet. The final dot waits for that.
        # One, not zero: at zero the TLS transport pauses while it is empty.
        self._transport.set_write_buffer_limits(high=1, low=0)

    def data_received(self, data: bytes) -> None:
        """Take replies; stop listening to a server that is not making sense."""
        if self._lost is not None:
            return
        for reply in self._parser.feed(data):
            if len(self._replies) < self._expected:
                self._replies.append(reply)
            else:
                self.early = reply
                self._lose(Note.LOST if reply.code == 421 else Note.OUT_OF_TURN)  # noqa: PLR2004 - "closing"
                return
        if self._parser.fault is not None:
            self._lose(Note.UNREADABLE)
        elif self._replies:  # half a reply wakes nobody, or trickling bytes would stretch the wait
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it is over; replies that came before can still be read."""
        del exc  # an error and an orderly end mean the same to a transaction
        self._lost = self._lost or Note.LOST
        self._wake()

    def pause_writing(self) -> None:
        """Note that the kernel did not take all."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that the kernel has taken all."""
        self._paused = False
        self._wake()

    # What a connection calls.

    @property
    def open(self) -> bool:
        """Return whether it can be written to, as far as is known."""
        return self._lost is None and self._transport is not None

    @property
    def peer(self) -> str:
        """Return the address of the other end."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def encrypted(self) -> bool:
        """Return whether what is written is encrypted."""
        return bool(self._transport and self._transport.get_extra_info("ssl_object"))

    def write(self, data: bytes, *, replies: int) -> None:
        """Write ``data``, which calls for ``replies``.

        Raises:
            ChannelLostError: the connection is known to be over; nothing was written.

        """
        if self._lost is not None or self._transport is None or self._transport.is_closing():
            raise ChannelLostError(self._lost or Note.LOST)
        self._expected += replies
        self._transport.write(data)

    async def reply(self, seconds: float) -> Reply:
        """Return the next reply, waiting ``seconds`` at most.

        Raises:
            ChannelLostError: none came.

        """
        while not self._replies:
            if self._lost is not None:
                raise ChannelLostError(self._lost)
            await self._wait(seconds)
        self._expected -= 1
        return self._replies.popleft()

    async def drain(self, seconds: float) -> None:
        """Wait until the kernel has taken all that was written.

        Raises:
            ChannelLostError: it did not within ``seconds``.

        """
        # One turn of the loop, always: it is how the end of the connection, or an early answer, is
        # seen. A transport whose peer is gone swallows writes and never pauses.
        await asyncio.sleep(0)
        while self._paused and self._lost is None:
            await self._wait(seconds)
        if self._lost is not None:
            raise ChannelLostError(self._lost)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Encrypt the connection, forgetting all that came before.

        Raises:
            ChannelLostError: data came in clear behind the server's consent: whoever sits between
                could have put it there to be read as if it were encrypted (CVE-2021-38371).
            OSError: the handshake failed (:class:`ssl.SSLError` is one).

        """
        if self._lost is not None or self._transport is None:
            raise ChannelLostError(self._lost or Note.LOST)
        if self._replies or not self._parser.empty:
            raise ChannelLostError(Note.TLS_INJECTED)
        transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
        )
        if transport is None:
            raise ConnectionResetError
        self._parser = ReplyParser()
        self.connection_made(transport)

    def abort(self) -> None:
        """Drop the connection at once; what is still in our buffer is not sent."""
        self._lost = self._lost or Note.LOST
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def _lose(self, note: Note) -> None:
        self._lost = note
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    async def _wait(self, seconds: float) -> None:
        """Wait for any news. One timer, whose expiry and the news cannot both win."""
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._expire, self._waiter)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _expire(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            self._lost = self._lost or Note.TIMED_OUT
            waiter.set_exception(ChannelLostError(Note.TIMED_OUT))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
