"""Many rows with one statement: they travel as one JSON value, and PostgreSQL gives each column its type."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hms_web.models import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def as_json(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as the JSON that `json_to_recordset` reads back."""
    return orjson.dumps(rows, default=_plain).decode()


def insert(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, object]], *, unless: Sequence[str] = ()
) -> None:
    """Insert rows that all have the same columns; where those of `unless` are taken, a row is left out."""
    if not rows:
        return
    shared = _shared(rows)
    own = [name for name in rows[0] if name not in shared]
    given = [{name: row[name] for name in own} for row in rows] if shared else rows
    statement = _statement(model, tuple(rows[0]), tuple(own), tuple(unless))
    session.execute(statement, {"rows": as_json(given), **shared})


@lru_cache
def _statement(
    model: type[Base], columns: tuple[str, ...], own: tuple[str, ...], unless: tuple[str, ...]
) -> TextClause:
    table = model.metadata.tables[model.__tablename__]
    types = {name: table.c[name].type.compile(_DIALECT) for name in columns}
    values = ", ".join(f"r.{name}" if name in own else f"CAST(:{name} AS {types[name]})" for name in columns)
    conflict = f" ON CONFLICT ({', '.join(unless)}) DO NOTHING" if unless else ""
    return text(  # names of our own columns, never of anybody's making
        f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values} "  # noqa: S608
        f"FROM json_to_recordset(CAST(:rows AS json)) AS r({', '.join(f'{name} {types[name]}' for name in own)})"
        f"{conflict}"
    )


def _shared(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return what is the same in every row: it is sent, and read, once. A row keeps at least one column of its own."""
    first = rows[0]
    flat = {name: value for name, value in first.items() if not isinstance(value, Mapping | list)}
    same = {name: value for name, value in flat.items() if all(row[name] == value for row in rows)}
    return same if len(same) < len(first) else {}
