"""Statements that stand behind every request, handed to the driver as they are.

SQLAlchemy's account of a statement and of its result costs the web process more than sending a small one and reading
its answer does, and a booking has five (docs/performance.md). Connection, transaction, listeners and errors stay
SQLAlchemy's: only the result is the driver's. A session that only reads is not even asked to open a connection: one is
borrowed from its pool for the one question.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, Engine, TextClause
from sqlalchemy.dialects.postgresql import psycopg as driver
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session

from hms_web.models import ONLY_READS

_DIALECT = driver.dialect()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _written(statement: TextClause) -> str:
    return str(statement.compile(dialect=_DIALECT))


def rows(session: Session, statement: TextClause, given: Mapping[str, object]) -> Sequence[Any]:
    """Return what a statement answers as named tuples, inside the session's transaction.

    Raises what `session.execute` would: a DBAPIError with the driver's own, which never names a value.
    """
    session.flush()
    written, values = _written(statement), dict(given)
    if session.info.get(ONLY_READS) and not session.in_transaction():
        engine = session.get_bind()
        # Who listens hears of it from the session.
        if isinstance(engine, Engine) and not engine.dispatch.before_cursor_execute:
            try:
                found = _alone(engine, written, values)
            except psycopg.Error as error:
                session.connection()._handle_dbapi_exception(error, written, values, None, None)  # noqa: SLF001
            if found is not None:
                return found
    connection = session.connection()
    cursor = _driver_of(connection).cursor(row_factory=namedtuple_row)
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, written, values, None, False)  # noqa: FBT003 the event's own form
    try:
        return _answered(cursor, written, values)
    except psycopg.Error as error:
        # What its own statements end in: it tells listeners, gives up a connection that has ended, and raises.
        ended = cast("DBAPICursor", cursor)
        connection._handle_dbapi_exception(error, written, values, ended, None)  # noqa: SLF001


def _alone(engine: Engine, written: str, values: Mapping[str, object]) -> Sequence[Any] | None:
    """Ask on a connection that is borrowed for this one question; None where there was none that works.

    Then the session asks it, and finds a better one or says what is wrong. What the server refuses is refused at once.
    """
    try:
        borrowed = engine.raw_connection()
    except psycopg.Error:
        return None
    own = cast("psycopg.Connection[Any]", borrowed.driver_connection)
    try:
        own.autocommit = True
        return _answered(own.cursor(row_factory=namedtuple_row), written, values)
    except psycopg.Error:
        if own.closed:
            return None
        raise
    finally:
        # Nobody gets it again who would not notice that it commits by itself.
        if own.info.transaction_status == TransactionStatus.IDLE:
            own.autocommit = False
        else:
            borrowed.invalidate()
        borrowed.close()


def _answered(cursor: psycopg.Cursor[Any], written: str, values: Mapping[str, object]) -> Sequence[Any]:
    cursor.execute(written, values)
    has_rows = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
    return cursor.fetchall() if has_rows else ()


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
