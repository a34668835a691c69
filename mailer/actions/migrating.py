"""Bringing the database up to date: migrations under a lock, then the application's rights.

The owner role owns every table; the application's role may read and write them, but of events,
attempts and seals it may only add and read. PostgreSQL holds that, not our code.
"""

from importlib import import_module

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.engine import make_url

from mailer.actions.revisions import standing
from runtime.database import Base, sqlalchemy_url
from runtime.paths import shipped
from runtime.refusal import Refusal

_MIGRATION_LOCK = 0x4A42_4D49
APPEND_ONLY = ("events", "attempts")
READ_ONLY = ("seals", "alembic_version")


_TABLE_MODULES = (
    "mailer.accounts.models",
    "mailer.deliveries.models",
    "mailer.issues.events",
    "mailer.issues.models",
    "recipients.groups",
    "recipients.list_tables",
    "recipients.suppression",
    "recipients.units",
)


class NewerDatabaseError(Refusal):
    """The database was brought up by a newer version of Jianbao (it stands at {found}).

    Install that version, or restore a backup that was made before the upgrade.
    """


def migrate(owner_url: str, application_url: str) -> tuple[str | None, str]:
    """Bring the database up; return the revision before and after.

    Safe to run at any time and by several processes at once: the second waits for the first.
    """
    engine = create_engine(sqlalchemy_url(owner_url))
    configuration = Config()
    configuration.set_main_option("script_location", str(shipped("migrations")))
    configuration.set_main_option("path_separator", "os")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()
            before = standing(connection)
            known = {
                script.revision
                for script in ScriptDirectory.from_config(configuration).walk_revisions()
            }
            if before is not None and before not in known:
                raise NewerDatabaseError(found=before)
            # A migration that waits for a lock makes everybody behind it wait too.
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")
            _grant(connection, application_url)
            connection.commit()
            after = standing(connection)
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
    finally:
        engine.dispose()
    return before, after or "-"


def every_table() -> MetaData:
    """Return the metadata with every table of the system in it."""
    for module in _TABLE_MODULES:
        import_module(module)
    return Base.metadata


def has_own_role(owner_url: str, application_url: str) -> bool:
    """Return whether the application's role differs from the owner's."""
    owner, application = make_url(owner_url).username, make_url(application_url).username
    return owner != application


def _grant(connection: Connection, application_url: str) -> None:
    """Give the application's role what it needs, and take what it must not have."""
    role = make_url(application_url).username
    owner = connection.scalar(text("SELECT current_user"))
    if role is None or role == owner:
        return
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    append_only, read_only = ", ".join(APPEND_ONLY), ", ".join(READ_ONLY)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        f"GRANT EXECUTE ON FUNCTION ensure_partitions(), seal_events(integer) TO {quoted}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {append_only} FROM {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {read_only} FROM {quoted}",
    ):
        connection.execute(text(statement))
    # A partition is reached through its parent; by its own name it is nobody's.
    partitions = connection.scalars(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN ('events'::regclass, 'attempts'::regclass)"
        )
    )
    for partition in partitions:
        connection.execute(text(f"REVOKE ALL ON {partition} FROM {quoted}"))
