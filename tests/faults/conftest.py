"""Fixtures of the faults: a yard of real workers over a database of its own, and a PostgreSQL that may be stopped."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_client
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.local.postgres import Postgres
from hms_web.local.processes import free_port, new_password
from tests.faults.yard import AFTERNOON, Yard, set_clock
from tests.scenes import clinic
from tests.servers import Servers


@pytest.fixture
def yard(servers: Servers, worker_number: int, tmp_path: Path) -> Iterator[Yard]:
    """A clinic, a Redis of its own number, and no worker yet."""
    with opened_yard(servers, servers, worker_number, tmp_path) as yard:
        yield yard


@contextmanager
def opened_yard(servers: Servers, common: Servers, worker_number: int, folder: Path) -> Iterator[Yard]:
    """A clinic on `servers`' PostgreSQL and a Redis of its own number."""
    name = f"{servers.run}_{worker_number}_{secrets.token_hex(3)}"
    database_url = servers.clone(name)
    redis_url = common.redis_database(16 + worker_number if "TEST_REDIS_URL" not in os.environ else worker_number)
    environ = {
        "HMS_ENV": "testing",
        "HMS_TEST_NOW": AFTERNOON.isoformat(),
        "TEST_CLOCK": str(folder / "clock"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "TZ": "Australia/Lord_Howe",
    }
    set_clock(folder / "clock", AFTERNOON)
    engine = sa.create_engine(database_url)
    with redis_client.Redis.from_url(redis_url) as redis, Session(engine, expire_on_commit=False) as session:
        redis.flushdb()
        yard = Yard(clinic(session), engine, redis, environ, folder)
        try:
            yield yard
        finally:
            yard.end()
            redis.flushdb()
    engine.dispose()
    servers.drop(name)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, which it may stop and start again; it ends with the test."""
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and "pytest" in folder.name:
            folder.chmod(0o755)  # root's PostgreSQL runs as somebody else, who has to walk through
    postgres = Postgres(tmp_path / "postgres", tmp_path / "postgres.log", free_port(), new_password(), durable=False)
    postgres.start()
    yield postgres
    postgres.stop()


@pytest.fixture
def own_yard(postgres: Postgres, servers: Servers, worker_number: int, tmp_path: Path) -> Iterator[Yard]:
    """A yard on a PostgreSQL of its own."""
    own = Servers(postgres.url("postgres"), servers.redis, f"own_{secrets.token_hex(3)}")
    with opened_yard(own, servers, worker_number, tmp_path) as yard:
        yield yard
