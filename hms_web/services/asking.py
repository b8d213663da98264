"""Statements that stand behind every request, handed to the driver as they are.

SQLAlchemy's account of a statement and of its result costs the web process more than sending a small one and reading
its answer does, and a booking has five (docs/performance.md). Connection, transaction, listeners and errors stay
SQLAlchemy's: only the question itself is the driver's (`prepared`). A session that only reads is not even asked to open
a connection: the thread has one of its own for that.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, TextClause
from sqlalchemy.dialects.postgresql import psycopg as driver
from sqlalchemy.orm import Session

from hms_web.models import ONLY_READS, ReadingSession
from hms_web.services import own_connections, prepared
from hms_web.services.prepared import Asker

_DIALECT = driver.dialect()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _written(statement: TextClause) -> str:
    return str(statement.compile(dialect=_DIALECT))


def rows(session: Session, statement: TextClause, given: Mapping[str, object]) -> Sequence[Any]:
    """Return what a statement answers as named tuples, inside the session's transaction.

    Raises what `session.execute` would: a DBAPIError with the driver's own, which never names a value.
    """
    session.flush()
    if isinstance(session, ReadingSession) and session.info.get(ONLY_READS) and not session.in_transaction():
        engine = session.pooled()
        # Who listens hears of it from the session.
        if engine is not None and not engine.dispatch.before_cursor_execute:
            try:
                found = _alone(engine, statement, given)
            except psycopg.Error as error:
                values = dict(given)
                session.connection()._handle_dbapi_exception(error, _written(statement), values, None, None)  # noqa: SLF001
            if found is not None:
                return found
    written, values = _written(statement), dict(given)
    connection = session.connection()
    for listener in connection.dispatch.before_cursor_execute:
        cursor = _driver_of(connection).cursor()
        listener(connection, cursor, written, values, None, False)  # noqa: FBT003 the event's own form
    own = _driver_of(connection)
    try:
        return Asker(own, connection.info).answer(statement, values, begins=not own.autocommit)
    except psycopg.Error as error:
        # What its own statements end in: it tells listeners, gives up a connection that has ended, and raises.
        connection._handle_dbapi_exception(error, written, values, None, None)  # noqa: SLF001


def _alone(engine: Engine, statement: TextClause, given: Mapping[str, object]) -> Sequence[Any] | None:
    """Ask on the thread's own connection; None where there is none that works.

    Then the session asks, and finds a better one or says what is wrong. What the server refuses is refused at once.
    """
    try:
        asker = own_connections.asker(engine)
    except psycopg.Error:
        return None
    try:
        return asker.answer(statement, given, begins=False)
    except psycopg.Error:
        if asker.connection.closed:
            return None
        raise


def after_ddl(session: Session) -> None:
    """Have the server asked which of our statements it keeps: with a DROP or an ALTER the driver lets it forget all."""
    prepared.forget(session.connection().info)


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
