"""The servers of a test run: one PostgreSQL and one Valkey for all workers, and databases cloned from one template.

The controlling process starts them, so that they live as long as the run and end with it; pytest-xdist's workers find
them in the environment. TEST_DATABASE_URL and TEST_REDIS_URL name other servers (the database user needs CREATEDB).
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from hms_web.local.postgres import Postgres
from hms_web.local.processes import free_port, new_password
from hms_web.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
POSTGRES, REDIS, RUN = "HMS_TEST_POSTGRES", "HMS_TEST_REDIS", "HMS_TEST_RUN"
TEMPLATE_LOCK = 7_263_002


@dataclass(frozen=True)
class Servers:
    """Where the run's servers are; `run` begins the name of each of its databases."""

    postgres: str
    redis: str
    run: str

    def database(self, name: str) -> str:
        """The address of one database."""
        return urlunsplit(urlsplit(self.postgres)._replace(path=f"/{name}"))

    def redis_database(self, number: int) -> str:
        """The address of one of Redis's numbered databases."""
        return urlunsplit(urlsplit(self.redis)._replace(path=f"/{number}"))

    def clone(self, name: str) -> str:
        """Make a migrated, empty database and give its address."""
        template = self._template()
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.database(name)

    def prepare(self) -> None:
        """Make what databases are cloned from, before somebody waits for it; who then does says what is wrong."""
        with suppress(RuntimeError, psycopg.Error):
            self._template()

    def drop(self, name: str) -> None:
        """Remove a database, cutting whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def drop_all(self) -> None:
        """Remove every database of this run."""
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (self.run,)
            ).fetchall()
        for (name,) in names:
            self.drop(name)

    def _template(self) -> str:
        """The name of the migrated database; the first who asks makes it, the others wait."""
        name = f"{self.run}_template"
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (TEMPLATE_LOCK,))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                making = f"{name}_making"
                self.drop(making)
                self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
                self._migrate(making)
                self._run(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name))
                )
        return name

    def _migrate(self, name: str) -> None:
        environ = os.environ | {"DATABASE_URL": self.database(name), "REDIS_URL": self.redis, "HMS_ENV": "testing"}
        command = [sys.executable, "-c", "from hms_web.cli import main; main()", "db", "upgrade"]
        done = subprocess.run(command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True)
        if done.returncode != 0:
            message = f"The migrations failed:\n{done.stdout}{done.stderr}"
            raise RuntimeError(message)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(statement)


def known() -> Servers | None:
    """The servers that were started for this run, if they were."""
    if POSTGRES not in os.environ:
        return None
    return Servers(os.environ[POSTGRES], os.environ[REDIS], os.environ[RUN])


@contextmanager
def started() -> Iterator[Servers]:
    """Start the servers, name them in the environment, and end them."""
    folder = Path(tempfile.mkdtemp(prefix="hms-test-"))
    folder.chmod(0o755)  # root's PostgreSQL runs as somebody else, who has to walk through
    postgres = Postgres(
        folder / "postgres", folder / "postgres.log", free_port(), new_password(), durable=False, max_connections=300
    )
    valkey = Valkey(folder / "valkey", folder / "valkey.log", free_port(), new_password(), durable=False)
    external_postgres, external_redis = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    try:
        if not external_postgres:
            postgres.start()
        if not external_redis:
            valkey.start()
        servers = Servers(
            external_postgres or postgres.url(), external_redis or valkey.url(), f"hms_test_{secrets.token_hex(4)}"
        )
        os.environ.update({POSTGRES: servers.postgres, REDIS: servers.redis, RUN: servers.run})
        yield servers
        if external_postgres:
            servers.drop_all()
    finally:
        for name in (POSTGRES, REDIS, RUN):
            os.environ.pop(name, None)
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
