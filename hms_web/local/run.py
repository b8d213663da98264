"""`hms run`: the whole product in one terminal, from its servers to the web, until Ctrl-C."""

import http.client
import os
import shlex
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import click
from honcho.manager import Manager

from hms_web.config import Settings
from hms_web.local.keep import command_line
from hms_web.local.processes import LocalError, is_free, wait_until
from hms_web.local.servers import Servers

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60.0
WATCH_SECONDS = 2.0
DEMO_PASSWORD = "demo-password"  # noqa: S105 public, and only in the demo
DEMO_LOGINS = ("admin@demo.test", "reception@demo.test", "nurse@demo.test", "doctor@demo.test")


def run(settings: Settings, prepare: Callable[[Mapping[str, str]], None]) -> int:
    """Run everything until somebody ends it; `prepare` brings the database up to date. Raises `LocalError`."""
    if not is_free(settings.port, settings.host):
        message = f"Port {settings.port} on {settings.host} is in use: end what listens there, or set another HMS_PORT."
        raise LocalError(message)
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGHUP, _exit)
    servers = Servers(settings)
    over = threading.Event()
    try:
        click.echo("Starting the database and Redis ...")
        servers.start()
        environment = {**servers.environment(), "HMS_HOST": settings.host, "HMS_PORT": str(settings.port)}
        click.echo("Bringing the data up to date ...")
        prepare(environment)
        manager = _manager(environment)
        threading.Thread(target=_look_after, args=(settings, servers, over), daemon=True).start()
        manager.loop()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        over.set()
        servers.stop()
    # Ended by Ctrl-C or SIGTERM is how it is meant to end; anything else is a process that fell over.
    return 0 if manager.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM} else 1


def commands() -> dict[str, tuple[list[str], bool]]:
    """What runs beside the servers: name → command, and whether it is started again when it ends by itself."""
    worker = str(ROOT / "worker.py")
    return {
        "web": (
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "hms_web.app:create_app()"],
            False,
        ),
        "worker": ([sys.executable, worker, "work"], True),
        "scheduler": ([sys.executable, worker, "schedule"], True),
    }


def _manager(environment: Mapping[str, str]) -> Manager:
    manager = Manager()
    for name, (command, again) in commands().items():
        line = "exec " + shlex.join(command_line(os.getpid(), command, again=again))
        manager.add_process(name, line, env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"}, cwd=str(ROOT))
    return manager


def _look_after(settings: Settings, servers: Servers, over: threading.Event) -> None:
    """Say when the product is ready, then start the database or Redis again should one of them die."""
    if wait_until(lambda: over.is_set() or _is_ready(settings), READY_SECONDS, step=0.2):
        if not over.is_set():
            click.echo(_welcome(settings))
    else:
        log = settings.data_dir / "log"
        click.echo(f"Not ready after {READY_SECONDS:.0f} seconds; what happened stands above and in {log}.")
    while not over.wait(WATCH_SECONDS):
        try:
            for name in servers.restart_dead():
                click.echo(f"{name} had ended by itself and was started again.")
        except LocalError as error:
            click.echo(str(error))


def _is_ready(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 compared, not bound # nosec
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/readyz", timeout=2):  # nosec B310
            return True
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


def _welcome(settings: Settings) -> str:
    lines = ["", f"  Ready: http://{settings.host}:{settings.port}"]
    if settings.is_demo:
        lines += [f"  Sign in as {', '.join(DEMO_LOGINS)}", f"  with the password {DEMO_PASSWORD}"]
    return "\n".join([*lines, f"  Data: {settings.data_dir}", "  Ctrl-C ends it.", ""])


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 what a signal handler gets
    raise SystemExit(128 + number)
