"""Alembic's entry: the connection is opened and locked by :mod:`mailer.actions.migrating`."""

from alembic import context

from mailer.actions.migrating import every_table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=every_table(),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
