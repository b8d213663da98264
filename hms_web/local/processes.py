"""Starting servers so that they never outlive us, and asking about processes and ports."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG = 1
LOOPBACK = "127.0.0.1"


class LocalError(RuntimeError):
    """Something on this machine is in the way; the message is one sentence for the person who starts the product."""


def ends_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Make a `preexec_fn`: the kernel sends `number` to the child when we die, even by SIGKILL (on Linux only)."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def ask_the_kernel() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:  # we died between fork and prctl
                os._exit(1)

    return ask_the_kernel


class User(NamedTuple):
    """Who a program runs as, when we are root and it must not be."""

    uid: int
    gid: int


def start(
    command: Sequence[str | Path],
    *,
    ending: signal.Signals,
    log: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    own_group: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a process that gets `ending` when we die; its output goes to the end of `log`, or where ours goes.

    A process in a group of its own does not get the terminal's Ctrl-C: it is we who end it, in the right order.
    """
    with ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=env,
            preexec_fn=ends_with_parent(ending),  # noqa: PLW1509 it calls the kernel and nothing that locks
            process_group=0 if own_group else None,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `host` and `port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def new_password() -> str:
    """A password without characters that a URL would have to escape."""
    return secrets.token_hex(16)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.02) -> bool:
    """Ask `condition` again and again for at most `seconds`; whether it came true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return condition()


def stop(process: "subprocess.Popen[bytes]", number: signal.Signals, seconds: float) -> None:
    """Ask a process to end with `number`, and kill it when it has not within `seconds`."""
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a log on one line, for an error message."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()[-count:]
    except OSError:
        return "no log"
    return " / ".join(line.strip() for line in lines)
