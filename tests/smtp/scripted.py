"""Servers that do, step by step, what a test tells them, however wrong."""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

from mailer.smtp.relays import Relay

CLOSE, RESET, HANG = "close", "reset", "hang"
Act = bytes | str | float
"""Bytes are sent, after so many seconds; CLOSE ends the connection, RESET does so with RST, HANG
stays silent."""

Acts = tuple[Act, ...]

FRIENDLY: dict[str, Acts] = {
    "greeting": (b"220 relay.example\r\n",),
    "EHLO": (b"250-relay.example\r\n250 PIPELINING\r\n",),
    "HELO": (b"250 relay.example\r\n",),
    "STARTTLS": (b"220 Go on\r\n",),
    "AUTH": (b"235 2.7.0 Welcome\r\n",),
    "RSET": (b"250 2.0.0 Ok\r\n",),
    "MAIL": (b"250 2.1.0 Ok\r\n",),
    "RCPT": (b"250 2.1.5 Ok\r\n",),
    "DATA": (b"354 Go on\r\n",),
    "content": (),
    "dot": (b"250 2.0.0 Taken\r\n",),
    "QUIT": (b"221 2.0.0 Goodbye\r\n",),
}


@dataclass
class ScriptedServer:
    """Answers each step by its script. A step may have several scripts, one an occurrence."""

    script: dict[str, list[Acts]]
    relay: Relay = field(default_factory=lambda: Relay(host="127.0.0.1", port=1))
    steps: list[str] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    sent: int = 0
    connections: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    reached: dict[str, asyncio.Event] = field(default_factory=dict)
    _from: int = 0
    _last: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client until it or the script ends the connection."""
        self.connections += 1
        try:
            if await self._act("greeting", writer):
                await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self.gone.set()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        while True:
            while b"\r\n" not in buffer:
                buffer += await self._read(reader)
            line, _, buffer = buffer.partition(b"\r\n")
            self.lines.append(line)
            step = line[:8].split()[0].decode().upper() if line.split() else ""
            if not await self._act(step, writer):
                return
            if step == "DATA" and self._last.startswith(b"354"):
                if not await self._act("content", writer):
                    return
                buffer = await self._read_message(reader, buffer)
                if buffer.startswith(b".\r\n"):
                    message, buffer = b"", buffer[3:]
                else:
                    message, _, buffer = buffer.partition(b"\r\n.\r\n")
                    message += b"\r\n"
                self.messages.append(message)
                if not await self._act("dot", writer):
                    return

    async def _read_message(self, reader: asyncio.StreamReader, begun: bytes) -> bytes:
        buffer = bytearray(begun)
        while not (buffer.startswith(b".\r\n") or buffer.find(b"\r\n.\r\n", self._from) >= 0):
            self._from = max(0, len(buffer) - 4)
            buffer += await self._read(reader)
        self._from = 0
        return bytes(buffer)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(1_000_000)
        if not data:
            raise ConnectionError
        self.chunks.append(data)
        return data

    async def _act(self, step: str, writer: asyncio.StreamWriter) -> bool:
        self.steps.append(step)
        self._last = b""
        self.reached.setdefault(step, asyncio.Event()).set()
        turns = self.script.get(step, [(b"502 5.5.2 Not known\r\n",)])
        for act in turns.pop(0) if len(turns) > 1 else turns[0]:
            if isinstance(act, bytes):
                self._last = act
                writer.write(act)
                self.sent += len(act)
                await writer.drain()
            elif isinstance(act, float):
                await asyncio.sleep(act)
            elif act == HANG:
                await asyncio.Event().wait()
            else:
                if act == RESET:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, linger
                    )
                return False
        return True


class ScriptedServers:
    """Starts servers that are friendly but for what a test changes."""

    def __init__(self) -> None:
        self._started: list[tuple[asyncio.Server, set[asyncio.Task[None]]]] = []

    async def start(self, **changes: Acts | list[Acts]) -> ScriptedServer:
        """Start one. Of a list, each occurrence of a step uses one; the last stays."""
        script = {step: [acts] for step, acts in FRIENDLY.items()}
        for step, acts in changes.items():
            script[step] = list(acts) if isinstance(acts, list) else [acts]
        scripted = ScriptedServer(script)
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await scripted.serve(reader, writer)
            except asyncio.CancelledError:
                pass  # the test is over while the script hangs
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._started.append((server, tasks))
        port = server.sockets[0].getsockname()[1]
        scripted.relay = Relay(host="127.0.0.1", port=port)
        return scripted

    async def stop(self) -> None:
        """Stop all of them, whatever they are doing."""
        for server, tasks in self._started:
            server.close()
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks)
            await server.wait_closed()
