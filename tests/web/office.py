"""An office whose pages run on a real server and a real database, and its browsers."""

import asyncio
import datetime as dt
import re
import secrets
import socket
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from sqlalchemy import select

from mailer.accounts.models import Role, User
from mailer.accounts.passwords import hash_password
from mailer.accounts.users import sign_in
from mailer.actions.freezing import freeze_issue
from mailer.actions.scheduling import send_now
from mailer.deliveries.models import Delivery, Dispatch
from mailer.web.desk import Desk
from mailer.web.server import PageServer
from runtime.clock import now
from runtime.database import Database
from runtime.process import Runtime
from tests.web.desk_issues import Recipient, add_draft, approve
from tests.web.relay_answers import Answer, store_answers

PASSWORD = "a long winter"
SECRET = "k" * 43
_PASSWORD_HASH = hash_password(PASSWORD)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenIssue:
    """An issue that is being sent, with the delivery of each address."""

    id: int
    deliveries: Mapping[str, int]


class ReadyServer(PageServer):
    """A server that says when it listens."""

    def __init__(self, made: PageServer) -> None:
        super().__init__(made.config, made.desk)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self.ready.set()


@dataclass(kw_only=True)
class Office:
    """The pages, and what stands behind them."""

    runtime: Runtime
    url: str
    server: PageServer
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The database."""
        return self.runtime.database

    @property
    def desk(self) -> Desk:
        """What the pages share."""
        return self.server.desk

    def browser(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """Return a browser that is not signed in."""
        # The pages trust a proxy on this machine; so each browser has an address of its own, and
        # tests do not use up each other's tries to sign in.
        place = {"X-Forwarded-For": f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.7"}
        client = httpx.Client(base_url=self.url, timeout=10, headers=place | (headers or {}))
        self.clients.append(client)
        return client

    def token(self, client: httpx.Client) -> str:
        """Return the token that the forms of this browser have."""
        shown = client.get("/issues", follow_redirects=True).text
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', shown)
        assert found
        return found[1]

    def send(self, client: httpx.Client, path: str, **values: str) -> httpx.Response:
        """Send a form as a browser does, with its token."""
        return client.post(path, data={"csrf": self.token(client)} | values)

    def add_user(self, name: str, role: Role) -> None:
        """Add a user with the password of all."""
        with self.database.transaction() as session:
            session.add(User(name=name, password_hash=_PASSWORD_HASH, role=role))

    def person(self, role: Role) -> str:
        """Add a user and return the name. Tries are counted by name, for all tests in one Redis."""
        name = f"{role}-{uuid.uuid4().hex[:12]}"
        self.add_user(name, role)
        return name

    def signed_in(self, role: Role, name: str | None = None) -> httpx.Client:
        """Return the browser of a new user who is signed in."""
        if name is None:
            name = self.person(role)
        else:
            self.add_user(name, role)
        client = self.browser()
        with self.database.transaction() as session:
            _, token = sign_in(session, name, PASSWORD, now=now(), lasting=dt.timedelta(hours=1))
        client.cookies.set("jianbao-session", token)
        return client

    def draft(
        self, *, title: str = "云湾市水利工作简报", headline: str = "秋季堤防检查完成"
    ) -> int:
        """Add an issue as it would be read from a file."""
        with self.database.transaction() as session:
            return add_draft(session, title, headline).id

    def sending(
        self, recipients: Sequence[Recipient], *, headline: str = "秋季堤防检查完成"
    ) -> FrozenIssue:
        """Add an issue that is approved for ``recipients`` and frozen."""
        with self.database.transaction() as session:
            issue = add_draft(session, "云湾市水利工作简报", headline)
            approve(session, issue, recipients)
            send_now(session, issue.id, actor="test", now=now())
        with self.database.transaction() as session:
            freeze_issue(session, issue.id, secret=SECRET.encode(), actor="test", now=now())
        with self.database.transaction() as session:
            found = session.execute(
                select(Delivery.address, Delivery.id)
                .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
                .where(Dispatch.issue_id == issue.id)
                .order_by(Delivery.id)
            )
            deliveries = {row.address: row.id for row in found}
            return FrozenIssue(id=issue.id, deliveries=deliveries)

    def answer(self, answers: Mapping[int, Answer]) -> None:
        """Claim all that is due through the ledger and store what the relay said, see Answer."""
        asyncio.run(store_answers(self.database.url, answers))


OpenOffice = Callable[..., Office]
