"""Fixtures of the races: two pairs of servers for the whole run, one of them without row locks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Server, ServerFactory, serving
from tests.races.hall import Hall, opened
from tests.scenes import NOW
from tests.servers import Servers

CRON_KEY = "the-key-of-the-races-0123456789abcdef"
ENVIRON = {"HMS_TEST_NOW": NOW.isoformat(), "CRON_API_KEY": CRON_KEY}
WITHOUT_LOCKS = Path(__file__).with_name("without_locks.py")


@pytest.fixture(scope="session")
def factory(servers: Servers, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerFactory]:
    """Start servers that live as long as the run."""
    with serving(servers, worker_number, tmp_path_factory.mktemp("races")) as start:
        yield start


@pytest.fixture(scope="session")
def careful(factory: ServerFactory) -> Server:
    """Two server processes as they are."""
    return factory(env=ENVIRON)


@pytest.fixture(scope="session")
def careless(factory: ServerFactory) -> Server:
    """Two server processes that lock no rows."""
    return factory(env=ENVIRON | {"GUNICORN_CMD_ARGS": f"--config '{WITHOUT_LOCKS}'"})


@pytest.fixture
def hall(careful: Server) -> Iterator[Hall]:
    """A clinic behind the servers as they are; whatever happens there, everything is sound afterwards."""
    with opened(careful) as hall:
        yield hall
        hall.check()


@pytest.fixture
def guarded(careful: Server) -> Iterator[Hall]:
    """The same for tests that take away the database's guards, or expect the servers to be busy."""
    with opened(careful) as hall:
        yield hall


@pytest.fixture
def unguarded(careless: Server) -> Iterator[Hall]:
    """A clinic behind servers that lock no rows."""
    with opened(careless) as hall:
        yield hall
