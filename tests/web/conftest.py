"""The pages of an office, on a server of their own for each test."""

import socket
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from mailer.web.server import page_server
from runtime.database import Database
from runtime.embedded import Addresses
from runtime.process import Runtime
from runtime.settings import Settings
from tests.web.office import SECRET, Office, OpenOffice, ReadyServer


@pytest.fixture
def open_office(database: Database, addresses: Addresses) -> Iterator[OpenOffice]:
    """Open an office; settings may be given by keyword."""
    running: list[tuple[ReadyServer, threading.Thread, socket.socket, Office]] = []

    def open_one(
        *, redis_url: str | None = None, away: Database | None = None, **settings: object
    ) -> Office:
        listening = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        usual = {"secret_key": SecretStr(SECRET), "base_url": url, "language": "en"}
        runtime = Runtime(
            settings=Settings.model_validate(usual | settings),
            database=away or database,
            redis_url=redis_url or addresses.redis_url,
            owner_url=addresses.owner_url,
        )
        server = ReadyServer(page_server(runtime))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert server.ready.wait(10)
        office = Office(runtime=runtime, url=url, server=server)
        running.append((server, thread, listening, office))
        return office

    yield open_one
    for server, thread, listening, office in running:
        for client in office.clients:
            client.close()
        server.should_exit = True
        thread.join(10)
        listening.close()
        assert not thread.is_alive()


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    """The pages with their usual settings."""
    return open_office()
