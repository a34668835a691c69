"""The keeper: the one process that starts the embedded services and stops them.

Every process that uses the services holds a shared lock on ``holders.lock``. The keeper is their
parent; when it gets that lock exclusively, nobody uses them any more, and it stops them and ends.
The kernel releases the lock of whoever dies, so a ``kill -9`` leaves nothing behind. Should the
keeper itself be killed, the kernel ends the services with it (on Linux), and the next command
starts a new keeper, which clears up after the old one.

Run as ``python -m runtime.keeper HOME USER``.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from runtime import postgres_server, unprivileged, valkey_server
from runtime.postgres_server import PostgresServer
from runtime.refusal import Refusal
from runtime.unprivileged import Placement
from runtime.valkey_server import ValkeyServer

# A Unix socket's path has at most 107 characters on Linux (103 on macOS), and the longest name
# that is put into the folder is ".s.PGSQL.5432.lock".
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
_LOOK_SECONDS = 0.2


def state_folder(home: Path) -> Path:
    """Return the folder of locks, credentials and status, which is ours alone."""
    return home / "keeper"


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all."""
    handle, partial = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(partial).rename(path)


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
    if noted.exists():
        shutil.rmtree(noted.read_text("utf-8"), ignore_errors=True)
    sockets = placement.data / "run"
    if len(os.fsencode(sockets)) > _LONGEST_SOCKET_FOLDER:
        # A random name that nobody can have made before us.
        sockets = Path(tempfile.mkdtemp(prefix="jianbao-", dir="/tmp"))
    noted.write_text(str(sockets), "utf-8")
    return placement.create(sockets)


class _Stopped(Exception):  # noqa: N818 - a signal, not a fault
    """The keeper was told to stop."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped


def keep(home: Path, user: str) -> None:
    """Start the services, publish their addresses, hold them until nobody uses them, stop them."""
    folder = state_folder(home)
    with (folder / "keeper.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop)
        status = folder / "status.json"
        status.unlink(missing_ok=True)
        servers: list[PostgresServer | ValkeyServer] = []
        sockets: Path | None = None
        try:
            placement = unprivileged.place(home, user)
            placement.create(placement.data)
            passwords = _passwords(folder)
            sockets = _sockets(placement, folder)
            servers += [
                PostgresServer(placement, sockets, passwords),
                ValkeyServer(placement, sockets, passwords["valkey"]),
            ]
            for server in servers:
                server.start()
            write_private(status, json.dumps(_status(placement, sockets, passwords)))
            _hold(folder / "holders.lock", servers)
        except _Stopped:
            pass
        except Refusal as refusal:
            write_private(status, json.dumps({"refused": refusal.in_english()}))
        finally:
            if servers:
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
    """Return when nobody holds ``path`` any more; until then, start again what has died."""
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
            for server in servers:
                if not server.running():
                    server.start()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2])
