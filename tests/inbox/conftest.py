"""Fixtures of the inbox' tests."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.text import language


@dataclass
class InboxProcess:
    """An inbox that runs as a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    smtp_port: int = 0
    http_port: int = 0


class InboxProcesses:
    """Starts inbox processes; they are killed when the test ends."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "kept"
        self._started: list[subprocess.Popen[str]] = []

    def launch(self, *arguments: str, file_limit: int | None = None) -> subprocess.Popen[str]:
        """Start a process and do not wait. ``file_limit`` is the largest file it may write."""
        limit = f"ulimit -f {file_limit // 512}; " if file_limit else ""
        command = [sys.executable, "-m", "mailer.inbox.main", "--language", "en"]
        command += ["--folder", str(self.folder)]
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'{limit}exec "$@"', "sh", *command, *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "error"},
        )
        self._started.append(process)
        return process

    def start(self, *arguments: str, file_limit: int | None = None) -> InboxProcess:
        """Start a process and wait until it listens."""
        ready = self.home / f"ready-{len(self._started)}.json"
        process = self.launch(*arguments, "--ready-file", str(ready), file_limit=file_limit)
        for _ in range(1000):
            if ready.exists():
                break
            if process.poll() is not None:
                pytest.fail(process.communicate()[1])
            time.sleep(0.01)
        ports = json.loads(ready.read_text("utf-8"))
        assert ports["pid"] == process.pid
        return InboxProcess(process, self.folder, ports["smtp_port"], ports["http_port"])

    def stop(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[InboxProcesses]:
    """Inbox processes."""
    started = InboxProcesses(tmp_path)
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages in their source language, whatever the catalogue holds."""
    token = language.set("en")
    yield
    language.reset(token)


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops that we promise to run on."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}
