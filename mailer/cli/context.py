"""What a command runs in."""

import contextlib
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from runtime import process
from runtime.process import Runtime
from runtime.redis_client import broker_url
from runtime.settings import load_settings, refuse_unknown


@contextmanager
def open_runtime() -> Iterator[Runtime]:
    """Open settings, database and Redis for one command.

    Raises:
        runtime.refusal.Refusal: a setting is unknown or invalid, or a service cannot be reached.

    """
    refuse_unknown()
    with process.open_runtime(load_settings()) as runtime:
        yield runtime


def actor() -> str:
    """Return who gives this command, as events name them: the system's user behind it."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = f"uid {os.getuid()}"
    return f"cli:{name}"[:100]


def publish(runtime: Runtime, task: str, *arguments: int) -> None:
    """Wake up a worker. The ledger says what is due, so a message that is lost costs a moment."""
    from kombu.exceptions import OperationalError  # noqa: PLC0415 - commands start faster without

    from celery_app import app  # noqa: PLC0415 - as above

    app.conf.broker_url = broker_url(runtime.redis_url)
    with contextlib.suppress(OperationalError, OSError):
        app.send_task(task, args=arguments, retry=False)
