"""What a running process holds: its settings, its database and its Redis.

A command opens it for as long as it works; a worker or the web process for its whole life. While
it is open, embedded services that it uses stay up.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runtime import embedded
from runtime.database import Database
from runtime.settings import Settings, load_settings


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """An open process: settings, database of the application's role, address of Redis."""

    settings: Settings
    database: Database
    redis_url: str = field(repr=False)
    owner_url: str = field(repr=False)


@contextmanager
def open_runtime(settings: Settings) -> Iterator[Runtime]:
    """Open the services that the settings name, starting embedded ones where none are named."""
    with embedded.services(settings) as addresses:
        database = Database(addresses.database_url)
        try:
            yield Runtime(
                settings=settings,
                database=database,
                redis_url=addresses.redis_url,
                owner_url=addresses.owner_url,
            )
        finally:
            database.close()


@functools.cache
def current() -> Runtime:
    """Open this process' runtime at the first call and keep it until the process ends."""
    return open_runtime(load_settings()).__enter__()
