"""What a command runs in."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime import process
from runtime.process import Runtime
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
