"""``mailer demo``: the main job from a file to the delivery log, by the commands that anyone types.

Nothing here has a way of its own: each step is a command of the CLI, printed before it is run, in
a system of its own under ``demo/`` in the home, with a local inbox as the relay.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mailer.cli.demo_office import Office, office_of, sample_office, write_behaviours
from mailer.cli.demo_verdict import faults
from mailer.cli.files import read_source
from mailer.cli.output import console
from mailer.reading.limits import Limits
from mailer.reading.reading import read_bytes
from runtime import embedded
from runtime.clock import now
from runtime.paths import PROJECT_ROOT
from runtime.refusal import Refusal
from runtime.settings import PREFIX, load_settings, refuse_unknown
from runtime.text import translate as _

_AHEAD = timedelta(seconds=4)
_START_SECONDS = 30.0
_SLUG = "yunwan"
_MAILER = (sys.executable, "-m", "mailer.cli.main")


class DemoRunningError(Refusal):
    """A demo runs already (in {home}). Stop it first with Ctrl-C, or with: kill {pid}"""


class DemoStepError(Refusal):
    """The demo stopped: `mailer {command}` ended with {code}. The processes' log is {log}."""


class DemoSilentError(Refusal):
    """The demo's {name} did not start within {seconds} seconds. What it wrote is in {log}."""


class DemoWrongError(Refusal):
    """The demo did not end as its mailboxes declare: {faults}"""


def demo(
    stop: Annotated[bool, typer.Option("--exit", help="Stop everything at the end.")] = False,
    bulletin: Annotated[
        Path | None, typer.Option(help="Another bulletin; its blocks make the directory.")
    ] = None,
) -> None:
    """Do the main job on embedded services: read, list, approve, schedule, send, show the log."""
    refuse_unknown()
    settings = load_settings()
    home = settings.home.absolute() / "demo"
    running = embedded.running(home)
    if running is not None:
        raise DemoRunningError(home=home, pid=running.pid)
    home.mkdir(parents=True, exist_ok=True)
    embedded.erase(home, settings.embedded_user)
    shutil.rmtree(home)
    home.mkdir()
    office = sample_office() if bulletin is None else office_of(bulletin.absolute(), home)
    document = read_bytes(read_source(office.bulletin), office.bulletin.name, Limits())
    stage = Stage(home)
    with stage.inbox(office), stage.embedded_services():
        stage.prepare()
        with stage.system():
            stage.distribute(office)
            lines = stage.read_log()
            found = faults(lines, office.behaviours, document, home / "inbox")
            if found:
                raise DemoWrongError(faults="".join(f"\n· {fault}" for fault in found))
            stage.farewell(len(lines), stay=not stop and sys.stdin.isatty())


class Stage:
    """The demo's system: its home, its ports, and the processes that run."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._password = secrets.token_urlsafe(9)
        self._web_port = _free_port(8025)
        self._base_url = f"http://127.0.0.1:{self._web_port}"
        self._inbox_url = ""
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
        } | {
            PREFIX + "HOME": str(home),
            PREFIX + "LANGUAGE": load_settings().language,
            PREFIX + "BASE_URL": self._base_url,
            PREFIX + "WEB_PORT": str(self._web_port),
            # A sample server that hangs, or asks us to come back, should not take minutes.
            PREFIX + "RETRY_FIRST_SECONDS": "2",
            PREFIX + "SMTP_FINAL_TIMEOUT": "3",
        }

    @contextmanager
    def inbox(self, office: Office) -> Iterator[None]:
        """Run the local inbox, which is the relay of the demo."""
        ready, behaviours = self._home / "inbox.json", self._home / "behaviours.json"
        write_behaviours(office, behaviours)
        command = [
            *(sys.executable, "-m", "mailer.inbox.main"),
            *("--folder", str(self._home / "inbox"), "--behaviours", str(behaviours)),
            *("--ready-file", str(ready), "--language", load_settings().language),
        ]
        with self._process("inbox", command):
            self._wait("inbox", ready.exists)
            ports = json.loads(ready.read_text("utf-8"))
            self._environment[PREFIX + "RELAY_URL"] = f"smtp://127.0.0.1:{ports['smtp_port']}"
            self._inbox_url = f"http://127.0.0.1:{ports['http_port']}/"
            yield

    @contextmanager
    def embedded_services(self) -> Iterator[None]:
        """Keep the embedded services up from the first command to the last."""
        own = {"home": self._home, "database_url": None, "redis_url": None}
        with embedded.services(load_settings().model_copy(update=own)):
            yield

    @contextmanager
    def system(self) -> Iterator[None]:
        """Run ``mailer up``."""
        with self._process("up", [*_MAILER, "up"]):
            self._wait("up", lambda: _answers(self._web_port))
            yield

    def prepare(self) -> None:
        """Set up the database, the bulletin and an admin."""
        self._step(
            "init",
            *("--bulletin", _SLUG, "--name", "云湾市邮政快递行业工作简报"),
            *("--from-name", "云湾市邮政管理局办公室"),
            *("--from-address", "jianbao@yunwan-post.example"),
            "--password-stdin",
            stdin=self._password + "\n",
        )

    def distribute(self, office: Office) -> None:
        """Take the office's files to the last delivery, one command at a time."""
        self._step("units", "import", str(office.directory))
        self._step("groups", "import", str(office.groups))
        self._step("issues", "add", str(office.bulletin))
        self._step("lists", "sync", _SLUG, "--from", "1")
        self._step("lists", "show", _SLUG)
        self._step("issues", "submit", "1")
        self._step("issues", "approve", "1")
        due = (now() + _AHEAD).astimezone().replace(microsecond=0).isoformat()
        self._step("issues", "schedule", "1", "--at", due)
        self._step("issues", "send", "1", "--until-final")
        self._step("log", "1")

    def read_log(self) -> list[dict[str, object]]:
        """Return the delivery log as JSON gives it."""
        result = subprocess.run(  # noqa: S603 - our own command
            [*_MAILER, "log", "1", "--format", "json"],
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        lines: list[dict[str, object]] = json.loads(result.stdout)
        return lines

    def farewell(self, lines: int, *, stay: bool) -> None:
        """Say where everything is; with ``stay`` wait for Ctrl-C."""
        done = _("Done: {count} deliveries, each as its mailbox declares.").format(count=lines)
        console.print(f"\n[bold green]{escape(done)}[/]")
        console.print(
            _("Pages: {url} (admin / {password})").format(
                url=self._base_url, password=self._password
            ),
            markup=False,
        )
        console.print(_("Inbox: {url}").format(url=self._inbox_url), markup=False)
        console.print(_("Files: {folder}").format(folder=self._home), markup=False)
        if stay:
            console.print(_("It runs until Ctrl-C."))
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()

    def _step(self, *command: str, stdin: str | None = None) -> None:
        """Print a command and run it."""
        shown = " ".join(f"'{word}'" if " " in word else word for word in command)
        console.print(f"\n[bold]$ mailer {escape(shown)}[/]")
        result = subprocess.run(  # noqa: S603 - our own command
            [*_MAILER, *command], env=self._environment, input=stdin, text=True, check=False
        )
        if result.returncode:
            raise DemoStepError(
                command=" ".join(command[:2]), code=result.returncode, log=self._home / "up.log"
            )

    @contextmanager
    def _process(self, name: str, command: Sequence[str]) -> Iterator[None]:
        """Run a process in the background; end it, in order, when the block ends."""
        with (self._home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=self._environment,
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            if time.monotonic() > deadline:
                raise DemoSilentError(
                    name=name, seconds=int(_START_SECONDS), log=self._home / f"{name}.log"
                )
            time.sleep(0.05)


def _answers(port: int) -> bool:
    """Return whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port(wanted: int) -> int:
    """Return ``wanted`` if it is free, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    return 0
