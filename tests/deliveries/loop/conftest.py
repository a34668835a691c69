"""A send worker's loop on a real ledger, with a real inbox for its relay; and a scripted world."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from mailer.actions.delivering import deliver_due
from mailer.actions.sweeping import Wanted, sweep
from mailer.deliveries.models import Delivery
from mailer.deliveries.sending import Summary
from mailer.inbox.behaviours import Behaviours
from mailer.inbox.server import InboxServer
from mailer.inbox.store import Answer, MessageStore, count_by_message_id
from mailer.issues.models import DoubtPolicy
from runtime.clock import elapsed, now
from runtime.database import Database
from runtime.embedded import Addresses
from runtime.process import Runtime
from runtime.settings import Settings
from runtime.text import language
from tests.deliveries.dispatches import check_ledger, told
from tests.issues.office import SECRET, add_units, sending, the_bulletin


class Post:
    """An office that sends: its runtime, its inbox, and the loop."""

    def __init__(self, runtime: Runtime, folder: Path, stack: AsyncExitStack) -> None:
        self.runtime = runtime
        self.stop = asyncio.Event()
        self._folder = folder
        self._stack = stack

    @property
    def database(self) -> Database:
        """The database."""
        return self.runtime.database

    async def inbox(
        self, behaviours: Mapping[str, str] | None = None, *, delay: float = 0, port: int = 0
    ) -> InboxServer:
        """Start the relay: an inbox that behaves towards addresses as told."""
        store = self._stack.enter_context(MessageStore(self._folder, started_at=now()))
        server = InboxServer(store, Behaviours(behaviours), delay=delay, port=port)
        await server.start()
        self._stack.push_async_callback(server.stop)
        self.use(server.port)
        return server

    def use(self, port: int) -> None:
        """Make a port of this machine the relay."""
        self.change(relay_url=SecretStr(f"smtp://127.0.0.1:{port}"))

    def change(self, **settings: object) -> None:
        """Change settings."""
        changed = self.runtime.settings.model_copy(update=settings)
        self.runtime = Runtime(
            settings=changed,
            database=self.runtime.database,
            redis_url=self.runtime.redis_url,
            owner_url=self.runtime.owner_url,
        )

    def issue(self, units: int, doubt: DoubtPolicy = DoubtPolicy.RESEND) -> dict[str, int]:
        """Send an issue to units u0 … with one address each; return address → delivery."""
        names = {f"市{n}号局": [f"u{n}@unit.example"] for n in range(units)}
        with self.database.transaction() as session:
            add_units(session, names)
            the_bulletin(session).doubt_policy = doubt
            sending(session, {"送": list(names)})
        with self.database.transaction() as session:
            rows = session.execute(select(Delivery.address, Delivery.id))
            return {address.partition("@")[0]: number for address, number in rows}

    async def run(self) -> Summary:
        """Run the loop once."""
        summary = await asyncio.wait_for(deliver_due(self.runtime, self.stop), 30)
        assert summary is not None
        return summary

    def sweep(self) -> Wanted:
        """Sweep once."""
        return sweep(self.database, self.runtime.settings, SECRET, now())

    def pass_time(self) -> None:
        """Have every retry due."""
        with self.database.transaction() as session:
            session.execute(text("UPDATE deliveries SET due_at = now() WHERE due_at > now()"))

    def delivery(self, number: int) -> Delivery:
        """Return a delivery as it is now."""
        with self.database.transaction() as session:
            return session.get_one(Delivery, number)

    def states(self) -> dict[str, str]:
        """Return the state of each address' delivery."""
        with self.database.transaction() as session:
            rows = session.execute(select(Delivery.address, Delivery.state))
            return {address.partition("@")[0]: state.value for address, state in rows}


def accepted(server: InboxServer) -> dict[str, int]:
    """Return how often the inbox accepted each Message-ID."""
    found = count_by_message_id(server.store.messages, answer=Answer.ACCEPTED)
    return {message_id.strip("<>"): n for message_id, n in found.items()}


def verify(post: Post) -> None:
    """Assert what always holds of the ledger."""
    with post.database.transaction() as session:
        check_ledger(session)


def told_of(post: Post, number: int) -> list[str]:
    """Return the kinds of a delivery's events."""
    with post.database.transaction() as session:
        return told(session, number)


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something holds; fail after so long."""
    ends = elapsed() + seconds
    while not holds():
        assert elapsed() < ends, "it never came to that"
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages in their source language."""
    token = language.set("en")
    yield
    language.reset(token)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop that the workers run on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def post(database: Database, addresses: Addresses, tmp_path: Path) -> AsyncIterator[Post]:
    """An office that sends with short times."""
    settings = Settings(
        home=tmp_path,
        secret_key=SecretStr(SECRET.decode()),
        send_workers=2,
        relay_connections=4,
        lease_seconds=10,
        retry_first_seconds=60,
        smtp_timeout=2,
        smtp_final_timeout=1,
        language="en",
    )
    runtime = Runtime(
        settings=settings,
        database=database,
        redis_url=addresses.redis_url,
        owner_url=addresses.owner_url,
    )
    async with AsyncExitStack() as stack:
        yield Post(runtime, tmp_path / "inbox", stack)
