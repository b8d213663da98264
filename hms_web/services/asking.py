"""Statements that stand behind every request, handed to the driver as they are.

SQLAlchemy's account of a statement and of its result costs the web process more than sending a small one and reading
its answer does, and a booking has five (docs/performance.md). Connection, transaction, listeners and errors stay
SQLAlchemy's: only the result is the driver's.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql import psycopg as driver
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session

_DIALECT = driver.dialect()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _written(statement: TextClause) -> str:
    return str(statement.compile(dialect=_DIALECT))


def rows(session: Session, statement: TextClause, given: Mapping[str, object]) -> Sequence[Any]:
    """Return what a statement answers as named tuples, inside the session's transaction.

    Raises what `session.execute` would: a DBAPIError with the driver's own, which never names a value.
    """
    session.flush()
    connection = session.connection()
    written, values = _written(statement), dict(given)
    cursor = _driver_of(connection).cursor(row_factory=namedtuple_row)
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, written, values, None, False)  # noqa: FBT003 the event's own form
    try:
        cursor.execute(written, values)
        has_rows = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
        return cursor.fetchall() if has_rows else ()
    except psycopg.Error as error:
        # What its own statements end in: it tells listeners, gives up a connection that has ended, and raises.
        ended = cast("DBAPICursor", cursor)
        connection._handle_dbapi_exception(error, written, values, ended, None)  # noqa: SLF001


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
