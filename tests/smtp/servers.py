"""What the SMTP tests talk to: our inbox, aiosmtpd, and servers that misbehave on purpose."""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as Received

from mailer.inbox.behaviours import Behaviours
from mailer.inbox.server import SIZE_LIMIT, InboxServer
from mailer.inbox.store import MessageStore
from mailer.smtp.connection import Connection
from mailer.smtp.envelopes import Envelope
from mailer.smtp.relays import Relay
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.transactions import Transaction
from mailer.smtp.verdicts import Stage
from runtime.clock import now

QUICK = Timeouts(
    connect=5,
    greeting=5,
    ehlo=5,
    starttls=5,
    auth=5,
    mail=5,
    rcpt=5,
    data=5,
    content=5,
    final_dot=5,
    quit=1,
)
"""Long enough for a busy machine, short enough for a test that fails."""


def impatient(stage: Stage) -> Timeouts:
    """Return timeouts for a test in which nothing is going to answer ``stage``."""
    return replace(QUICK, **{stage.value.replace("-", "_"): 0.15})


MESSAGE = (
    b"Message-ID: <1@office.example>\r\nSubject: bulletin\r\n\r\n",
    b"First line\r\n.\r\n..second\r\nlast\r\n",
)


class Inboxes:
    """Starts inboxes of ours; they stop with the test."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack

    async def start(
        self,
        words: dict[str, str] | None = None,
        *,
        size_limit: int = SIZE_LIMIT,
        delay: float = 0,
    ) -> InboxServer:
        """Start one that behaves towards addresses as ``words`` say."""
        store = self._stack.enter_context(MessageStore(self._folder, started_at=now()))
        server = InboxServer(store, Behaviours(words), size_limit=size_limit, delay=delay)
        await server.start()
        self._stack.push_async_callback(server.stop)
        return server


def relay_of(server: InboxServer) -> Relay:
    """Return the relay that an inbox is."""
    return Relay(host="127.0.0.1", port=server.port)


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


class Collector:
    """Keeps what aiosmtpd takes."""

    def __init__(self) -> None:
        self.envelopes: list[Received] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Received) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message."""
        self.envelopes.append(envelope)
        return "250 2.0.0 Kept by aiosmtpd"


def check_password(
    _server: SMTP, _session: Session, _envelope: Received, _mechanism: str, login: LoginPassword
) -> AuthResult:
    """Let one user in."""
    good = LoginPassword(b"office", "pw:简".encode())
    return AuthResult(success=login == good, handled=False)


class Aiosmtpd:
    """aiosmtpd on a stock event loop in a thread: a server that we did not write."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._servers: list[asyncio.Server] = []

    def start(
        self,
        *,
        implicit: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        sign_in: bool = False,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
    ) -> tuple[Collector, int]:
        """Start a server; return what it keeps, and its port."""
        collector = Collector()
        every = ("PLAIN", "LOGIN")

        def session() -> SMTP:
            return SMTP(
                collector,
                loop=self._loop,
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=check_password if sign_in else None,
                auth_required=sign_in,
                auth_require_tls=False,
                auth_exclude_mechanism=[name for name in every if name not in mechanisms],
            )

        async def listen() -> asyncio.Server:
            return await self._loop.create_server(session, "127.0.0.1", 0, ssl=implicit)

        server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(5)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return collector, port

    def stop(self) -> None:
        """Stop the servers and the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class Client:
    """Opens connections and sends the sample message, asking ``may_go_on`` from a list."""

    def __init__(self) -> None:
        self.answers: list[bool] = []
        self.asked = 0
        self._opened: list[Connection] = []

    def may_go_on(self) -> bool:
        """Answer from the list; yes when it is used up."""
        self.asked += 1
        return self.answers.pop(0) if self.answers else True

    async def connect(
        self,
        relay: Relay,
        *,
        timeouts: Timeouts = QUICK,
        helo: str = "office.example",
        tls_context: ssl.SSLContext | None = None,
    ) -> Connection:
        """Open a connection that is closed when the test ends."""
        connection = await Connection.open(
            relay, timeouts=timeouts, helo=helo, tls_context=tls_context
        )
        self._opened.append(connection)
        return connection

    async def send(
        self,
        connection: Connection,
        *,
        to: str = "a@unit.example",
        mail_from: str = "b@office.example",
        message: Sequence[bytes] = MESSAGE,
        envid: str | None = None,
        notify_success: bool = False,
    ) -> Transaction:
        """Send one message."""
        envelope = Envelope(
            mail_from=mail_from, rcpt_to=to, envid=envid, notify_success=notify_success
        )
        return await connection.transact(envelope, message, may_go_on=self.may_go_on)

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            await connection.close()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate; its file is also the CA that it is checked by."""

    path: Path
    context: ssl.SSLContext
