"""``mailer up`` as a process tree: it stops whole, and starts again after the worst."""

import os
import signal
import subprocess
from pathlib import Path

from .conftest import Site, wait_until

CHILDREN = 5
"""web, beat, work and two that send"""


def of_site(site: Site) -> list[int]:
    """Return the processes that run for this home, but for the test's own and the inbox."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if f"MAILER_HOME={site.home}\0".encode() in environment and b"inbox" not in command:
            found.append(int(entry.name))
    return found


def start(site: Site) -> "subprocess.Popen[bytes]":
    """Start `mailer up` in a group of its own and wait for all its children."""
    site.environment["MAILER_WEB_PORT"] = "0"
    site.start_mailer("up", "up", group=0)
    log = site.home / "up.log"

    def ready() -> bool:
        text = log.read_text(errors="replace")
        return text.count("ready.") >= 3 and "Uvicorn running" in text

    wait_until(ready, 60, explain=site.tail)
    assert len(of_site(site)) == CHILDREN + 1
    log.write_text("")
    return site.processes["up"]


def test_terminating_the_supervisor_ends_the_tree(site: Site) -> None:
    """SIGTERM to `mailer up` alone leaves no process of it within ten seconds."""
    up = start(site)
    up.send_signal(signal.SIGTERM)
    assert up.wait(10) == 0
    assert of_site(site) == []


def test_a_killed_supervisor_takes_its_children_along(site: Site) -> None:
    """After kill -9 the children end by themselves; a new start works and stops whole."""
    up = start(site)
    up.kill()
    up.wait(10)
    wait_until(lambda: not of_site(site), 10, explain=site.tail)
    again = start(site)
    again.send_signal(signal.SIGINT)
    assert again.wait(10) == 0
    assert of_site(site) == []
