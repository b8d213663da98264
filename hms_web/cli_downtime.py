"""The `hms downtime` command: the day's list, written to a folder by a timer."""

import os
import secrets
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask

from hms_web import clock
from hms_web.cli_records import hospitals_of, session_of
from hms_web.services import downtime as lists
from hms_web.web import downtime as page

MakeApp = Callable[[], Flask]


def register(hms: click.Group, make_app: MakeApp) -> None:
    """Add the command to `hms`."""

    @hms.group()
    def downtime() -> None:
        """The day's list for when the system cannot be reached."""

    downtime.add_command(_save(make_app))


def _save(make_app: MakeApp) -> click.Command:
    @click.command()
    @click.option("--hospital", required=True, help="The hospital's name.")
    @click.option("--folder", required=True, type=click.Path(path_type=Path, file_okay=False, exists=True))
    @click.option("--date", "wanted", type=click.DateTime(["%Y-%m-%d"]), help="Left out, the hospital's today.")
    @click.option("--department", help="Left out, all of them.")
    def save(hospital: str, folder: Path, wanted: datetime | None, department: str | None) -> None:
        """Write the list of a day into a folder, as one file that opens without the network; for its owner only."""
        app = make_app()
        with session_of(app) as session:
            (actor,) = hospitals_of(session, hospital)
            day: date = wanted.date() if wanted else clock.today(actor.zone)
            found = lists.take(session, actor, day, department=department, now=clock.now())
            place = folder / page.file_name(found)
            with app.test_request_context():  # nobody asks: the words are those for a stranger
                text = page.document(found, actor, hospital)
            write(place, text)
            click.echo(f"{place}: {found.count} patients.")

    return save


def write(place: Path, text: str) -> None:
    """Write a file that its owner alone may read; whoever opens it meanwhile sees the old one or the new one, whole."""
    new = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    except OSError as error:
        new.unlink(missing_ok=True)
        message = f"{place} could not be written: {error.strerror}."
        raise click.ClickException(message) from error
