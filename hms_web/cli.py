"""The `hms` command. Each command is thin: it reads its options, asks a service, and says what came of it."""

import os
import sys
from collections.abc import Mapping

import click
import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask

from hms_web import __version__, cli_audit, cli_downtime, cli_import, cli_jobs, cli_keys, cli_records, cli_replay, clock
from hms_web.app import MIGRATIONS, create_app
from hms_web.config import ConfigError, Settings
from hms_web.local.processes import LocalError
from hms_web.local.run import run as run_everything
from hms_web.local.servers import Servers
from hms_web.models import db as database
from hms_web.services import audit_chain, database_rights, demo


@click.group()
@click.version_option(__version__)
def hms() -> None:
    """The outpatient front desk."""


def make_app() -> Flask:
    """The application, for a command; a setting that is wrong ends the command with its sentence.

    Where no servers are named but HMS_DATA_DIR holds the data of an earlier `hms run`, that data is used: by its
    running servers, or by servers that live as long as the command.
    """
    try:
        settings = Settings.from_env()
        if settings.database_url is None and (settings.data_dir / "postgres" / "PG_VERSION").exists():
            servers = Servers(settings)
            click.get_current_context().call_on_close(servers.stop)
            servers.join()
            settings = Settings.from_env({**os.environ, **servers.environment()})
        return create_app(settings)
    except (ConfigError, LocalError) as error:
        raise click.ClickException(str(error)) from error


@hms.command()
def run() -> None:
    """Run the whole product in this terminal, until Ctrl-C.

    DATABASE_URL and REDIS_URL name servers; without them it starts its own in HMS_DATA_DIR. HMS_ENV=demo brings demo
    data.
    """
    try:
        sys.exit(run_everything(Settings.from_env(), prepare))
    except (ConfigError, LocalError) as error:
        raise click.ClickException(str(error)) from error


def prepare(environment: Mapping[str, str]) -> None:
    """Bring the tables up to date, and in the demo fill in its hospital."""
    settings = Settings.from_env({**os.environ, **environment})
    with create_app(settings).app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        if settings.is_demo and (made := demo.seed_if_empty(database.session(), now=clock.now())):
            audit_chain.begin(database.session(), made.hospital_id, secret=settings.secret_keys)
            click.echo("Filled in the demo hospital.")
        database.session.remove()
        database.engine.dispose()


@hms.group()
def db() -> None:
    """The database's tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date."""
    with make_app().app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        click.echo(f"The database is at revision {_revision()}.")


@db.command()
def check() -> None:
    """Say whether the database is at the newest revision, and whether the models are what the migrations make."""
    with make_app().app_context():
        newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        if _revision() != newest:
            message = f"The database is at revision {_revision()}, the newest is {newest}: run `hms db upgrade`."
            raise click.ClickException(message)
        try:
            flask_migrate.check(directory=str(MIGRATIONS))
        except (CommandError, SystemExit) as error:
            message = "The models differ from what the migrations make: a migration is missing."
            raise click.ClickException(message) from error
        click.echo(f"The database is at revision {newest}, and the models match it.")


@db.command()
@click.argument("role")
def grant(role: str) -> None:
    """Let ROLE, an account of the database that is not its owner, run the product; again after each upgrade."""
    with cli_records.session_of(make_app()) as session:
        database_rights.grant(session, role)
    click.echo(f"{role} may run the product, and add to the audit trail without changing it.")


def _revision() -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


cli_records.register(hms, make_app)
cli_audit.register(hms, make_app)
cli_downtime.register(hms, make_app)
cli_import.register(hms, make_app)
cli_jobs.register(hms, make_app)
cli_keys.register(hms, make_app)
cli_replay.register(hms, make_app)


def main() -> None:
    """Run the command line."""
    hms()
