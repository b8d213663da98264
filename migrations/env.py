"""Runs the migrations over the application's own engine, one transaction a migration, one process at a time."""

import sqlalchemy as sa
from alembic import context
from flask import current_app

from hms_web.models import Base, db

# Two processes that start at once must not migrate at once; the number only has to be ours.
LOCK = 7_263_001


def run_offline() -> None:
    """Write the SQL instead of running it."""
    context.configure(
        url=current_app.config["SQLALCHEMY_DATABASE_URI"], target_metadata=Base.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run what is missing."""
    with db.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        finally:
            connection.rollback()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.execute(sa.text("RESET statement_timeout"))
            connection.commit()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
