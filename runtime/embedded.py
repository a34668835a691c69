"""The embedded PostgreSQL and Valkey, as a command sees them: found running, or started.

With both ``MAILER_DATABASE_URL`` and ``MAILER_REDIS_URL`` set nothing is started. See
:mod:`runtime.keeper` for who holds the services and when they stop.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.keeper import state_folder
from runtime.paths import PROJECT_ROOT
from runtime.refusal import Refusal
from runtime.settings import Settings
from runtime.text import language
from runtime.unprivileged import HomeNotWritableError, place

_START_SECONDS = 90.0


class EmbeddedRefusedError(Refusal):
    """The embedded services did not start. {reason}"""


class EmbeddedSilentError(Refusal):
    """The embedded services did not start within {seconds} seconds. The log is {log}; stop what is
    left with `mailer embedded stop` and try again.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the services are: PostgreSQL for the application and for migrations, and Redis."""

    # Passwords are in them, so they are not shown.
    database_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The running embedded services: the keeper's process and the folders."""

    pid: int
    data: Path
    sockets: Path
    addresses: Addresses


@contextmanager
def services(settings: Settings) -> Iterator[Addresses]:
    """Yield the addresses of the services; embedded ones stay up while the block runs.

    Raises:
        EmbeddedRefusedError: they cannot start, with the reason and what to do.
        EmbeddedSilentError: they take too long.
        HomeNotWritableError: there is no place for them.

    """
    database = settings.database_url and settings.database_url.get_secret_value()
    owner = settings.database_owner_url and settings.database_owner_url.get_secret_value()
    redis = settings.redis_url and settings.redis_url.get_secret_value()
    if database and redis:
        yield Addresses(database_url=database, owner_url=owner or database, redis_url=redis)
        return
    with _held(settings) as found:
        yield Addresses(
            database_url=database or found.database_url,
            owner_url=owner or database or found.owner_url,
            redis_url=redis or found.redis_url,
        )


def revive(settings: Settings) -> bool:
    """Start the embedded services again should their keeper have died; return whether it had.

    For who holds them for long: nobody else would, until the next command. The addresses stay.

    Raises:
        EmbeddedRefusedError: they cannot start.

    """
    if settings.database_url and settings.redis_url:
        return False
    if _keeper_lives(state_folder(settings.home.absolute())):
        return False
    with _held(settings):
        return True


@contextmanager
def _held(settings: Settings) -> Iterator[Addresses]:
    """Yield the addresses of the embedded services, holding them."""
    home = settings.home.absolute()
    folder = state_folder(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        start_lock = (folder / "start.lock").open("a")
        holders = (folder / "holders.lock").open("a")
    except OSError as error:
        raise HomeNotWritableError(
            path=error.filename or folder, reason=error.strerror or str(error)
        ) from error
    with holders:
        with start_lock:
            fcntl.flock(start_lock, fcntl.LOCK_EX)
            # While a keeper ends it holds this lock exclusively: we wait for it to be gone.
            fcntl.flock(holders, fcntl.LOCK_SH)
            found = running(home) or _start(home, settings.embedded_user)
        yield found.addresses


def running(home: Path) -> Status | None:
    """Return the running embedded services of ``home``, or None."""
    folder = state_folder(home)
    if not _keeper_lives(folder):
        return None
    try:
        status = json.loads((folder / "status.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not _lives(status["pid"]):
        return None  # a killed keeper's, which the new one has not removed yet
    return Status(
        pid=status["pid"],
        data=Path(status["data"]),
        sockets=Path(status["sockets"]),
        addresses=Addresses(
            database_url=status["database_url"],
            owner_url=status["owner_url"],
            redis_url=status["redis_url"],
        ),
    )


def in_use(home: Path) -> bool:
    """Return whether some process holds the embedded services of ``home``."""
    try:
        with (state_folder(home) / "holders.lock").open("a") as holders:
            fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def stop(home: Path) -> bool:
    """Stop the embedded services of ``home`` whoever uses them; return whether they ran.

    A command that comes meanwhile waits, and starts them again.
    """
    status = running(home)
    if status is None:
        return False
    with (state_folder(home) / "start.lock").open("a") as start_lock:
        fcntl.flock(start_lock, fcntl.LOCK_EX)
        with contextlib.suppress(ProcessLookupError):
            os.kill(status.pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while _keeper_lives(state_folder(home)) and time.monotonic() < deadline:
            time.sleep(0.05)
    return True


def erase(home: Path, user: str) -> None:
    """Remove all data of the stopped embedded services of ``home``, wherever they lie."""
    shutil.rmtree(state_folder(home), ignore_errors=True)
    if home.exists():
        shutil.rmtree(place(home, user).data, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, and is another user's
    return True


def _keeper_lives(folder: Path) -> bool:
    """Return whether a keeper holds its lock."""
    try:
        with (folder / "keeper.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _start(home: Path, user: str) -> Status:
    """Start a keeper and wait until its services answer.

    Another keeper may live still: one that is ending, or one whose starter was killed. We wait
    until it has gone or its services answer.
    """
    folder = state_folder(home)
    log_path = folder / "keeper.log"
    keeper: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = running(home)
        if found is not None:
            if keeper is not None:
                _forget(keeper)
            return found
        if keeper is None:
            keeper = _start_keeper(home, user, log_path)
        elif keeper.poll() is not None:
            raise EmbeddedRefusedError(reason=_reason(keeper, log_path))
        time.sleep(0.02)
    if keeper is not None:
        keeper.terminate()
        _forget(keeper)
    raise EmbeddedSilentError(seconds=int(_START_SECONDS), log=log_path)


def _start_keeper(home: Path, user: str, log_path: Path) -> "subprocess.Popen[bytes] | None":
    """Start a keeper, unless one lives.

    It gets its lock from us, so that there is no moment in which it lives without.
    """
    try:
        lock = (state_folder(home) / "keeper.lock").open("a")
        log = log_path.open("ab")
    except OSError as error:
        raise HomeNotWritableError(path=log_path, reason=error.strerror) from error
    with lock, log:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        # What a killed keeper published; nobody else can, while we hold the lock.
        (state_folder(home) / "status.json").unlink(missing_ok=True)
        handle = str(lock.fileno())
        return subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "runtime.keeper", str(home), user, language.get(), handle],
            pass_fds=[lock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=PROJECT_ROOT,
            start_new_session=True,
        )


def _forget(keeper: "subprocess.Popen[bytes]") -> None:
    """Let the keeper outlive us: without this, its Popen warns when it is collected."""
    if keeper.stdout is not None:
        keeper.stdout.close()
    keeper.returncode = 0


def _reason(keeper: "subprocess.Popen[bytes]", log: Path) -> str:
    """Return why the keeper ended before its services answered."""
    said, _ = keeper.communicate()
    if said:
        return said.decode()
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'No message was left'} ({log})"
