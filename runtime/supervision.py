"""A tree of processes: started together, started again when they die, stopped together.

Each line that a child writes is passed on with the child's name in front. Should the supervisor
itself be killed, the kernel tells its children to stop (on Linux).
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

_STOP_SECONDS = 8.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_CALM_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1


@dataclass(kw_only=True)
class Child:
    """A process to keep running."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = field(default=_FIRST_PAUSE)
    again_at: float = 0.0
    rest: bytes = b""


class Supervisor:
    """Runs ``children`` until it is told to stop; ``write`` gets each of their lines."""

    def __init__(self, children: Sequence[Child], write: Callable[[str, str], None]) -> None:
        self._children = children
        self._write = write
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP comes, or ``until`` says so; then stop all."""
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            for child in self._children:
                self._start(child)
            while not self._stopping and not until():
                self._pass_on(0.2)
                self._restart_dead()
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Stop every child: SIGTERM first, SIGKILL for who has not ended in time."""
        self._stopping = True
        for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 2.0)):
            living = [child.process for child in self._children if child.process]
            for process in living:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.send_signal(number)
            deadline = time.monotonic() + seconds
            while any(p.poll() is None for p in living) and time.monotonic() < deadline:
                self._pass_on(0.05)
        self._pass_on(0.0)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, child: Child) -> None:
        supervisor = os.getpid()

        def follow_parent() -> None:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
                if os.getppid() != supervisor:
                    os._exit(1)

        child.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=follow_parent,  # noqa: PLW1509 - the supervisor has a single thread
        )
        child.started = time.monotonic()
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                if now - child.started > _CALM_SECONDS:
                    child.pause = _FIRST_PAUSE
                code = child.process.returncode
                self._write(child.name, f"ended with {code}; starts again in {child.pause:g} s")
                child.process = None
                child.again_at = now + child.pause
                child.pause = min(child.pause * 2, _LONGEST_PAUSE)
            elif child.process is None and now >= child.again_at:
                self._start(child)

    def _pass_on(self, seconds: float) -> None:
        """Pass on what children have written, waiting for it at most so long."""
        for key, _ in self._selector.select(seconds):
            child: Child = key.data
            stream = key.fileobj
            data = os.read(key.fd, 65536)
            if not data:
                self._selector.unregister(stream)
                _close(stream)
            *lines, child.rest = (child.rest + data).split(b"\n")
            if not data and child.rest:
                lines, child.rest = [*lines, child.rest], b""
            for line in lines:
                self._write(child.name, line.decode(errors="replace"))


def _close(stream: "IO[bytes] | int | object") -> None:
    if hasattr(stream, "close"):
        stream.close()
