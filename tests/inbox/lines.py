"""Inboxes for tests, and clients that speak to them by hand."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from mailer.inbox.behaviours import Behaviours
from mailer.inbox.server import InboxServer
from mailer.inbox.store import MessageStore
from runtime.clock import now


class Inboxes:
    """Starts inboxes; they stop with the test."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack

    async def start(
        self, words: dict[str, str] | None = None, *, size_limit: int = 10_000, delay: float = 0
    ) -> InboxServer:
        """Start one."""
        store = self._stack.enter_context(MessageStore(self._folder, started_at=now()))
        server = InboxServer(store, Behaviours(words), size_limit=size_limit, delay=delay)
        await server.start()
        self._stack.push_async_callback(server.stop)
        return server


class Line:
    """A client by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def hear(self) -> str:
        """Return the next reply's last line."""
        while True:
            line = await asyncio.wait_for(self._reader.readline(), 10)
            if line[3:4] != b"-":
                return line.decode().rstrip("\r\n")

    async def ask(self, data: bytes) -> str:
        """Send bytes and return the reply."""
        await self.say(data)
        return await self.hear()

    async def ended(self) -> bool:
        """Return whether the server closes without another word."""
        return await asyncio.wait_for(self._reader.read(), 10) == b""

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()


class Lines:
    """Opens connections by hand."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def open(self, server: InboxServer, *, greet: bool = True) -> Line:
        """Connect, and say EHLO unless told otherwise."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        line = Line(reader, writer)
        self._stack.push_async_callback(line.close)
        assert (await line.hear()).startswith("220 ")
        if greet:
            assert (await line.ask(b"EHLO me.example\r\n")).startswith("250 ")
        return line
