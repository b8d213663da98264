"""Many rows with one statement: they travel as one JSON value, and PostgreSQL gives each column its type."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hms_web.models import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


FEW = 20
"""Up to so many rows a statement a row, which the driver pipelines, is as quick."""


def _plain(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def as_json(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as the JSON that `json_to_recordset` reads back."""
    return json.dumps(rows, default=_plain)


def insert(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, object]], *, unless: Sequence[str] = ()
) -> None:
    """Insert rows that all have the same columns; where those of `unless` are taken, a row is left out."""
    if not rows:
        return
    table = model.metadata.tables[model.__tablename__]
    columns = list(rows[0])
    types = ", ".join(f"{name} {table.c[name].type.compile(_DIALECT)}" for name in columns)
    names = ", ".join(columns)
    conflict = f" ON CONFLICT ({', '.join(unless)}) DO NOTHING" if unless else ""
    session.execute(
        text(  # names of our own columns, never of anybody's making
            f"INSERT INTO {table.name} ({names}) "  # noqa: S608
            f"SELECT {names} FROM json_to_recordset(CAST(:rows AS json)) AS r({types}){conflict}"
        ),
        {"rows": as_json(rows)},
    )
