"""A connection of each thread's own, for the one question that stands before every request.

To borrow one from the pool and give it back costs the web process as much as the question itself does. Each statement
on it commits by itself, so it is never in the middle of anything.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

from hms_web.config import RECYCLED_SECONDS
from hms_web.services.prepared import Asker


@dataclass(frozen=True, slots=True)
class Own:
    """Who asks on a thread's connection, and until when that is used."""

    asker: Asker
    until: float

    @property
    def is_usable(self) -> bool:
        """Whether it is young and in the middle of nothing, as far as is known without asking the server."""
        idle = self.asker.connection.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and time.monotonic() < self.until


# By the threads themselves: the number of one that has ended is given to another.
_by_engine: WeakKeyDictionary[Engine, dict[threading.Thread, Own]] = WeakKeyDictionary()


def asker(engine: Engine) -> Asker:
    """Return who asks on the present thread's connection, which is made where there is none that can be used.

    Raises what connecting raises.
    """
    threads, thread = _by_engine.setdefault(engine, {}), threading.current_thread()
    own = threads.get(thread)
    if own is None or not own.is_usable:
        _leave(threads, thread)
        own = threads[thread] = _taken_from(engine)
    return own.asker


def _taken_from(engine: Engine) -> Own:
    taken = engine.raw_connection()
    connection = cast("psycopg.Connection[Any]", taken.driver_connection)
    taken.detach()  # the pool opens another in its place
    connection.autocommit = True
    return Own(Asker(connection, {}), time.monotonic() + RECYCLED_SECONDS)


def _leave(threads: dict[threading.Thread, Own], thread: threading.Thread) -> None:
    """Close what a thread had, and what was left by threads that have ended."""
    for other in list(threads):
        if other is thread or not other.is_alive():
            _close(threads.pop(other, None))


def _close(own: Own | None) -> None:
    if own is not None:
        own.asker.connection.close()


@event.listens_for(Engine, "engine_disposed")
def _disposed(engine: Engine) -> None:
    for own in _by_engine.pop(engine, {}).values():
        _close(own)
