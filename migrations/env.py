"""Alembic's entry: the connection is opened and locked by :mod:`mailer.actions.migrating`."""

from alembic import context

import recipients.groups
import recipients.list_tables
import recipients.suppression
import recipients.units  # noqa: F401 - importing the models fills the metadata
from runtime.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
