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
from sqlalchemy import Engine, PoolProxiedConnection, event

from hms_web.config import RECYCLED_SECONDS
from hms_web.services.prepared import Asker


@dataclass(frozen=True, slots=True)
class Own:
    """A thread's connection, and until when it is used; `asker` asks on it."""

    thread: threading.Thread
    taken: PoolProxiedConnection
    asker: Asker
    until: float

    @property
    def is_usable(self) -> bool:
        """Whether it is young and in the middle of nothing, as far as is known without asking the server."""
        idle = self.asker.connection.pgconn.transaction_status == TransactionStatus.IDLE
        return idle and time.monotonic() < self.until


_by_engine: WeakKeyDictionary[Engine, dict[int, Own]] = WeakKeyDictionary()


def asker(engine: Engine) -> Asker:
    """Return who asks on the present thread's connection, which is made where there is none that can be used.

    Raises what connecting raises.
    """
    threads = _by_engine.setdefault(engine, {})
    own = threads.get(threading.get_ident())
    if own is None or not own.is_usable:
        _leave(threads, own)
        own = threads[threading.get_ident()] = _taken_from(engine)
    return own.asker


def _taken_from(engine: Engine) -> Own:
    taken = engine.raw_connection()
    connection = cast("psycopg.Connection[Any]", taken.driver_connection)
    taken.detach()  # the pool opens another in its place
    connection.autocommit = True
    return Own(threading.current_thread(), taken, Asker(connection, {}), time.monotonic() + RECYCLED_SECONDS)


def _leave(threads: dict[int, Own], own: Own | None) -> None:
    """Close what a thread had, and what was left by threads that have ended."""
    for ident, other in list(threads.items()):
        if other is own or not other.thread.is_alive():
            threads.pop(ident).taken.close()


@event.listens_for(Engine, "engine_disposed")
def _disposed(engine: Engine) -> None:
    for own in _by_engine.pop(engine, {}).values():
        own.taken.close()
