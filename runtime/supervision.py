"""A tree of processes: started together, started again when they die, stopped together.

Each line that a child writes is passed on with the child's name in front. Children have sessions of
their own, so that Ctrl-C reaches the supervisor alone and each child is told to stop once, by it.
Should the supervisor itself be killed, the kernel tells its children to stop (on Linux).
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

_STOP_SECONDS = 7.0
_KILL_SECONDS = 2.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_CALM_SECONDS = 60.0
_READ_BYTES = 65536
# A longer line is passed on in pieces: who never ends a line must not fill our memory.
_LONGEST_LINE = 65536
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


@dataclass(kw_only=True, slots=True)
class _Output:
    """What one run of a child writes, with the part of a line that has no end yet."""

    name: str
    stream: IO[bytes]
    rest: bytes = b""


class Supervisor:
    """Runs ``children`` until it is told to stop; ``write`` gets each of their lines."""

    def __init__(self, children: Sequence[Child], write: Callable[[str, str], None]) -> None:
        self._children = children
        self._write = write
        self._outputs: list[_Output] = []
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._hurried = False
        self._mute = False

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP comes, or ``until`` says so; then stop all.

        A SIGINT during the stop (a second Ctrl-C) kills at once what has not ended.
        """
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
        """Stop every child: SIGTERM first, SIGKILL for who has not ended in seven seconds."""
        self._stopping = True
        processes = [child.process for child in self._children if child.process]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        self._wait(processes, _STOP_SECONDS, hurry=True)
        for process in processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with what it has started itself
        self._wait(processes, _KILL_SECONDS, hurry=False)
        for output in tuple(self._outputs):
            self._drain(output)
            self._close(output)
        self._selector.close()

    def _wait(
        self, processes: "Sequence[subprocess.Popen[bytes]]", seconds: float, *, hurry: bool
    ) -> None:
        """Pass on what is written until all have ended or the time is over."""
        deadline = time.monotonic() + seconds
        while any(process.poll() is None for process in processes):
            if time.monotonic() > deadline or (hurry and self._hurried):
                return
            self._pass_on(0.05)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._hurried = self._stopping and number == signal.SIGINT
        self._stopping = True

    def _start(self, child: Child) -> None:
        supervisor = os.getpid()

        def follow_parent() -> None:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
                if os.getppid() != supervisor:
                    os._exit(1)

        child.started = time.monotonic()
        try:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=follow_parent,  # noqa: PLW1509 - the supervisor has a single thread
            )
        except OSError as error:
            self._plan_again(child, f"cannot be started ({error})")
            return
        if child.process.stdout is not None:
            output = _Output(name=child.name, stream=child.process.stdout)
            os.set_blocking(output.stream.fileno(), False)
            self._selector.register(output.stream, selectors.EVENT_READ, output)
            self._outputs.append(output)

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                for output in tuple(self._outputs):
                    if output.stream is child.process.stdout:
                        self._drain(output)
                if now - child.started > _CALM_SECONDS:
                    child.pause = _FIRST_PAUSE
                self._plan_again(child, f"ended with {child.process.returncode}")
            elif child.process is None and now >= child.again_at:
                self._start(child)

    def _plan_again(self, child: Child, happened: str) -> None:
        self._say(child.name, f"{happened}; starts again in {child.pause:g} s")
        child.process = None
        child.again_at = time.monotonic() + child.pause
        child.pause = min(child.pause * 2, _LONGEST_PAUSE)

    def _pass_on(self, seconds: float) -> None:
        """Pass on what children have written, waiting for it at most so long."""
        for key, _ in self._selector.select(seconds):
            self._read(key.data)

    def _drain(self, output: _Output) -> None:
        """Pass on what a dead child has left: a pipe holds no more than two reads."""
        for _ in range(2):
            if output in self._outputs:
                self._read(output)

    def _read(self, output: _Output) -> None:
        try:
            data = os.read(output.stream.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        *lines, output.rest = (output.rest + data).split(b"\n")
        while len(output.rest) > _LONGEST_LINE:
            cut = _character_start(output.rest, _LONGEST_LINE)
            lines.append(output.rest[:cut])
            output.rest = output.rest[cut:]
        for line in lines:
            self._say(output.name, line.removesuffix(b"\r").decode(errors="replace"))
        if not data:
            self._close(output)

    def _close(self, output: _Output) -> None:
        if output in self._outputs:
            self._outputs.remove(output)
            self._selector.unregister(output.stream)
            output.stream.close()
            if output.rest:
                self._say(output.name, output.rest.decode(errors="replace"))

    def _say(self, name: str, line: str) -> None:
        """Write a line; where nobody reads us any more, go on to the stop without words."""
        if self._mute:
            return
        try:
            self._write(name, line)
        except OSError:
            self._mute = self._stopping = True


def _character_start(text: bytes, position: int) -> int:
    """Return the last position up to ``position`` at which a UTF-8 character starts."""
    for start in range(position, position - 4, -1):
        if text[start] & 0xC0 != 0x80:  # noqa: PLR2004 - the mark of a following byte
            return start
    return position
