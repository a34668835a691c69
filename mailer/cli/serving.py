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
from mailer.actions.migrating import DatabaseNotReadyError, head
from mailer.cli.context import open_runtime
from mailer.cli.output import console
from runtime import process
from runtime.database import driver_url
from runtime.logs import configure_logs
from runtime.process import Runtime
from runtime.redis_client import broker_url
from runtime.refusal import Refusal
from runtime.settings import load_settings, nearest, unknown_names
from runtime.supervision import Child, Supervisor
from runtime.text import translate as _

_BEAT_LOCK = 0x4A42_4245
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "red")


class PortTakenError(Refusal):
    """Port {port} on {host} is taken by another program. Stop that, or set MAILER_WEB_PORT to a
    free port.
    """


def up() -> None:
    """Run pages, workers, beat and the embedded services until Ctrl-C or SIGTERM."""
    with open_runtime() as runtime:
        require_current_database(runtime)
        settings = runtime.settings
        require_free_port(settings.web_host, settings.web_port)
        console.print(_("Pages: {url}  (stop with Ctrl-C)").format(url=settings.base_url))
        Supervisor(children(settings.send_workers), write_line()).run()
    console.print(_("Stopped."))


def children(send_workers: int) -> list[Child]:
    """Return the processes that make up a running system, the embedded services apart."""
    mailer = [sys.executable, "-m", "mailer.cli.main"]
    return [
        Child(name="web", command=[*mailer, "web"]),
        Child(name="beat", command=[*mailer, "beat"]),
        Child(name="work", command=[*mailer, "worker", "work"]),
        *(
            Child(name=f"send{number}", command=[*mailer, "worker", "send"])
            for number in range(1, send_workers + 1)
        ),
    ]


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


def web() -> None:
    """Run the pages."""
    from mailer.web.server import page_server  # noqa: PLC0415 - other commands start faster without

    runtime = start_process()
    require_free_port(runtime.settings.web_host, runtime.settings.web_port)
    page_server(runtime).run()


def start_process() -> Runtime:
    """Open this process for good. Unknown names are logged only: versions may run side by side."""
    settings = load_settings()
    configure_logs(settings)
    for name in unknown_names():
        structlog.get_logger("settings").warning("unknown", name=name, hint=nearest(name))
    runtime = process.current()
    require_current_database(runtime)
    return runtime


def require_current_database(runtime: Runtime) -> None:
    """Raise :class:`DatabaseNotReadyError` unless the database is up to date."""
    with psycopg.connect(driver_url(runtime.database.url)) as connection:
        known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        found = None
        if known and known[0]:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            found = row[0] if row else None
    if found != head():
        raise DatabaseNotReadyError(found=found or "-", wanted=head())


def require_free_port(host: str, port: int) -> None:
    """Raise :class:`PortTakenError` if nobody could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise PortTakenError(port=port, host=host) from None
