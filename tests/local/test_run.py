"""`hms run` as a person meets it: it starts, it ends, it leaves nothing behind, and it says what is in its way."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flask import Flask
from redis import Redis

from hms_web.local.processes import LOOPBACK, free_port, last_lines, stop, wait_until
from hms_web.local.processes import start as start_process
from tests.servers import ROOT

HMS = [sys.executable, "-c", "from hms_web.cli import main; main()"]
READY_SECONDS = 60.0
GONE_SECONDS = 20.0


@dataclass
class Running:
    """A started `hms run`."""

    process: "subprocess.Popen[bytes]"
    url: str
    folder: Path
    log: Path

    def processes(self) -> list[int]:
        """Every process that has this run's folder in its command line or its environment, or stands in it."""
        return [pid for pid in _pids() if pid != os.getpid() and str(self.folder).encode() in _belongings(pid)]

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> None:
        """Fail with its log when it does not come up."""
        ready = wait_until(lambda: self.is_ready() or self.process.poll() is not None, READY_SECONDS, step=0.1)
        assert ready, last_lines(self.log, 40)
        assert self.process.poll() is None, last_lines(self.log, 40)

    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        return not self.processes()


Run = Callable[..., Running]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a space in its name."""
    path = tmp_path / "data folder"
    path.mkdir()
    return path


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """Start `hms run`; whatever is left of it ends with the test."""
    started: list[Running] = []

    def start(**named: str) -> Running:
        port = free_port()
        log = folder.parent / "run.log"
        environ = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        environ |= {"HMS_ENV": "testing", "HMS_DATA_DIR": str(folder), "HMS_PORT": str(port)} | named
        command = [*HMS, "run"]
        process = start_process(command, ending=signal.SIGTERM, log=log, cwd=ROOT, env=environ, own_group=True)
        running = Running(process, f"http://{LOOPBACK}:{port}", folder, log)
        started.append(running)
        running.wait_until_ready()
        return running

    yield start
    for running in started:
        stop(running.process, signal.SIGTERM, GONE_SECONDS)


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_and_leaves_nothing_behind(run: Run, number: signal.Signals) -> None:
    running = run()
    assert len(running.processes()) >= 8  # itself, two servers, three keepers, web, worker, scheduler
    running.process.send_signal(number)
    assert running.process.wait(GONE_SECONDS) == 0
    assert wait_until(running.is_gone, GONE_SECONDS), running.processes()


@pytest.mark.fault
def test_killed_it_leaves_nothing_behind_either_and_starts_again_with_its_data(run: Run, folder: Path) -> None:
    first = run()
    ports = json.loads((folder / "servers.json").read_text())
    assert _opened(folder).returncode == 0
    first.process.kill()
    first.process.wait()
    assert wait_until(first.is_gone, GONE_SECONDS), first.processes()
    run()
    assert json.loads((folder / "servers.json").read_text()) == ports
    assert "already a user with this e-mail address" in _opened(folder).stderr, "the hospital is there"


def _opened(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Open a hospital in the database of a folder."""
    environ = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environ |= {"HMS_ENV": "testing", "HMS_DATA_DIR": str(folder)}
    named = ["--name", "City", "--timezone", "Asia/Kolkata", "--admin-email", "admin@city.test"]
    command = [*HMS, "hospital", "create", *named, "--admin-password", "four words of mine"]
    return subprocess.run(command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.fault
def test_servers_that_are_named_are_used_and_none_is_started(
    run: Run, folder: Path, app: Flask, database_url: str, redis_url: str, redis: Redis
) -> None:
    assert app.testing, "its fixture empties both again"
    running = run(DATABASE_URL=database_url, REDIS_URL=redis_url)
    names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in running.processes()}
    assert names & {"postgres", "valkey-server"} == set()
    assert not (folder / "postgres").exists()
    assert wait_until(lambda: bool(redis.keys("rq:*")), READY_SECONDS), "its worker and scheduler are there"


@pytest.mark.fault
@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_server_that_dies_is_started_again(run: Run, name: str) -> None:
    running = run()
    victims = [pid for pid in running.processes() if Path(f"/proc/{pid}/comm").read_text().strip() == name]
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not running.is_ready(), GONE_SECONDS)
    assert wait_until(running.is_ready, READY_SECONDS)


@pytest.mark.fault
def test_a_second_start_in_the_same_folder_is_refused(run: Run, folder: Path) -> None:
    run()
    assert _refusal(folder, free_port()).startswith(f"The product already runs with HMS_DATA_DIR {folder}: end it")


def test_a_port_in_use_is_named(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert _refusal(folder, port) == (
            f"Port {port} on {LOOPBACK} is in use: end what listens there, or set another HMS_PORT."
        )


def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "file").touch()
    assert _refusal(folder / "file", free_port()).startswith("HMS_DATA_DIR ")


def test_a_missing_secret_is_named(folder: Path) -> None:
    assert _refusal(folder, free_port(), HMS_ENV="production").startswith("SECRET_KEY is not set")


def _refusal(folder: Path, port: int, **environ: str) -> str:
    """The one sentence with which `hms run` refuses."""
    settings = {"HMS_ENV": "testing", "HMS_DATA_DIR": str(folder), "HMS_PORT": str(port), **environ}
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    done = subprocess.run(
        [*HMS, "run"], check=False, cwd=ROOT, env={**kept, **settings}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.strip().removeprefix("Error: ")


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _belongings(pid: int) -> bytes:
    """A process's command line, environment and folder; nothing of one that is gone or a zombie."""
    process = Path(f"/proc/{pid}")
    try:
        words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        return words + str((process / "cwd").readlink()).encode()
    except OSError:
        return b""
