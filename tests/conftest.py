"""What tests run on: real PostgreSQL and Valkey, started once a run and found by every worker.

Each test has a database of its own, cloned from a template that was migrated once. The services
belong to whoever holds their lock: when a run is killed, the kernel lets go and they stop.
"""

import fcntl
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy.orm import Session

import celery_app  # noqa: F401 - sets the default application, as every entry point does
from mailer.actions.migrating import migrate
from runtime import embedded
from runtime.database import Database
from runtime.embedded import Addresses
from runtime.keeper import state_folder
from runtime.settings import PREFIX, load_settings

TEMPLATE = "template_jianbao"
_HOME_PREFIX = "jianbao-test-"


def pytest_configure(config: pytest.Config) -> None:
    """Give the whole run, xdist's workers included, a home of its own."""
    if hasattr(config, "workerinput"):
        return
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    _remove_forgotten_homes()
    home = Path(tempfile.mkdtemp(prefix=_HOME_PREFIX))
    home.chmod(0o711)
    os.environ[PREFIX + "HOME"] = str(home)
    os.environ[PREFIX + "LANGUAGE"] = "en"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's home, once its services have stopped."""
    home = Path(os.environ.get(PREFIX + "HOME", "/nonexistent"))
    if not hasattr(config, "workerinput") and home.name.startswith(_HOME_PREFIX):
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def _remove_forgotten_homes() -> None:
    for home in Path(tempfile.gettempdir()).glob(_HOME_PREFIX + "*"):
        if (home / "keeper").is_dir() and not embedded.in_use(home):
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def services() -> Iterator[Addresses]:
    """The addresses of the run's PostgreSQL and Valkey."""
    with embedded.services(load_settings()) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def administration(services: Addresses) -> str:
    """The address of PostgreSQL for its superuser, who may create databases."""
    passwords = json.loads(
        (state_folder(load_settings().home) / "credentials.json").read_text("utf-8")
    )
    socket = urlsplit(services.owner_url).query
    return f"postgresql://postgres:{passwords['postgres']}@/postgres?{socket}"


@pytest.fixture(scope="session")
def template(services: Addresses, administration: str) -> str:
    """The name of a database that is migrated and empty; built once a run, under a lock."""
    lock_path = state_folder(load_settings().home) / "template.lock"
    with lock_path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(administration, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            if not known.fetchone():
                connection.execute(f"CREATE DATABASE {TEMPLATE}_new OWNER jianbao_owner")
                named = replace_database(services, f"{TEMPLATE}_new")
                migrate(named.owner_url, named.database_url)
                connection.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")
    return TEMPLATE


def replace_database(services: Addresses, name: str) -> Addresses:
    """Return the addresses with another database."""
    return Addresses(
        database_url=services.database_url.replace("@/jianbao?", f"@/{name}?"),
        owner_url=services.owner_url.replace("@/jianbao?", f"@/{name}?"),
        redis_url=services.redis_url,
    )


def _clone(administration: str, template: str) -> str:
    name = f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(administration, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER jianbao_owner STRATEGY wal_log"
        )
    return name


def _drop(administration: str, name: str) -> None:
    with psycopg.connect(administration, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def addresses(services: Addresses, administration: str, template: str) -> Iterator[Addresses]:
    """Addresses of a fresh database for this test alone, for both roles."""
    name = _clone(administration, template)
    yield replace_database(services, name)
    _drop(administration, name)


@pytest.fixture
def database(addresses: Addresses) -> Iterator[Database]:
    """A fresh database as the application's role sees it; what is committed stays in this test."""
    database = Database(addresses.database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def shared_database(services: Addresses, administration: str, template: str) -> Iterator[Database]:
    """A database for tests that commit nothing."""
    name = _clone(administration, template)
    database = Database(replace_database(services, name).database_url)
    yield database
    database.close()
    _drop(administration, name)


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A session whose work is rolled back; a commit inside only releases a savepoint."""
    with shared_database.engine.connect() as connection, connection.begin() as outer:
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        outer.rollback()
