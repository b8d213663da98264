"""The embedded servers of one data folder: started once, found again by the next command, their data kept.

HMS_DATA_DIR holds postgres/ and valkey/ (the data), log/, servers.json (ports and passwords, readable for the owner
only), and lock, which the process that runs the servers holds as long as it lives.
"""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO

from hms_web.config import Settings
from hms_web.local.postgres import Postgres
from hms_web.local.processes import LocalError, free_port, is_free, new_password, wait_until
from hms_web.local.valkey import Valkey

NEEDED_BYTES = 300 * 1024 * 1024
OTHERS_SECONDS = 60.0


class Servers:
    """The PostgreSQL and the Valkey of one data folder; which of them are ours follows from the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir
        self._lock: IO[str] | None = None
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None

    def start(self) -> None:
        """Start what the settings do not name; raises `LocalError` when the folder is in use or there is no room."""
        if self._settings.database_url and self._settings.redis_url:
            return
        self._prepare_folder()
        if not self._take_lock():
            message = (
                f"The product already runs with HMS_DATA_DIR {self._folder}: end it first, or choose another folder."
            )
            raise LocalError(message)
        self._describe()
        if self.postgres is not None:
            self.postgres.start()
        if self.valkey is not None:
            self.valkey.start()

    def join(self) -> None:
        """Use the servers that another process runs, or start them for as long as we live."""
        self._prepare_folder()
        if self._take_lock():
            self._release_lock()
            self.start()
            return
        if not wait_until((self._folder / "servers.json").exists, OTHERS_SECONDS, step=0.2):
            message = f"Another process holds HMS_DATA_DIR {self._folder}, but started no servers."
            raise LocalError(message)
        self._describe(keep_ports=True)
        for server in (self.postgres, self.valkey):
            if server is not None and not wait_until(server.answers, OTHERS_SECONDS, step=0.2):
                message = f"Another process holds HMS_DATA_DIR {self._folder}, but its servers do not answer."
                raise LocalError(message)

    def stop(self) -> None:
        """End what we started."""
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        self._release_lock()

    def restart_dead(self) -> list[str]:
        """Start again what has died since, on the same port; the names of what was started."""
        dead = [server for server in (self.postgres, self.valkey) if server is not None and not server.is_running()]
        for server in dead:
            server.start()
        return [type(server).__name__ for server in dead]

    def environment(self) -> dict[str, str]:
        """The settings that name the servers, for other processes."""
        database_url = self.postgres.url() if self.postgres else self._settings.database_url
        redis_url = self.valkey.url() if self.valkey else self._settings.redis_url
        return {"DATABASE_URL": database_url or "", "REDIS_URL": redis_url or "", "HMS_DATA_DIR": str(self._folder)}

    def _prepare_folder(self) -> None:
        try:
            (self._folder / "log").mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            message = f"HMS_DATA_DIR {self._folder} cannot be used: {error.strerror}."
            raise LocalError(message) from error
        if free < NEEDED_BYTES:
            message = (
                f"HMS_DATA_DIR {self._folder} is on a disk with {free // 1024**2} MB left; "
                f"{NEEDED_BYTES // 1024**2} MB are needed: make room, or choose another folder."
            )
            raise LocalError(message)

    def _take_lock(self) -> bool:
        try:
            lock = (self._folder / "lock").open("a")
        except OSError as error:
            message = f"HMS_DATA_DIR {self._folder} cannot be used: {error.strerror}."
            raise LocalError(message) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _describe(self, *, keep_ports: bool = False) -> None:
        """Say which servers are ours and where they listen: where they did, unless somebody else is there now."""
        path = self._folder / "servers.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        for name in ("postgres", "valkey"):
            place = known.setdefault(name, {"port": free_port(), "password": new_password()})
            if not keep_ports and not is_free(place["port"]):
                place["port"] = free_port()
        if not keep_ports:
            _write_private(path, json.dumps(known, indent=2) + "\n")
        log = self._folder / "log"
        if not self._settings.database_url:
            self.postgres = Postgres(self._folder / "postgres", log / "postgres.log", **known["postgres"])
        if not self._settings.redis_url:
            self.valkey = Valkey(self._folder / "valkey", log / "valkey.log", **known["valkey"])


def _write_private(path: Path, text: str) -> None:
    """Replace the file as a whole, readable for its owner only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
