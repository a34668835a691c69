"""A tree of real processes: started again when they die, heard to the last line, stopped."""

import signal
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from runtime import supervision
from runtime.supervision import Child, Supervisor
from tests.runtime.homes import alive, wait_until

_OWN = "import os, signal, sys, time\nprint('pid', os.getpid(), flush=True)\n"


class Heard:
    """The lines of a supervisor in this process, and when they came."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        """Hear one line."""
        self.lines.append((name, line))

    def of(self, name: str) -> list[str]:
        """Return the lines of one child."""
        return [line for heard, line in self.lines if heard == name]


def _child(name: str, script: str) -> Child:
    return Child(name=name, command=[sys.executable, "-u", "-c", script])


def _within(seconds: float, condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return ``condition``, which fails when it is asked after its time."""
    deadline = time.monotonic() + seconds

    def asked() -> bool:
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        return condition()

    return asked


def test_lines_come_whole_with_the_name_of_their_child() -> None:
    """Both streams, characters of several bytes, a last line without an end, empty lines."""
    script = (
        "import sys; sys.stdout.write('第一行\\r\\n\\nsecond'); sys.stdout.flush();"
        "sys.stderr.write(' line\\nlast 简报')"
    )
    heard = Heard()
    done = _within(20, lambda: any("starts again" in line for line in heard.of("one")))
    Supervisor([_child("one", script)], heard).run(until=done)
    assert heard.of("one") == [
        "第一行",
        "",
        "second line",
        "last 简报",
        "ended with 0; starts again in 0.5 s",
    ]


def test_dead_child_is_started_again_with_growing_pauses() -> None:
    """Half a second, then twice as long each time; the others do not notice."""
    heard = Heard()
    begun = time.monotonic()
    done = _within(30, lambda: len(heard.of("dying")) == 3)
    children = [_child("dying", "raise SystemExit(3)"), _child("calm", _OWN + "time.sleep(60)")]
    Supervisor(children, heard).run(until=done)
    assert heard.of("dying") == [
        f"ended with 3; starts again in {pause} s" for pause in ("0.5", "1", "2")
    ]
    assert time.monotonic() - begun > 1.5
    assert len(heard.of("calm")) == 1


def test_pauses_begin_anew_after_a_calm_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that dies once a day is not made to wait for half a minute."""
    monkeypatch.setattr(supervision, "_CALM_SECONDS", 0.0)
    heard = Heard()
    done = _within(30, lambda: len(heard.of("dying")) == 3)
    Supervisor([_child("dying", "raise SystemExit(3)")], heard).run(until=done)
    assert set(heard.of("dying")) == {"ended with 3; starts again in 0.5 s"}


def test_program_that_is_missing_is_said_and_tried_again() -> None:
    """The other children work on."""
    heard = Heard()
    done = _within(20, lambda: len(heard.of("missing")) == 2 and bool(heard.of("there")))
    children = [Child(name="missing", command=["/no/such/program"]), _child("there", _OWN)]
    Supervisor(children, heard).run(until=done)
    assert "No such file" in heard.of("missing")[0]


def test_stop_lets_children_end_well_and_hears_them_out() -> None:
    """Each gets one SIGTERM; what it says on its way, down to a line without an end, is heard."""
    script = _OWN + (
        "def stop(*_):\n"
        "    signal.signal(signal.SIGTERM, lambda *_: print('twice'))\n"
        "    print('closing'); print('x' * 300_000); time.sleep(0.3); print('bye', end='')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('set', flush=True)\ntime.sleep(60)"
    )
    heard = Heard()
    done = _within(20, lambda: all("set" in heard.of(name) for name in "ab"))
    Supervisor([_child("a", script), _child("b", script)], heard).run(until=done)
    for name in "ab":
        lines = heard.of(name)
        assert "twice" not in lines
        assert lines[2] == "closing"
        assert "".join(lines[3:]) == "x" * 300_000 + "bye"
        assert lines[-1] == "bye"


def test_child_that_ignores_the_stop_is_killed_with_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the bound, and with the processes that it started itself."""
    monkeypatch.setattr(supervision, "_STOP_SECONDS", 0.5)
    grandchild = "import time; time.sleep(60)"
    script = (
        "import subprocess, sys\nsignal = __import__('signal')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-c', {grandchild!r}])\n"
        "print('pid', child.pid, flush=True)\nchild.wait()"
    )
    heard = Heard()
    Supervisor([_child("deaf", script)], heard).run(
        until=_within(20, lambda: bool(heard.of("deaf")))
    )
    number = int(heard.of("deaf")[0].split()[1])
    wait_until(lambda: not psutil.pid_exists(number) or not alive(psutil.Process(number)), 5)


def test_child_without_line_ends_does_not_fill_the_memory() -> None:
    """Forty megabytes without a line end come in pieces, whole and cut between characters."""
    script = "import sys\nfor _ in range(40): sys.stdout.write('简报x' * 150_000)\nprint()"
    counted = {"characters": 0, "lines": 0, "longest": 0, "broken": 0}
    ended: list[str] = []

    def write(_name: str, line: str) -> None:
        if "starts again" in line:
            ended.append(line)
            return
        counted["characters"] += len(line)
        counted["lines"] += 1
        counted["longest"] = max(counted["longest"], len(line.encode()))
        counted["broken"] += line.count("\N{REPLACEMENT CHARACTER}")

    before = psutil.Process().memory_info().rss
    Supervisor([_child("endless", script)], write).run(until=_within(30, lambda: bool(ended)))
    assert counted["characters"] == 40 * 150_000 * 3
    assert counted["longest"] <= 2 * 65536
    assert counted["broken"] == 0
    assert psutil.Process().memory_info().rss - before < 20 * 2**20


def test_output_that_nobody_reads_stops_the_tree() -> None:
    """As with ``mailer up | head``: no child is left behind."""
    told: list[str] = []

    def write(_name: str, line: str) -> None:
        told.append(line)
        raise BrokenPipeError

    Supervisor([_child("one", _OWN + "time.sleep(60)")], write).run(
        until=_within(20, lambda: False)
    )
    assert len(told) == 1
    assert not psutil.pid_exists(int(told[0].split()[1]))


def test_handlers_of_signals_are_given_back() -> None:
    """Who ran a supervisor has its own handlers again."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    Supervisor([], Heard()).run(until=lambda: True)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
