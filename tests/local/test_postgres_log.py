"""What the embedded PostgreSQL writes into its log."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hms_web.local.postgres import Postgres
from hms_web.local.processes import free_port, new_password

CANARY = "Canary Quillfeather"


@pytest.fixture
def cluster() -> Iterator[Postgres]:
    """A cluster of its own, in a folder that root's PostgreSQL can walk through."""
    with tempfile.TemporaryDirectory(prefix="hms-log-") as name:
        Path(name).chmod(0o755)
        postgres = Postgres(Path(name, "data"), Path(name, "log"), free_port(), new_password(), durable=False)
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.stop()


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE_URL")), reason="somebody else's server")
def test_a_refused_row_is_not_written_into_the_log(cluster: Postgres) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE, age int CHECK (age > 0))")
        insert = "INSERT INTO people VALUES (%s, %s)"
        connection.execute(insert, (CANARY, 1))
        with pytest.raises(psycopg.errors.UniqueViolation, match=CANARY):
            connection.execute(insert, (CANARY, 1))
        with pytest.raises(psycopg.errors.CheckViolation, match=CANARY):
            connection.execute(insert, (f"{CANARY} the Second", 0))
    log = cluster.log.read_text()
    assert "duplicate key value violates unique constraint" in log
    assert CANARY not in log
