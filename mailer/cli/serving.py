"""``mailer up`` and the processes that it runs: pages, workers, beat."""

import os
import socket
import sys
from typing import Annotated

import psycopg
import structlog
import typer
from rich.markup import escape

from celery_app import app as celery
from mailer.actions.starting import (
    require_current_database,
    require_free_port,
    start_process,
)
from mailer.cli.context import open_runtime
from mailer.cli.output import console, errors
from runtime import embedded
from runtime.clock import elapsed
from runtime.database import driver_url
from runtime.redis_client import broker_url
from runtime.refusal import Refusal
from runtime.settings import Settings
from runtime.supervision import Child, Supervisor
from runtime.text import translate as _

_BEAT_LOCK = 0x4A42_4245
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")


def up() -> None:
    """Run pages, workers, beat and the embedded services until Ctrl-C or SIGTERM."""
    with open_runtime() as runtime:
        require_current_database(runtime)
        settings = runtime.settings
        require_free_port(settings.web_host, settings.web_port)
        console.print(_("Pages: {url}  (stop with Ctrl-C)").format(url=settings.base_url))
        Supervisor(children(settings.send_workers), write_line()).run(until=Watch(settings))
    console.print(_("Stopped."))


def children(send_workers: int) -> list[Child]:
    """Return the processes that make up a running system, the embedded services apart."""
    mailer = [sys.executable, "-m", "mailer.cli.main"]
    return [
        Child(name="web", command=[sys.executable, "-m", "mailer.web.main"]),
        Child(name="beat", command=[*mailer, "beat"]),
        Child(name="work", command=[*mailer, "worker", "work"]),
        *(
            Child(name=f"send{number}", command=[*mailer, "worker", "send"])
            for number in range(1, send_workers + 1)
        ),
    ]


class Watch:
    """Looks after the embedded services once a second, should their keeper have died.

    It never says that the system is to stop.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._next = 0.0

    def __call__(self) -> bool:
        """Look, if it is time."""
        if elapsed() >= self._next:
            self._next = elapsed() + 1
            try:
                embedded.revive(self._settings)
            except Refusal as refusal:
                errors.print(str(refusal), style="red", markup=False)
        return False


def write_line() -> "Writer":
    """Return a function that prints a child's line with its name in front."""
    return Writer()


class Writer:
    """Prints lines of children, each child in a colour of its own."""

    def __init__(self) -> None:
        self._colours: dict[str, str] = {}

    def __call__(self, name: str, line: str) -> None:
        """Print one line."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        console.print(f"[{colour}]{name:>6}[/] │ {escape(line)}", soft_wrap=True)


def worker(
    queue: Annotated[str, typer.Argument(help="send, or work for everything else.")],
) -> None:
    """Run one worker process."""
    runtime = start_process()
    celery.conf.broker_url = broker_url(runtime.redis_url)
    celery.worker_main(
        [
            "worker",
            "--pool=solo",
            f"--queues={queue}",
            f"--hostname={queue}-{os.getpid()}@{socket.gethostname()}",
            "--without-mingle",
            "--without-gossip",
            "--without-heartbeat",
            f"--loglevel={runtime.settings.log_level}",
        ]
    )


def beat() -> None:
    """Run the clock; of several, one works and the others wait."""
    runtime = start_process()
    celery.conf.broker_url = broker_url(runtime.redis_url)
    celery.conf.beat_schedule["sweep"]["schedule"] = runtime.settings.sweep_seconds
    log = structlog.get_logger("beat")
    with psycopg.connect(driver_url(runtime.database.url), autocommit=True) as connection:
        log.info("waiting-for-the-lock")
        connection.execute("SELECT pg_advisory_lock(%s)", [_BEAT_LOCK])
        log.info("beating")
        schedule = runtime.settings.home / "beat.schedule"
        celery.Beat(schedule=str(schedule), loglevel=runtime.settings.log_level, quiet=True).run()
