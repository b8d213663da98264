"""The Redis and the database of a background process, from the settings; a job needs no web application."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.config import ConfigError, Settings, engine_options

QUEUE = "hms"


def connect(settings: Settings) -> redis.Redis:
    """A client of the Redis that wakes the workers up; RQ wants bytes back, so nothing is decoded."""
    if settings.redis_url is None:
        message = "REDIS_URL is not set: name a server, or start everything with `hms run`."
        raise ConfigError(message)
    return redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5)


@contextmanager
def job_session() -> Iterator[Session]:
    """A session for one job; its connection ends with it, since RQ runs each job in a process of its own."""
    settings = Settings.from_env()
    if settings.database_url is None:
        message = "DATABASE_URL is not set: name a server, or start everything with `hms run`."
        raise ConfigError(message)
    engine = sa.create_engine(settings.database_url, **engine_options(pooled=False))
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    finally:
        engine.dispose()
