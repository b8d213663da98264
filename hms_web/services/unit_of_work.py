"""The one place that commits (architecture.md: one use case, one transaction, one commit)."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Executable, Result, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hms_web.config import LOCK_WAIT_SECONDS
from hms_web.models import ONLY_READS
from hms_web.services import asking

T = TypeVar("T")

ATTEMPTS = 6
_FLAG = "hms_in_unit_of_work"
_ANNOUNCED, _COMMITTED = "hms_announced", "hms_committed"

# How long one unit of work waits for others in all, however many locks it needs. PostgreSQL may wait twice for one row,
# first for its turn and then for the holder, and cuts off each of the two by itself.
PATIENCE_SECONDS = 2.0 * LOCK_WAIT_SECONDS
# Less is not counted as waiting, and so long whoever has waited enough may still find that a lock gets free.
LEAST_SECONDS = 0.1
_WAITED = "hms_seconds_waited"

# A row that somebody has just waited for in vain is asked for only briefly for a moment, as long as we tell people to
# wait. Else everybody who comes would take a thread for the whole patience, and those behind them wait twice and more.
GLIMPSE_SECONDS, WARY_SECONDS = 0.5, 1.0
_in_vain: dict[UUID, float] = {}

# Worth another try: the database undid this transaction because of one that has finished or gone away since. A violated
# exclusion or unique constraint means that somebody was quicker; the second try sees their row and can name the rule. A
# statement that the server has forgotten is prepared anew.
_TRY_AGAIN = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ExclusionViolation,
    psycopg.errors.UniqueViolation,
    psycopg.errors.InvalidSqlStatementName,
)
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)

# For batches of a job that does again what is lost. A server that breaks down may then lose the last of them as wholes,
# and nothing that builds on them: a later commit that is waited for, as that of the run's end or of whoever books a new
# slot, brings to the disk all that came before it (docs/decisions/0310-batches-do-not-wait-for-the-disk.md).
_LAZILY = text("SET LOCAL synchronous_commit = off")


class Busy(Exception):
    """The database was too busy to answer in time; nothing was changed, and trying again later is right."""


def only_reads(session: Session) -> None:
    """Let what a session is asked from here on need no transaction, which saves two round trips.

    Each question then sees what is committed when it is asked, as it does anyway. A unit of work ends that.
    """
    if not session.in_transaction():
        session.info[ONLY_READS] = True


def begin(session: Session) -> None:
    """Let what follows be one transaction, for what asks for more than `only_reads` allows: cursors, SET LOCAL."""
    if session.info.pop(ONLY_READS, False):
        session.rollback()


def run(session: Session, work: Callable[[], T]) -> T:
    """Run `work` and commit; inside another unit of work, join it.

    Deadlocks, serialization failures and constraint violations roll back and run `work` again, a few times with jitter.
    Raises Busy when that does not help or a lock was not to be had in time; any other error rolls back and goes on.
    """
    if is_inside(session):
        return work()
    begin(session)
    session.info.update({_FLAG: True, _WAITED: 0.0})
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                session.info[_ANNOUNCED] = set()
                result = work()
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if isinstance(error.orig, _BUSY):
                    raise Busy from error
                if not isinstance(error.orig, _TRY_AGAIN):
                    raise
                if attempt == ATTEMPTS or session.info[_WAITED] >= PATIENCE_SECONDS:
                    raise Busy from error
                time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311 jitter, not a secret
            except BaseException:
                session.rollback()
                raise
            else:
                session.info.setdefault(_COMMITTED, set()).update(session.info[_ANNOUNCED])
                return result
        raise AssertionError  # the last attempt returns or raises
    finally:
        session.info.pop(_FLAG, None)


def do_not_wait_for_disk(session: Session) -> None:
    """Let the commit of the unit of work that is under way, which is this one's own, not wait until it is on the disk.

    For one of many in a row (see `_LAZILY`).
    """
    asking.rows(session, _LAZILY, {})


def is_inside(session: Session) -> bool:
    """Whether a unit of work is under way on this session, which whatever is run now would join."""
    return bool(session.info.get(_FLAG))


def after_commit(session: Session, what: str) -> None:
    """Note, inside a unit of work, something that whoever opened the session may want to act on once it is committed.

    Effects leave after the commit: what was noted before a rollback is forgotten with it.
    """
    session.info.setdefault(_ANNOUNCED, set()).add(what)


def committed(session: Session) -> frozenset[str]:
    """Return what was noted in the units of work that have committed since this was last asked."""
    return frozenset(session.info.pop(_COMMITTED, ()))


def take_over(session: Session, other: Session) -> None:
    """Let whoever opened a session act on what was committed on another one that worked for it, too."""
    session.info.setdefault(_COMMITTED, set()).update(committed(other))


def wait_for(session: Session, statement: Executable, *, row: UUID | None = None) -> Result[Any]:
    """Execute a statement that may have to wait for others, for no longer than this unit of work still may.

    One that waits for a lock behind somebody who waits for the next lock would otherwise wait for both in full. `row`
    is what is locked, where it is one: nobody waits long for a row for which somebody has just waited in vain.
    """
    with _waiting(session, row):
        return session.execute(statement)


def rows_waited_for(
    session: Session, statement: TextClause, given: Mapping[str, object], *, row: UUID | None = None
) -> Sequence[Any]:
    """Do the same with a statement that is written out; return its rows as `asking.rows` does."""
    with _waiting(session, row):
        return asking.rows(session, statement, given)


@contextmanager
def _waiting(session: Session, row: UUID | None) -> Iterator[None]:
    waited, began = session.info.get(_WAITED, 0.0), time.monotonic()
    is_wary = row is not None and _in_vain.get(row, began) > began
    left = max(GLIMPSE_SECONDS if is_wary else PATIENCE_SECONDS - waited, LEAST_SECONDS)
    if waited or is_wary:
        _allow(session, left)
    try:
        yield
        if row is not None:
            _in_vain.pop(row, None)
    except DBAPIError as error:
        is_in_vain = isinstance(error.orig, psycopg.errors.LockNotAvailable) and left >= GLIMPSE_SECONDS
        if row is not None and is_in_vain:  # whoever had hardly time to wait has learnt nothing of the row
            _remember(row)
        raise
    finally:
        took = time.monotonic() - began
        if took > LEAST_SECONDS:
            waited += took
            session.info[_WAITED] = waited
    if is_wary:  # the little time was for that row alone
        _allow(session, max(PATIENCE_SECONDS - waited, LEAST_SECONDS))


def _allow(session: Session, seconds: float) -> None:
    session.execute(text(f"SET LOCAL lock_timeout = '{seconds / 2 * 1000:.0f}ms'"))


def _remember(row: UUID) -> None:
    """Note that a row was waited for in vain, and forget those of which that is no longer worth knowing."""
    now = time.monotonic()
    for known, until in list(_in_vain.items()):
        if until <= now:
            _in_vain.pop(known, None)
    _in_vain[row] = now + WARY_SECONDS
