"""Fixtures of the faults: a yard of real workers over a database of its own."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.faults.yard import AFTERNOON, Yard
from tests.scenes import clinic
from tests.servers import Servers


@pytest.fixture
def yard(servers: Servers, worker_number: int, tmp_path: Path) -> Iterator[Yard]:
    """A clinic, a Redis of its own number, and no worker yet."""
    name = f"{servers.run}_{worker_number}_{secrets.token_hex(3)}"
    database_url = servers.clone(name)
    redis_url = servers.redis_database(16 + worker_number if "TEST_REDIS_URL" not in os.environ else worker_number)
    environ = {
        "HMS_ENV": "testing",
        "HMS_TEST_NOW": AFTERNOON.isoformat(),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "TZ": "Australia/Lord_Howe",
    }
    engine = sa.create_engine(database_url)
    with redis_client.Redis.from_url(redis_url) as redis, Session(engine, expire_on_commit=False) as session:
        redis.flushdb()
        yard = Yard(clinic(session), engine, redis, environ, tmp_path)
        try:
            yield yard
        finally:
            yard.end()
            redis.flushdb()
    engine.dispose()
    servers.drop(name)
