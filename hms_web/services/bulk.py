"""Many rows with one statement: they travel as one JSON value, and PostgreSQL gives each column its type.

What a row that is alone of its table has travels as it is, but for lists and JSON, which costs both sides less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from hms_web.models import Base
from hms_web.services import asking

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def as_json(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as the JSON that `json_to_recordset` reads back."""
    return orjson.dumps(rows, default=_plain).decode()


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table that all have the same columns. Where the columns of `unless` are taken, a row is left out, or,
    if there are any in `instead`, the row that is there takes over those.
    """

    model: type[Base]
    rows: Sequence[Mapping[str, object]]
    unless: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


def insert(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, object]], *, unless: Sequence[str] = ()
) -> None:
    """Insert rows that all have the same columns; where those of `unless` are taken, a row is left out."""
    insert_all(session, Rows(model, rows, tuple(unless)))


def insert_all(session: Session, *parts: Rows) -> None:
    """Insert rows of several tables with one statement; they may refer to one another."""
    given: dict[str, object] = {}
    shapes: list[_Shape] = []
    for part in parts:
        if not part.rows:
            continue
        number, first = len(shapes), part.rows[0]
        shared = _shared(part.rows)
        own = tuple(name for name in first if name not in shared)
        if own:
            given[f"rows_{number}"] = as_json([{name: row[name] for name in own} for row in part.rows])
        for name, value in shared.items():
            given[f"{name}_{number}"] = value
        shapes.append(_Shape(part.model, tuple(part.rows[0]), own, part.unless, part.instead))
    if shapes:
        asking.rows(session, _statement(*shapes), given)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides how the statement for rows is written; those of `columns` that are not their `own` they share."""

    model: type[Base]
    columns: tuple[str, ...]
    own: tuple[str, ...]
    unless: tuple[str, ...]
    instead: tuple[str, ...]

    def written(self, number: int) -> str:
        """Return the statement; names of our own columns, never of anybody's making."""
        table = self.model.metadata.tables[self.model.__tablename__]
        types = {name: table.c[name].type.compile(_DIALECT) for name in self.columns}
        shared = {name: f"CAST(:{name}_{number} AS {types[name]})" for name in self.columns if name not in self.own}
        values = ", ".join(shared.get(name, f"r.{name}") for name in self.columns)
        own = ", ".join(f"{name} {types[name]}" for name in self.own)
        rows = f" FROM json_to_recordset(CAST(:rows_{number} AS json)) AS r({own})" if own else ""
        return f"INSERT INTO {table.name} ({', '.join(self.columns)}) SELECT {values}{rows}{self._conflict()}"

    def _conflict(self) -> str:
        if not self.unless:
            return ""
        taken_over = ", ".join(f"{name} = excluded.{name}" for name in self.instead)
        done = f"UPDATE SET {taken_over}" if taken_over else "NOTHING"
        return f" ON CONFLICT ({', '.join(self.unless)}) DO {done}"


@lru_cache
def _statement(*shapes: _Shape) -> TextClause:
    *before, last = [shape.written(number) for number, shape in enumerate(shapes)]
    first = ", ".join(f"part_{number} AS ({one})" for number, one in enumerate(before))
    return text(f"WITH {first} {last}" if first else last)


def _shared(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return what is the same in every row: it is sent, and read, once. Each of several keeps a column of its own."""
    first = rows[0]
    flat = {name: value for name, value in first.items() if not isinstance(value, Mapping | list)}
    if len(rows) == 1:
        return flat
    same = {name: value for name, value in flat.items() if all(row[name] == value for row in rows)}
    return same if len(same) < len(first) else {}
