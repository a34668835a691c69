"""The keeper: the one process that starts the embedded services and stops them.

Every process that uses the services holds a shared lock on ``holders.lock``. The keeper is their
parent; when it gets that lock exclusively, nobody uses them any more, and it stops them and ends.
The kernel releases the lock of whoever dies, so a ``kill -9`` leaves nothing behind. Should the
keeper itself be killed, the kernel ends the services with it (on Linux), and the next command
starts a new keeper, which clears up after the old one.

Run by :mod:`runtime.embedded` as ``python -m runtime.keeper HOME USER LANGUAGE HANDLE``. The handle
is the open file ``keeper.lock``, locked: no other keeper of this home lives while this one does.
When it refuses, the reason goes to standard output, in that language: where there is no room, no
file could hold it.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType

from runtime import postgres_server, unprivileged, valkey_server
from runtime.forgotten import end_forgotten
from runtime.postgres_server import PostgresServer
from runtime.refusal import Refusal
from runtime.text import language
from runtime.unprivileged import HomeNotWritableError, Placement
from runtime.valkey_server import ValkeyServer

# A Unix socket's path has at most 107 characters on Linux (103 on macOS).
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
# Commas, blanks, quotes and the like mean something in the servers' settings or in addresses.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
# Not the system's choice, which may be long; a name that can be guessed is never used there.
_SHORT_FOLDER = Path("/tmp")  # noqa: S108 - see above
_LOOK_SECONDS = 0.2
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class DataElsewhereError(Refusal):
    """This home was moved or copied: its embedded data is in {noted} and would now be looked for in
    {data}. Move that folder there, or remove {note} to begin with empty data.
    """


def state_folder(home: Path) -> Path:
    """Return the folder of locks, credentials, logs and status, which is ours alone."""
    return home / "keeper"


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all.

    Under root it belongs to the owner of its folder, who must still be able to use the home.
    """
    handle, partial = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if os.geteuid() == 0:
                owner = path.parent.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fsync(file.fileno())
        Path(partial).rename(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise


def _place(home: Path, user: str, folder: Path) -> Placement:
    """Return where the data lies, which is where it lay before."""
    placement = unprivileged.place(home, user)
    note = folder / "data.path"
    if note.exists() and not placement.data.exists():
        noted = Path(note.read_text("utf-8"))
        if noted.exists():
            raise DataElsewhereError(noted=noted, data=placement.data, note=note)
    postgres_server.require_room(placement.data)
    placement.create(placement.data)
    write_private(note, str(placement.data))
    return placement


def _passwords(folder: Path) -> dict[str, str]:
    """Return the services' passwords, made at the first start."""
    path = folder / "credentials.json"
    if not path.exists():
        passwords = postgres_server.new_passwords()
        write_private(path, json.dumps({**passwords, "valkey": secrets.token_urlsafe(24)}))
    loaded: dict[str, str] = json.loads(path.read_text("utf-8"))
    return loaded


def _sockets(placement: Placement, folder: Path) -> Path:
    """Return an empty folder of mode 0700 for sockets, short enough for the system's limit."""
    noted = folder / "sockets.path"
    last = Path(noted.read_text("utf-8")) if noted.exists() else None
    if last is not None and last.is_dir():
        end_forgotten(valkey_server.PROGRAM, last)
        shutil.rmtree(last, ignore_errors=True)
    sockets = placement.data / "run"
    fits = len(os.fsencode(sockets)) <= _LONGEST_SOCKET_FOLDER
    if not fits or not _PLAIN_PATH.fullmatch(str(sockets)):
        sockets = _in_temporary_folder(last)
    write_private(noted, str(sockets))
    return placement.create(sockets)


def _in_temporary_folder(last: Path | None) -> Path:
    """Create a folder that nobody can have made before us: the last one's name, or a random one.

    The same name again lets processes that lived through a restart find the services.
    """
    if last is not None and last.parent == _SHORT_FOLDER and last.name.startswith("jianbao-"):
        with contextlib.suppress(OSError):
            last.mkdir(mode=0o700)
            return last
    return Path(tempfile.mkdtemp(prefix="jianbao-", dir=_SHORT_FOLDER))


class _Stopped(Exception):  # noqa: N818 - a signal, not a fault
    """The keeper was told to stop."""


_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    for number in _STOPPING:  # once is enough: a second one must not cut the stopping short
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def keep(home: Path, user: str) -> None:
    """Start the services, publish their addresses, hold them until nobody uses them, stop them.

    Raises:
        Refusal: they cannot start.

    """
    folder = state_folder(home)
    for number in _STOPPING:
        signal.signal(number, _stop)
    status = folder / "status.json"
    servers: list[PostgresServer | ValkeyServer] = []
    sockets: Path | None = None
    try:
        placement = _place(home, user, folder)
        passwords = _passwords(folder)
        sockets = _sockets(placement, folder)
        servers += [
            PostgresServer(placement, sockets, passwords, folder),
            ValkeyServer(placement, sockets, passwords["valkey"], folder),
        ]
        for server in servers:
            server.start()
        write_private(status, json.dumps(_status(placement, sockets, passwords)))
        _hold(folder / "holders.lock", servers)
    except _Stopped:
        pass
    except OSError as error:
        traceback.print_exc()
        raise HomeNotWritableError(
            path=error.filename or home, reason=error.strerror or str(error)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            status.unlink(missing_ok=True)
        for server in reversed(servers):
            server.stop()
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)


def _status(placement: Placement, sockets: Path, passwords: dict[str, str]) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "data": str(placement.data),
        "sockets": str(sockets),
        "database_url": postgres_server.url(
            sockets, postgres_server.APPLICATION, passwords[postgres_server.APPLICATION]
        ),
        "owner_url": postgres_server.url(
            sockets, postgres_server.OWNER, passwords[postgres_server.OWNER]
        ),
        "redis_url": valkey_server.url(sockets, passwords["valkey"]),
    }


def _hold(path: Path, servers: list[PostgresServer | ValkeyServer]) -> None:
    """Return when nobody holds ``path`` any more; until then, start again what has died.

    What cannot start (a full disk, say) is tried again with growing pauses: who holds the services
    would have nobody else to wait for.
    """
    pause = _FIRST_PAUSE
    again_at = 0.0
    with path.open("a") as holders:
        while True:
            try:
                fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOOK_SECONDS)
            else:
                # A copy keeps the lock until this process ends: who comes now waits for that.
                os.dup(holders.fileno())
                return
            if time.monotonic() < again_at or all(server.running() for server in servers):
                continue
            try:
                _start_dead(servers)
                pause = _FIRST_PAUSE
            except (Refusal, OSError) as error:
                _log(f"Cannot start again, next try in {pause:g} s: {error}")
                again_at = time.monotonic() + pause
                pause = min(pause * 2, _LONGEST_PAUSE)


def _start_dead(servers: list[PostgresServer | ValkeyServer]) -> None:
    for server in servers:
        if not server.running():
            _log(f"{type(server).__name__} has died and is started again")
            server.stop()
            server.start()


def _log(line: str) -> None:
    """Write to the keeper's log, if there is room."""
    with contextlib.suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def main(home: Path, user: str) -> int:
    """Keep the services; return the exit code."""
    try:
        keep(home, user)
    except Refusal as refusal:
        with contextlib.suppress(BrokenPipeError):  # who started us may be gone
            sys.stdout.buffer.write(str(refusal).encode())
            sys.stdout.buffer.flush()
        return 1
    return 0


if __name__ == "__main__":
    language.set(sys.argv[3])
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
