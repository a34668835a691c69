"""What the SMTP tests talk to, and with: our inbox, aiosmtpd, a client."""

import asyncio
import ssl
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
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
