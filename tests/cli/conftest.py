"""The command ``mailer`` as a user gives it, on a database and a home of the test's own."""

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailer.actions.initialising import FirstBulletin, initialise
from mailer.actions.rendering import render_issue
from mailer.actions.sweeping import sweep
from mailer.cli import main
from mailer.cli.context import open_runtime
from mailer.deliveries.ledger import Ledger
from mailer.deliveries.states import DeliveryState
from runtime.clock import now
from runtime.database import Database
from runtime.embedded import Addresses
from runtime.secrets import read_secret_key
from runtime.text import language
from tests.deliveries.ledger.conftest import LEASE
from tests.deliveries.results import result
from tests.issues.office import LIMITS, add_units, source

PASSWORD = "a long winter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - as JSON is
        """Return what was printed as JSON."""
        return json.loads(self.out)

    @property
    def message(self) -> str:
        """Return what was said on standard error, on one line."""
        return " ".join(self.err.split())


Mailer = Callable[..., Ran]


@pytest.fixture
def empty(
    addresses: Addresses,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Iterator[Mailer]:
    """Run commands in English, on a database without a bulletin, an admin or a key."""
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "DATABASE_URL": addresses.database_url,
        "DATABASE_OWNER_URL": addresses.owner_url,
        "REDIS_URL": addresses.redis_url,
        "RELAY_URL": "smtp://127.0.0.1:2525",
        "LANGUAGE": "en",
    }.items():
        monkeypatch.setenv(f"MAILER_{name}", value)
    token = language.set("en")

    def run(*arguments: object, stdin: str | bytes = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["mailer", *(str(argument) for argument in arguments)])
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main.run()
        out, err = capsysbinary.readouterr()
        said = err.decode()
        assert "Traceback" not in said
        assert "fault of Jianbao" not in said, said
        code = ended.value.code
        return Ran(code=code if isinstance(code, int) else 0, out=out.decode(), err=said)

    yield run
    language.reset(token)


@pytest.fixture
def mailer(empty: Mailer) -> Mailer:
    """Run commands on a system that is set up."""
    first = FirstBulletin(
        slug="yunwan",
        name="云湾市工作简报",
        from_name="云湾市政府办公室",
        from_address="bulletin@yunwan.example",
    )
    with open_runtime() as runtime:
        initialise(runtime, first, "admin", PASSWORD)
    return empty


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bulletin's file."""
    path = tmp_path / "bulletin.txt"
    path.write_bytes(source(number=7))
    return path


@pytest.fixture
def worker(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that renders as soon as a task is published."""

    def publish(_runtime: object, task: str, *arguments: int) -> None:
        if task == "render":
            with database.transaction() as session:
                render_issue(session, arguments[0], actor="worker", limits=LIMITS)

    monkeypatch.setattr("mailer.cli.issues.publish", publish)


@pytest.fixture
def approved(
    mailer: Mailer,
    file: Path,
    database: Database,
    worker: None,  # noqa: ARG001 - it renders what is submitted
) -> int:
    """An approved issue, made by commands."""
    with database.transaction() as session:
        add_units(session)
    issue = mailer("issues", "add", file, "--json").json["id"]
    assert mailer("lists", "sync", "yunwan", "--from", issue).code == 0
    assert mailer("issues", "submit", issue).code == 0
    assert mailer("issues", "approve", issue).code == 0
    return int(issue)


def send_all(database: Database, state: DeliveryState = DeliveryState.ACCEPTED) -> None:
    """Sweep, send as a worker would, and sweep again."""

    async def record() -> None:
        ledger = await Ledger.open(database.url, lanes=9, actor="worker:test")
        assert ledger is not None
        shares = [(dispatch, 999) for dispatch, _ in await ledger.open_dispatches()]
        claims = await ledger.claim(shares, LEASE)
        await ledger.record([result(claimed, state) for claimed in claims])
        await ledger.close()

    with open_runtime() as runtime:
        secret = read_secret_key(runtime.settings)
        sweep(runtime.database, runtime.settings, secret, now())
        asyncio.run(record())
        sweep(runtime.database, runtime.settings, secret, now())
