"""The fixture `server`: real gunicorn processes over a database of their own, for what only shows between processes."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest

from hms_web.local.processes import LOOPBACK, free_port, last_lines, stop, wait_until
from hms_web.local.processes import start as start_process
from tests.servers import ROOT, Servers

READY_SECONDS = 120.0
STOP_SECONDS = 10.0


@dataclass
class Server:
    """Running processes of the product over one database and one Redis."""

    urls: list[str]
    database_url: str
    redis_url: str
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the first process."""
        return self.urls[0]


ServerFactory = Callable[..., Server]


@pytest.fixture
def server(servers: Servers, worker_number: int, tmp_path: Path) -> Iterator[ServerFactory]:
    """Start servers: `server(processes=2, threads=8, env={...})`; they and their database end with the test."""
    with serving(servers, worker_number, tmp_path) as start:
        yield start


@contextmanager
def serving(servers: Servers, worker_number: int, folder: Path) -> Iterator[ServerFactory]:
    """Give a function that starts servers; they and their databases end with the context."""
    everything: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:

        def start(
            processes: int = 2,
            threads: int = 8,
            env: Mapping[str, str] | None = None,
            through: Callable[[str], str] = str,
        ) -> Server:
            name = f"{servers.run}_{worker_number}_{secrets.token_hex(3)}"
            database_url = servers.clone(name)
            stack.callback(servers.drop, name)
            # The upper half of Redis's databases is for servers, the lower for the workers' own tests.
            redis_url = servers.redis_database(
                32 + worker_number if "TEST_REDIS_URL" not in os.environ else worker_number
            )
            running = Server([], database_url, redis_url, folder / f"{name}.log")
            # `through` puts something between the servers and theirs; whoever tests goes straight.
            theirs = {"DATABASE_URL": through(database_url), "REDIS_URL": through(redis_url)}
            environ = {"HMS_ENV": "testing", **theirs, **(env or {})}
            for _ in range(processes):
                port = free_port()
                process = _gunicorn(port, threads, os.environ | environ, running.log)
                stack.callback(stop, process, signal.SIGTERM, STOP_SECONDS)
                running.processes.append(process)
                everything.append(process)
                running.urls.append(f"http://{LOOPBACK}:{port}")
            for url, process in zip(running.urls, running.processes, strict=True):
                if not wait_until(partial(_is_ready, url), READY_SECONDS) or process.poll() is not None:
                    pytest.fail(f"A server did not start: {last_lines(running.log, 30)}")
            return running

        try:
            yield start
        finally:
            _end_together(everything)


def _gunicorn(port: int, threads: int, environ: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    command = [
        *(sys.executable, "-m", "gunicorn", "hms_web.app:create_app()"),
        *("--bind", f"{LOOPBACK}:{port}", "--worker-class", "gthread", "--workers", "1", "--threads", str(threads)),
        *("--log-level", "warning", "--graceful-timeout", "3"),
    ]
    return start_process(command, ending=signal.SIGTERM, log=log, cwd=ROOT, env=environ)


def _end_together(processes: Iterable["subprocess.Popen[bytes]"]) -> None:
    """Ask all of them to end before one is waited for."""
    for process in processes:
        process.send_signal(signal.SIGTERM)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
