"""The PostgreSQL database: the declarative base, engines and transactions.

A domain function takes a :class:`sqlalchemy.orm.Session` and never commits: who opens a
transaction (a command, a page, a task) ends it, by leaving :meth:`Database.transaction`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Engine, Enum, MetaData, create_engine
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine


class Base(DeclarativeBase):
    """The base of every table. Times are stored with their zone, always."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        datetime: TIMESTAMP(timezone=True),
        # The values are stored as text; each table's CHECK names those that it allows.
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=False,
            length=16,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


class Database:
    """One database, reached by ``url`` (``postgresql://…``)."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            pool_pre_ping=True,
            connect_args={"application_name": "jianbao", "connect_timeout": 10},
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session; commit when the block ends well, roll back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def sqlalchemy_url(url: str) -> str:
    """Return ``url`` with the driver named, as SQLAlchemy wants it."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def driver_url(url: str) -> str:
    """Return ``url`` as libpq wants it, for connections that bypass SQLAlchemy."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
