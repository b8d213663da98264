"""The one place that commits (architecture.md: one use case, one transaction, one commit)."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

T = TypeVar("T")

ATTEMPTS = 6
_FLAG = "hms_in_unit_of_work"

# Worth another try: the database undid this transaction because of one that has finished or gone away since. A violated
# exclusion or unique constraint means that somebody was quicker; the second try sees their row and can name the rule.
_TRY_AGAIN = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ExclusionViolation,
    psycopg.errors.UniqueViolation,
)
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


class Busy(Exception):
    """The database was too busy to answer in time; nothing was changed, and trying again later is right."""


def run(session: Session, work: Callable[[], T]) -> T:
    """Run `work` and commit; inside another unit of work, join it.

    Deadlocks, serialization failures and constraint violations roll back and run `work` again, a few times with jitter.
    Raises Busy when that does not help or a lock was not to be had in time; any other error rolls back and goes on.
    """
    if session.info.get(_FLAG):
        return work()
    session.info[_FLAG] = True
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = work()
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if isinstance(error.orig, _BUSY):
                    raise Busy from error
                if not isinstance(error.orig, _TRY_AGAIN):
                    raise
                if attempt == ATTEMPTS:
                    raise Busy from error
                time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311 jitter, not a secret
            except BaseException:
                session.rollback()
                raise
            else:
                return result
        raise AssertionError  # the last attempt returns or raises
    finally:
        session.info.pop(_FLAG, None)
