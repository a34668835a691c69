"""The command ``mailer`` as a user gives it, on a database and a home of the test's own."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailer.actions.initialising import FirstBulletin, initialise
from mailer.cli import main
from mailer.cli.context import open_runtime
from runtime.embedded import Addresses
from runtime.text import language

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
