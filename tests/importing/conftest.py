"""A hospital to import into, and files to import."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.cli_import import register
from hms_web.models import Appointment, Base
from tests.scenes import NOW, Clinic, clinic

Write = Callable[..., Path]


@pytest.fixture
def here(session: Session) -> Clinic:
    """A clinic in Kolkata, on a Monday at 08:00."""
    return clinic(session)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of some lines, or of bytes, and return where it is."""

    def write(*lines: str | bytes, name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines))
        return path

    return write


@dataclass
class Command:
    """The command line over the test's application."""

    app: Flask

    def __call__(self, *words: object) -> Result:
        """Run `hms import …`."""
        group = click.Group("hms")
        register(group, lambda: self.app)
        with clock.fixed(NOW):
            return CliRunner().invoke(group, ["import", *(str(word) for word in words)])


@pytest.fixture
def hms_import(app: Flask) -> Command:
    """The commands."""
    return Command(app)


def rows(session: Session, table: type[Base], *columns: str) -> list[tuple[object, ...]]:
    """Return columns of all rows, in order."""
    session.expire_all()
    query = sa.select(*(getattr(table, name) for name in columns)).order_by(*(getattr(table, name) for name in columns))
    return [tuple(row) for row in session.execute(query)]


@pytest.fixture
def doctor(here: Clinic) -> UUID:
    """A doctor of thirty minutes a slot."""
    return here.doctor()


@pytest.fixture
def people(here: Clinic) -> None:
    """Four patients with the numbers 1 to 4."""
    for number in range(1, 5):
        here.patient(mrn=str(number))


def booked(session: Session) -> list[tuple[object, ...]]:
    """Return the appointments that came in, by their numbers."""
    return rows(session, Appointment, "import_key", "date", "start_time")


def refused(folder: Path) -> list[list[str]]:
    """Return line and rule of each refused row."""
    lines = (folder / "file.rejected.csv").read_text("utf-8-sig").splitlines()[1:]
    return [line.split(",")[:2] for line in lines]
