"""Migrations, and what they leave the application's role to do."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import recipients.groups
import recipients.list_tables
import recipients.suppression
import recipients.units  # noqa: F401 - importing the models fills the metadata
from mailer.actions.migrating import every_table, migrate
from mailer.actions.revisions import head
from runtime.database import sqlalchemy_url
from runtime.embedded import Addresses
from runtime.paths import shipped

_FORBIDDEN = (
    "UPDATE events SET actor = 'x'",
    "DELETE FROM events",
    "TRUNCATE events",
    "DELETE FROM events_default",
    "UPDATE attempts SET reply = ''",
    "DELETE FROM attempts",
    "INSERT INTO seals (first_id, last_id, events, sha256) VALUES (1, 2, 2, '')",
    "UPDATE seals SET sha256 = ''",
    "DELETE FROM seals",
    "UPDATE alembic_version SET version_num = 'x'",
    "DROP TABLE events",
    "CREATE TABLE mine (id int)",
)


def test_migrated_database_equals_the_models(addresses: Addresses) -> None:
    """What the migrations build is what the models say, but for the partitions."""
    engine = create_engine(sqlalchemy_url(addresses.owner_url))
    with engine.connect() as connection:
        partitions = set(
            connection.exec_driver_sql("SELECT inhrelid::regclass::text FROM pg_inherits").scalars()
        )
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda thing, name, kind, *_: (
                    name not in partitions
                    and not (kind == "index" and thing.table.name in partitions)
                )
            },
        )
        assert compare_metadata(context, every_table()) == []
    engine.dispose()


def test_migrating_again_changes_nothing(addresses: Addresses) -> None:
    """A second run finds the database up to date."""
    assert migrate(addresses.owner_url, addresses.database_url) == (head(), head())


@pytest.mark.parametrize("statement", _FORBIDDEN)
def test_application_cannot_rewrite_history(addresses: Addresses, statement: str) -> None:
    """The application's role can neither change nor remove an event, an attempt or a seal."""
    with (
        psycopg.connect(addresses.database_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_newest_file_is_alembics_head() -> None:
    """The revision that every process asks for is the one that Alembic would name."""
    configuration = Config()
    configuration.set_main_option("script_location", str(shipped("migrations")))
    configuration.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(configuration).get_current_head() == head()
