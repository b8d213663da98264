"""Statements that are asked all day long: prepared once for each connection, and sent and awaited by libpq itself.

The driver's cursors send and wait in parts that can be interrupted, which costs the web process three times what libpq
takes, and the server half as much again (docs/performance.md). Values and answers are the driver's to write and read,
and errors its own. Nothing here can be interrupted: the server's `statement_timeout` ends what takes too long.
"""

import hashlib
from collections import namedtuple
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine, TextClause, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import Pool

MOST_KEPT = 200
"""So many statements are kept by one connection; of more that one goes for which nobody has asked the longest."""

_KEPT, _GENERATION, _TRANSFORMER = "hms_prepared", "hms_generation", "hms_transformer"
_STALE = (
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.DuplicatePreparedStatement,
    psycopg.errors.FeatureNotSupported,
)
_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

Row = Callable[[Sequence[Any]], Any]
Types = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as the server reads it, and the names of its values in their order."""

    words: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """A connection as the driver has it, with what is remembered of it as long as it lives."""

    connection: psycopg.Connection[Any]
    memory: MutableMapping[Any, Any]

    def answer(self, statement: TextClause, given: Mapping[str, object], *, begins: bool) -> Sequence[Any]:
        """Return what a statement answers as named tuples; none for one that has no rows.

        Where it `begins`, a transaction is opened first unless one is. Raises the driver's errors; of a statement that
        the server no longer keeps as it was, which it asks anew where it can, InvalidSqlStatementName.
        """
        libpq = self.connection.pgconn
        if begins and libpq.transaction_status == TransactionStatus.IDLE:
            self._begin()
        try:
            return self._answered(statement, given)
        except _STALE as error:
            if not _is_stale(error):
                raise
            self.memory[_GENERATION] = self.memory.get(_GENERATION, 0) + 1
            forget(self.memory)
            if libpq.transaction_status != TransactionStatus.IDLE:
                raise psycopg.errors.InvalidSqlStatementName from error
            return self._answered(statement, given)

    def _begin(self) -> None:
        own = self.connection
        if own.isolation_level is None and own.read_only is None and own.deferrable is None:
            self._checked(own.pgconn.exec_(b"BEGIN"))
        else:
            own.execute("SELECT 1")  # the driver knows what to begin with

    def _answered(self, statement: TextClause, given: Mapping[str, object]) -> Sequence[Any]:
        words, libpq = _written(statement), self.connection.pgconn
        values = self._transformer()
        dumped = values.dump_sequence([given[name] for name in words.names], words.formats)
        name = self._kept(words, values.types or ())
        result = libpq.exec_prepared(name, cast("Sequence[bytes]", dumped), values.formats)  # or None: NULL
        self._checked(result)
        if result.status != ExecStatus.TUPLES_OK:
            return ()
        values.set_pgresult(result)
        try:
            return values.load_rows(0, result.ntuples, _row(tuple(map(result.fname, range(result.nfields)))))
        finally:
            values.set_pgresult(None)  # a patient's record stays no longer than it is needed

    def _transformer(self) -> abc.Transformer:
        """Return what writes values and reads answers, which finds out once how each type is written and read."""
        known: abc.Transformer | None = self.memory.get(_TRANSFORMER)
        if known is None:
            known = self.memory[_TRANSFORMER] = Transformer.from_context(self.connection)
        return known

    def _kept(self, words: Written, types: Types) -> bytes:
        """Return the name under which the connection keeps a statement for values of some types."""
        kept: dict[bytes, None] | None = self.memory.get(_KEPT)
        if kept is None:
            kept = self.memory[_KEPT] = self._found()
        name = _name(words.words, types, self.memory.get(_GENERATION, 0))
        if name in kept:
            kept[name] = kept.pop(name)
            return name
        if len(kept) >= MOST_KEPT:
            oldest = next(iter(kept))
            self._checked(self.connection.pgconn.exec_(b"DEALLOCATE " + oldest))
            del kept[oldest]
        self._checked(self.connection.pgconn.prepare(name, words.words, types))
        kept[name] = None
        return name

    def _found(self) -> dict[bytes, None]:
        """Return the names of ours that the server knows, the oldest first."""
        asked = b"SELECT name FROM pg_prepared_statements WHERE name LIKE 'hms%' ORDER BY prepare_time"
        found = self.connection.pgconn.exec_(asked)
        self._checked(found)
        return dict.fromkeys(found.get_value(number, 0) or b"" for number in range(found.ntuples))

    def _checked(self, result: PGresult) -> None:
        if result.status in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            return
        if result.error_field(DiagnosticField.SQLSTATE) is None:  # nothing that the server has said
            raise psycopg.OperationalError(self.connection.pgconn.get_error_message())
        raise error_from_result(result, self.connection.info.encoding)


@lru_cache(maxsize=256)
def _written(statement: TextClause) -> Written:
    compiled = statement.compile(dialect=_DIALECT)
    names = tuple(compiled.positiontup or ())
    return Written(str(compiled).encode(), names, (PyFormat.AUTO,) * len(names))


@lru_cache(maxsize=256)
def _row(columns: tuple[bytes | None, ...]) -> Row:
    names = [(name or b"").decode() for name in columns]
    made: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 only the server knows them
    return cast("Row", made._make)


@lru_cache(maxsize=1024)
def _name(words: bytes, types: Types, generation: int) -> bytes:
    """Return the name of a statement, which is the same on every connection that keeps it."""
    return f"hms_{generation}_{hashlib.blake2b(words + repr(types).encode(), digest_size=12).hexdigest()}".encode()


def _is_stale(error: psycopg.Error) -> bool:
    """Whether the server no longer keeps a statement as it was: a migration may change the type of what it answers."""
    is_other = isinstance(error, psycopg.errors.FeatureNotSupported)
    return not is_other or error.diag.source_function == "RevalidateCachedQuery"


def forget(memory: MutableMapping[Any, Any]) -> None:
    """Have the server asked which statements it still keeps for a connection, before the next one of them."""
    memory.pop(_KEPT, None)


# Once a transaction was rolled back the driver has the server forget its prepared statements, and ours with them.
@event.listens_for(Engine, "rollback")
@event.listens_for(Engine, "rollback_savepoint")
def _rolled_back(connection: Connection, *_what: object) -> None:
    if not connection.invalidated:
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        _given_back(driver, connection, None)


@event.listens_for(Pool, "reset")
def _given_back(driver: Any, record: Any, _state: object) -> None:  # noqa: ANN401 what a pool's event gets
    if driver.pgconn.transaction_status != TransactionStatus.IDLE:
        forget(record.info)
