"""The `hms` command. Each command is thin: it reads its options, asks a service, and says what came of it."""

import sys

import click
import flask_migrate
from flask import Flask

from hms_web.app import MIGRATIONS, create_app
from hms_web.config import ConfigError


@click.group()
def hms() -> None:
    """The outpatient front desk."""


def make_app() -> Flask:
    """The application, for a command; a setting that is wrong ends the command with its sentence."""
    try:
        return create_app()
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


@hms.group()
def db() -> None:
    """The database's tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables up to date."""
    with make_app().app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))


def main() -> None:
    """Run the command line."""
    sys.exit(hms())
