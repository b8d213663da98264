"""A hospital to import into, and files to import."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.cli_import import register
from hms_web.models import Base
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
