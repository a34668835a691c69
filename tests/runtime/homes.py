"""Homes of embedded services for tests: made, looked into and cleared away."""

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from runtime import embedded
from runtime.embedded import Addresses, Status
from runtime.keeper import state_folder
from runtime.paths import PROJECT_ROOT
from runtime.settings import Settings

PREFIX = "jianbao-rt-"
AS_ROOT = os.geteuid() == 0


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Return when ``condition`` holds; fail when it does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    """Whether a process runs: a zombie has ended, and waits for its parent to look."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True, kw_only=True)
class Running:
    """Running services: their keeper, their servers, their addresses."""

    home: Path
    status: Status
    keeper: psutil.Process
    postgres: psutil.Process
    valkey: psutil.Process
    sockets: Path

    @property
    def addresses(self) -> Addresses:
        """Where the services are."""
        return self.status.addresses

    @property
    def processes(self) -> list[psutil.Process]:
        """The keeper and both servers with their children."""
        return [self.keeper, *self.keeper.children(recursive=True)]


def look(home: Path) -> Running:
    """Return the services that run in ``home``."""
    status = embedded.running(home)
    assert status is not None
    keeper = psutil.Process(status.pid)
    children = {Path(child.exe()).name: child for child in keeper.children()}
    return Running(
        home=home,
        status=status,
        keeper=keeper,
        postgres=children["postgres"],
        valkey=children["valkey-server"],
        sockets=status.sockets,
    )


@contextmanager
def held(home: Path) -> Iterator[Running]:
    """Hold the services of ``home`` in this process, as a command does."""
    with embedded.services(Settings(home=home)):
        yield look(home)


def wait_until_gone(running: Running, processes: Sequence[psutil.Process]) -> None:
    """Wait until no process, socket or status of the services is left."""
    wait_until(lambda: not any(alive(process) for process in processes), 10)
    assert not running.sockets.exists()
    assert not (state_folder(running.home) / "status.json").exists()
    assert str(running.sockets) not in Path("/proc/net/unix").read_text("utf-8", "replace")


@dataclass(kw_only=True)
class Homes:
    """Homes under one short folder, and commands that hold their services."""

    folder: Path
    seed: Path | None = None
    commands: list["subprocess.Popen[str]"] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    def new(self, name: str = "home", *, empty: bool = False) -> Path:
        """Return a home; unless ``empty``, with an initialised database, which takes a second."""
        home = self.folder / name
        home.mkdir(parents=True, exist_ok=True)
        self.made.append(home)
        if self.seed is not None and not empty:
            subprocess.run(["cp", "-a", self.seed / "embedded", home], check=True)
            state_folder(home).mkdir(mode=0o700)
            shutil.copy2(state_folder(self.seed) / "credentials.json", state_folder(home))
        return home

    def command(
        self, home: Path, *, prefix: Sequence[str] = (), **variables: str
    ) -> "subprocess.Popen[str]":
        """Start a command that holds the services of ``home`` until its input is closed."""
        command = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.runtime.holder", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            env={**os.environ, **variables},
            start_new_session=True,
        )
        self.commands.append(command)
        return command

    def clear(self) -> None:
        """End every command, wait for the services to stop, and remove the folder."""
        for command in self.commands:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(command.pid, 9)
            command.wait()
            for stream in (command.stdin, command.stdout):
                if stream is not None:
                    stream.close()
        self.clear_services()
        shutil.rmtree(self.folder)

    def clear_services(self) -> None:
        """Stop the services of every home, and wait for that."""
        for folder in map(state_folder, self.made):
            _resume(folder.parent)
            embedded.stop(folder.parent)
            deadline = time.monotonic() + 30
            while embedded._keeper_lives(folder) and time.monotonic() < deadline:
                time.sleep(0.02)


def _resume(home: Path) -> None:
    """Wake what a failed test left asleep."""
    status = embedded.running(home)
    if status is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            keeper = psutil.Process(status.pid)
            for process in (*keeper.children(recursive=True), keeper):
                process.resume()


def answer(command: "subprocess.Popen[str]") -> dict[str, object]:
    """Return the next line that a command printed."""
    assert command.stdout is not None
    line = command.stdout.readline()
    assert line, "the command ended without an answer"
    told: dict[str, object] = json.loads(line)
    return told


def leave(command: "subprocess.Popen[str]") -> None:
    """Let a command end as it ends by itself."""
    assert command.stdin is not None
    command.stdin.close()
    assert command.wait(10) == 0


def short_folder() -> Path:
    """Return a new folder that every user may pass through, close to the root."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_places()[0]))
    folder.chmod(0o711)
    return folder


def _places() -> list[Path]:
    """Return where homes may lie: in memory if there is room, since disks are slow to sync."""
    memory, disk = Path("/dev/shm"), Path("/tmp")  # noqa: S108 - the names in them are random
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30
    return [memory, disk] if roomy else [disk]


def remove_forgotten() -> None:
    """Remove folders of runs that were killed an hour ago or earlier."""
    for folder in (found for place in _places() for found in place.glob(PREFIX + "*")):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > 3600:
                shutil.rmtree(folder, ignore_errors=True)


def rights(path: Path) -> list[tuple[str, str, int, int]]:
    """Return mode and owner of ``path`` and of every folder above it."""
    found = []
    for step in (path, *path.parents):
        status = step.stat()
        found.append((str(step), stat.filemode(status.st_mode), status.st_uid, status.st_gid))
    return found
