"""The inbox: an SMTP server that keeps what it gets, for the demo, the tests and the benches.

It offers what our client uses (PIPELINING, SIZE, 8BITMIME, SMTPUTF8, DSN, ENHANCEDSTATUSCODES),
takes only CRLF.CRLF for the end of a message, and answers the final dot when the message is kept.
"""

import asyncio
import contextlib

from mailer.inbox.behaviours import Behaviours
from mailer.inbox.session import Session
from mailer.inbox.store import MessageStore
from runtime.refusal import Refusal

SIZE_LIMIT = 52_428_800
_BACKLOG = 1024
_GRACE = 1.0


class InboxPortError(Refusal):
    """The inbox cannot listen on {host}, port {port}: {reason}. Choose another port, or 0 for any
    that is free.
    """


class InboxServer:
    """The server. ``delay`` is how many seconds later every final dot is answered."""

    def __init__(
        self,
        store: MessageStore,
        behaviours: Behaviours,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        delay: float = 0,
        size_limit: int = SIZE_LIMIT,
        name: str = "inbox.example",
    ) -> None:
        self.store = store
        self.behaviours = behaviours
        self.host = host
        self.port = port
        self.delay = delay
        self.size_limit = size_limit
        self.name = name
        self._sessions: set[Session] = set()
        self._emptied = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Afterwards ``port`` is the real one.

        Raises:
            InboxPortError: the address is taken, or not this machine's.

        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Session(self), self.host, self.port, backlog=_BACKLOG
            )
        except OSError as error:
            raise InboxPortError(
                host=self.host, port=self.port, reason=error.strerror or error
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every session with 421. What was kept stays kept.

        A client that does not read its 421 is cut off after a second.
        """
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.say_goodbye()
        if self._sessions:
            self._emptied.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), _GRACE)
        for session in tuple(self._sessions):
            session.abort()
        await self._server.wait_closed()
        # One turn of the loop, so that closed transports give back their sockets.
        await asyncio.sleep(0)
        self._server = None

    def opened(self, session: Session) -> None:
        """Remember a session, to end it when we stop."""
        self._sessions.add(session)

    def closed(self, session: Session) -> None:
        """Forget a session."""
        self._sessions.discard(session)
        if not self._sessions:
            self._emptied.set()

    @property
    def open_sessions(self) -> int:
        """Return how many clients are connected."""
        return len(self._sessions)
