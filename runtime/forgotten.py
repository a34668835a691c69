"""Servers that outlived the process that kept them.

Only who holds the keeper's lock may ask for their end: then nobody else owns what still serves one
of our folders. They are known by their program and their working folder, never by a number in a
file, since numbers are given again and a file can lie.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_STAGES = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))


def end_forgotten(program: str, folder: Path) -> None:
    """End every process of ``program`` (its file name) that works in ``folder``, and wait for it.

    SIGINT first (both servers then stop in good order), SIGQUIT after 10 s, SIGKILL after 13.
    """
    for number, seconds in _STAGES:
        found = _serving(program, folder)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while found and time.monotonic() < deadline:
            time.sleep(0.02)
            found = _serving(program, folder)
        if not found:
            return


def _serving(program: str, folder: Path) -> list[int]:
    if sys.platform == "linux":
        return _by_working_folder(program, folder)
    return _by_arguments(program, folder)


def _by_working_folder(program: str, folder: Path) -> list[int]:
    """Return the processes of ``program`` in ``folder``, children that renamed themselves too."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # Processes end while we look, and those of others are not ours to see.
        with contextlib.suppress(OSError):
            name = (entry / "exe").readlink().name.removesuffix(" (deleted)")
            if name == program and (entry / "cwd").samefile(folder):
                found.append(int(entry.name))
    return found


def _by_arguments(program: str, folder: Path) -> list[int]:
    """Return the processes that were started as ``program`` with ``folder`` among the arguments."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,stat=,command="],  # noqa: S607 - its place differs by system
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
    )
    found = []
    for line in listed.stdout.splitlines():
        pid, state, command = line.split(maxsplit=2)
        started = command.split(" ", 1)[0].rsplit("/", 1)[-1]
        if started == program and str(folder) in command and not state.startswith("Z"):
            found.append(int(pid))
    return found
