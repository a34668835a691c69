"""A supervisor in a process of its own, and the signals that reach it and its children."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.runtime.homes import alive, wait_until

_OWN = "import os, signal, sys, time\nprint('pid', os.getpid(), flush=True)\n"
# What a supervisor does in a process of its own: tells of its children and their lines.
_SUPERVISOR = """
import os, sys
from runtime.supervision import Child, Supervisor
if len(sys.argv) > 2:
    os.open(sys.argv[2], os.O_RDWR)  # a session's first terminal becomes its own
def write(name, line):
    print(f"{name} │ {line}", flush=True)
print("ready", os.getpid(), flush=True)
Supervisor([Child(name=n, command=[sys.executable, "-c", sys.argv[1]]) for n in "ab"], write).run()
print("stopped", flush=True)
"""


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a supervisor of two children ``a`` and ``b`` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str, *more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISOR, _OWN + script, *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()


def _children(process: "subprocess.Popen[str]", sign: str) -> list[psutil.Process]:
    """Return the children, when each has said ``sign``."""
    assert process.stdout is not None
    numbers: dict[str, int] = {}
    signs: set[str] = set()
    while len(signs) < 2:
        words = process.stdout.readline().split()
        assert words, "the supervisor ended"
        if words[2:3] == ["pid"]:
            numbers[words[0]] = int(words[3])
        if words[2:3] == [sign]:
            signs.add(words[0])
    return [psutil.Process(number) for number in numbers.values()]


_PATIENT = """
def stop(number, _frame):
    print("got", signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, stop)
print("set", flush=True)
while True:
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_that_means_stop_stops_the_tree(start: Start, number: signal.Signals) -> None:
    """Whether to the supervisor alone or to its whole group, each child gets one SIGTERM."""
    process = start(_PATIENT)
    children = _children(process, "set")
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert sorted(said.splitlines()) == ["a │ got SIGTERM", "b │ got SIGTERM", "stopped"]
    assert not any(alive(child) for child in children)


def test_control_c_reaches_the_supervisor_alone(start: Start) -> None:
    """At a terminal the whole foreground gets SIGINT; a worker must not lose its mail by that."""
    master, slave = os.openpty()
    try:
        process = start(_PATIENT, os.ttyname(slave))
        children = _children(process, "set")
        os.write(master, b"\x03")
        said, _ = process.communicate(timeout=15)
    finally:
        os.close(master)
        os.close(slave)
    assert sorted(said.splitlines()) == ["a │ got SIGTERM", "b │ got SIGTERM", "stopped"]
    assert not any(alive(child) for child in children)


def test_second_control_c_does_not_wait(start: Start) -> None:
    """Who presses it again wants to be rid of it: what is left is killed at once."""
    process = start(
        "signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
        "print('set', flush=True)\nwhile True: time.sleep(60)"
    )
    children = _children(process, "set")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _children(process, "no")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=15)
    assert said.splitlines()[-1] == "stopped"
    assert time.monotonic() - begun < 5
    assert not any(alive(child) for child in children)


@pytest.mark.skipif(sys.platform != "linux", reason="SKIPPED: only Linux tells children of a death")
def test_killed_supervisor_takes_its_children_along(start: Start, tmp_path: Path) -> None:
    """The kernel tells them; they end well, though nobody hears them any more."""
    script = f"""
import json
def stop(number, _frame):
    open({str(tmp_path)!r} + f"/{{os.getpid()}}", "w").write(json.dumps(number))
    try:
        print("closing", flush=True)
    except BrokenPipeError:
        pass
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("set", flush=True)
while True:
    time.sleep(60)
"""
    process = start(script)
    children = _children(process, "set")
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
    wait_until(lambda: not any(alive(child) for child in children), 10)
    told = {int(path.name): json.loads(path.read_text("utf-8")) for path in tmp_path.iterdir()}
    assert told == {child.pid: signal.SIGTERM for child in children}
