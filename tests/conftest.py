"""Fixtures that every test may ask for: a database of its own worker, a Redis, the application, clients, processes."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from threading import Thread

os.environ["HMS_ENV"] = "testing"  # before anything asks the clock

import pytest
import redis as redis_client
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from sqlalchemy.orm import Session

from hms_web.app import create_app
from hms_web.models import Base, ReadingSession, db
from hms_web.services import lookup, passwords
from tests.servers import Servers, known, started

pytest_plugins = ["tests.browsers", "tests.processes"]
_run = ExitStack()
# Hundreds of tests sign somebody in; what the product's own settings are is a test of its own.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)

# How long one example takes says how busy the machine is, and nothing about the rule.
settings.register_profile("hms", deadline=None)
settings.load_profile("hms")


def pytest_configure(config: pytest.Config) -> None:
    """With several workers, the process that controls them starts the servers; else the first test that needs them."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        servers = _run.enter_context(started())
        # While the workers collect their tests; whoever needs it first waits, and makes it where this failed.
        making = Thread(target=servers.prepare)
        making.start()
        _run.callback(making.join)


def pytest_unconfigure() -> None:
    """End whatever this process started."""
    _run.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector the thousands of tests and whatever they import: all of it lives as long as the run.

    Else it goes through all of that again and again, for a quarter of the processor's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The run's PostgreSQL and Redis."""
    return known() or _run.enter_context(started())


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0, 1, 2 ... for pytest-xdist's gw0, gw1, gw2 ...; 0 alone."""
    return int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0


@pytest.fixture(scope="session")
def database_url(servers: Servers, worker_number: int) -> str:
    """This worker's own database, migrated and empty at the beginning."""
    return servers.clone(f"{servers.run}_{worker_number}")


@pytest.fixture(scope="session")
def redis_url(servers: Servers, worker_number: int) -> str:
    """This worker's own numbered database in Redis."""
    return servers.redis_database(worker_number)


@pytest.fixture(scope="session")
def shared_app(database_url: str, redis_url: str) -> Iterator[Flask]:
    """The application over this worker's database, made once."""
    app = create_app({"HMS_ENV": "testing", "DATABASE_URL": database_url, "REDIS_URL": redis_url})
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(shared_app: Flask, redis_url: str) -> Iterator[Flask]:
    """The application over an empty database and an empty Redis."""
    kept = dict(shared_app.config)
    yield shared_app
    shared_app.config.clear()
    shared_app.config.update(kept)
    with shared_app.app_context():
        empty(db.engine)
    with redis_client.Redis.from_url(redis_url) as client:
        client.flushdb()


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that end in .test lead nowhere, and nobody is asked about them."""
    plain = lookup.addresses
    monkeypatch.setattr(lookup, "addresses", lambda host: frozenset() if host.endswith(".test") else plain(host))


@pytest.fixture
def engine(app: Flask) -> sa.Engine:
    """The application's engine, for tests that open connections of their own."""
    with app.app_context():
        return db.engine


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    """A session of the test's own; services may commit, the tables are emptied afterwards.

    No application context is pushed: requests of `client` then have contexts and sessions of their own, as in a real
    server.
    """
    with ReadingSession(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript, or a program that speaks to the API."""
    return app.test_client()


@pytest.fixture
def redis(app: Flask, redis_url: str) -> Iterator["redis_client.Redis"]:
    """A client of this worker's Redis, emptied afterwards."""
    with redis_client.Redis.from_url(redis_url) as client:
        yield client


SMALL = 256 * 1024
"""Bytes up to which deleting a table's rows is quicker than giving the table new files, ten times for a few rows."""


def empty(engine: sa.Engine) -> None:
    """Empty every table that has rows; triggers that forbid it (the audit trail's) are out of force meanwhile."""
    sizes = " UNION ALL ".join(
        f'SELECT \'"{table.name}"\', pg_relation_size(\'"{table.name}"\') WHERE EXISTS (SELECT FROM "{table.name}")'
        for table in Base.metadata.sorted_tables
    )
    with engine.begin() as connection:
        filled: dict[str, int] = dict(list(connection.execute(sa.text(sizes))))
        large = [name for name, size in filled.items() if size > SMALL]
        emptying = [f"DELETE FROM {name}" for name in filled if name not in large]
        if large:
            # What refers to them goes with them.
            emptying.append(f"TRUNCATE {', '.join(large)} RESTART IDENTITY CASCADE")
        if emptying:
            connection.exec_driver_sql("; ".join(["SET LOCAL session_replication_role = replica", *emptying]))
