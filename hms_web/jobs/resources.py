"""The Redis and the database of a background process, from the settings; a job needs no web application."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.config import ConfigError, Settings, engine_options
from hms_web.services.unit_of_work import Busy

QUEUE = "hms"
REQUEST_ID = "request_id"
"""Under which name a job knows the request that asked for it."""


class DatabaseError(Exception):
    """The database refused or could not answer. RQ keeps and logs it, so it says which error and not with what."""


def connect(settings: Settings) -> redis.Redis:
    """A client of the Redis that wakes the workers up; RQ wants bytes back, so nothing is decoded."""
    if settings.redis_url is None:
        message = "REDIS_URL is not set: name a server, or start everything with `hms run`."
        raise ConfigError(message)
    return redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5)


@contextmanager
def job_session() -> Iterator[Session]:
    """A session for one job, which keeps its connections from one transaction to the next and ends them with itself:
    RQ runs each job in a process of its own.
    """
    settings = Settings.from_env()
    if settings.database_url is None:
        message = "DATABASE_URL is not set: name a server, or start everything with `hms run`."
        raise ConfigError(message)
    engine = sa.create_engine(settings.database_url, **engine_options())
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    except (sa.exc.SQLAlchemyError, Busy) as error:
        raise _without_values(error).with_traceback(error.__traceback__) from None
    finally:
        engine.dispose()


@contextmanager
def asked_to_end(within: float) -> Iterator[Callable[[], bool]]:
    """Give a job a function that says whether it should end in order: its process was asked to (SIGTERM), or so many
    seconds are over. RQ's own time limit breaks in anywhere, and would be taken for a fault of whatever row is at hand.
    """
    asked: list[int] = []
    until = time.monotonic() + within

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 what a signal handler gets
        asked.append(number)

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield lambda: bool(asked) or time.monotonic() >= until
    finally:
        signal.signal(signal.SIGTERM, before)


def _without_values(error: Exception) -> DatabaseError:
    """PostgreSQL's own messages quote what they complain about, so they are left out."""
    cause = error.__cause__ if isinstance(error, Busy) else error
    code = getattr(getattr(cause, "orig", None), "sqlstate", None)
    return DatabaseError(f"{type(error).__name__}, SQLSTATE {code or 'unknown'}")
