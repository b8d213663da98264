"""Where everything runs: a PostgreSQL and a Valkey of the bench's own, the product and the baseline under gunicorn."""

import os
import resource
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import psycopg
import sqlalchemy as sa
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from psycopg import sql
from sqlalchemy.orm import Session

from bench.baseline import tables
from hms_web import clock
from hms_web.config import Settings, engine_options
from hms_web.local.processes import LOOPBACK, free_port, stop, wait_until
from hms_web.local.processes import start as start_process
from hms_web.local.servers import Servers
from hms_web.services import demo_large, passwords
from hms_web.services.demo_large import Size

ROOT = Path(__file__).resolve().parent.parent
DOCTORS, PATIENTS, DAYS_BEHIND, DAYS_AHEAD = 1_000, 50_000, 3, 30
SIZE = Size(DOCTORS, PATIENTS, DOCTORS * (demo_large.SLOTS_A_DAY * DAYS_BEHIND + 98))
BASELINE, BULK = "bench_baseline", "bench_bulk"
READY_SECONDS = 60.0
TOKEN = "of-the-bench-and-of-nothing-else-0123456789"  # noqa: S105 opens a database that is thrown away


@dataclass(frozen=True)
class House:
    """Running servers; `url` is the product's, `baseline_url` the baseline's."""

    servers: Servers
    url: str
    baseline_url: str
    folder: Path
    secret_key: str
    web_pid: int = 0

    def database(self, name: str = "hms") -> str:
        """The address of one of the databases."""
        assert self.servers.postgres is not None
        return self.servers.postgres.url(name)

    def environment(self) -> dict[str, str]:
        """What the product's processes have in their environment."""
        return {"HMS_ENV": "production", "SECRET_KEY": self.secret_key, **self.servers.environment()}

    def web_memory(self) -> list[float]:
        """How many MiB each of the product's web processes has for itself."""
        children = Path(f"/proc/{self.web_pid}/task/{self.web_pid}/children").read_text().split()
        return [memory_of(int(pid)) for pid in children]

    def connect(self, name: str = "hms") -> psycopg.Connection:
        """A connection to one of the databases."""
        return psycopg.connect(self.database(name))

    @contextmanager
    def session(self, name: str = BULK) -> Iterator[Session]:
        """A session as the product's processes have it."""
        engine = sa.create_engine(self.database(name), **engine_options())
        with Session(engine, expire_on_commit=False) as session:
            yield session
        engine.dispose()

    def let_in(self, name: str = "hms") -> None:
        """Open a browser session and a program's access, both under TOKEN, for the receptionist of a database."""
        now = clock.now()
        given = {"hash": passwords.secret_hash(TOKEN), "at": now, "until": now + timedelta(hours=12)}
        with self.connect(name) as connection:
            for table in ("login_sessions", "api_tokens"):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute(
                "INSERT INTO login_sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at) "
                "SELECT gen_random_uuid(), id, %(hash)s, %(at)s, %(at)s, %(until)s FROM users "
                "WHERE role = 'RECEPTIONIST'",
                given,
            )
            connection.execute(
                "INSERT INTO api_tokens (id, user_id, token_hash, created_at, expires_at) "
                "SELECT gen_random_uuid(), id, %(hash)s, %(at)s, %(until)s FROM users WHERE role = 'RECEPTIONIST'",
                given,
            )

    @property
    def browser(self) -> dict[str, str]:
        """The headers of a signed-in browser that htmx asks for."""
        app = Flask("bench")
        app.secret_key = self.secret_key
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        return {"Cookie": f"__Host-session={signer.dumps({'token': TOKEN})}"}

    @property
    def program(self) -> dict[str, str]:
        """The headers of a program that may ask the JSON API."""
        return {"Authorization": f"Bearer {TOKEN}"}

    def copied(self) -> None:
        """Make a copy of the product's database for what changes much, with its slots and appointments taken out."""
        assert self.servers.postgres is not None
        with psycopg.connect(self.database("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(BULK)))
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'hms'")
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE hms").format(sql.Identifier(BULK)))
        with self.connect(BULK) as connection:
            connection.execute("TRUNCATE doctor_slots")
            connection.execute("TRUNCATE appointments CASCADE")
            connection.execute("UPDATE patients SET no_show_count = 0, lifetime_no_shows = 0")


@contextmanager
def standing(folder: Path, say: Callable[[str], object]) -> Iterator[House]:
    """Start everything, with data that is there already or made now, and end it with the context."""
    settings = Settings.from_env({"HMS_ENV": "demo", "HMS_DATA_DIR": str(folder)})
    servers = Servers(settings)
    with ExitStack() as stack:
        servers.start()
        stack.callback(servers.stop)
        assert servers.postgres is not None
        house = House(servers, _address(), _address(), folder, secrets.token_hex(32))
        environment = house.environment()
        _fill(house, environment, say)
        house.copied()
        say("Starting the web processes ...")
        ours = [*_gunicorn(house.url), "-c", str(ROOT / "gunicorn.conf.py"), "hms_web.app:create_app()"]
        bare = [*_gunicorn(house.baseline_url), "-c", str(ROOT / "gunicorn.conf.py"), "bench.baseline.app:app"]
        web = stack.enter_context(running(ours, environment, folder / "log" / "web.log"))
        named = {"BENCH_DATABASE_URL": house.database(BASELINE)}
        stack.enter_context(running(bare, named, folder / "log" / "baseline.log"))
        for path in (f"{house.url}/readyz", f"{house.baseline_url}/hello"):
            if not wait_until(partial(_answers, path), READY_SECONDS, step=0.2):
                message = f"{path} does not answer; see {folder / 'log'}"
                raise SystemExit(message)
        yield replace(house, web_pid=web.pid)


def _address() -> str:
    return f"http://{LOOPBACK}:{free_port()}"


def _gunicorn(url: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "--bind", url.removeprefix("http://")]


@contextmanager
def running(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Let a program run for as long as the context lasts."""
    process = start_process(command, ending=signal.SIGTERM, log=log, cwd=ROOT, env={**os.environ, **environment})
    try:
        yield process
    finally:
        stop(process, signal.SIGTERM, 15)


def memory_of(pid: int) -> float:
    """How many MiB a process has in memory."""
    resident = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(resident) * resource.getpagesize() / (1 << 20)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 our own servers
            return bool(answer.status < 400)
    except OSError:
        return False


def _fill(house: House, environment: Mapping[str, str], say: Callable[[str], object]) -> None:
    """Fill both databases, unless that was done today: what lies ahead has to lie ahead."""
    mark = house.folder / "filled"
    today = clock.now().date().isoformat()
    if mark.exists() and mark.read_text() == today:
        upgrade(environment)
        return
    say(f"Making {DOCTORS:,} doctors with their slots and {PATIENTS:,} patients, for both sides ...")
    assert house.servers.postgres is not None
    with psycopg.connect(house.database("postgres"), autocommit=True) as connection:
        for name in ("hms", BASELINE):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade(environment)
    with house.session("hms") as session:
        demo_large.seed(session, SIZE, now=clock.now())
    with house.connect() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM patients ORDER BY mrn")]
        settle(connection)
    with house.connect(BASELINE) as connection:
        tables.fill(connection, DOCTORS, names, DAYS_AHEAD)
    mark.write_text(today)


def upgrade(environment: Mapping[str, str]) -> None:
    """Give the database that an environment names its tables as they are now."""
    command = [sys.executable, "-c", "from hms_web.cli import main; main()", "db", "upgrade"]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def settle(connection: psycopg.Connection) -> None:
    """Let nothing that was written before disturb what is measured next."""
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")
