"""Keeps one process of the product: `python -m hms_web.local.keep OWNER [--again] -- COMMAND ...`.

It ends the command when it is asked to end or when the process OWNER (`hms run`) is gone, and with `--again` starts the
command again when that ends by itself: the scheduler gives up after eight seconds without Redis, and Redis may come
back.
"""

import signal
import sys
import threading
import time
from types import FrameType

from hms_web.local.processes import is_alive, start, stop

LOOK_SECONDS = 0.2
STOP_SECONDS = 4.0  # honcho kills the whole group after five
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
LIVED_LONG_ENOUGH = 30.0


class Keeper:
    """One command, kept for as long as its owner lives."""

    def __init__(self, owner: int, command: list[str], *, again: bool) -> None:
        self._owner = owner
        self._command = command
        self._again = again
        self._ending = threading.Event()

    def run(self) -> int:
        """Keep the command; its last exit code."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = self._run_once()
            if self._is_over() or not self._again:
                return code
            pause = FIRST_PAUSE if time.monotonic() - began > LIVED_LONG_ENOUGH else min(pause * 2, LONGEST_PAUSE)
            print(f"ended with code {code}; starting it again", flush=True)  # noqa: T201 honcho shows it
            self._sleep(pause)
            if self._is_over():
                return code

    def _run_once(self) -> int:
        # In a group of its own: honcho signals the keeper's whole group, and RQ takes a second SIGTERM for impatience.
        process = start(self._command, ending=signal.SIGTERM, own_group=True)
        while process.poll() is None and not self._is_over():
            time.sleep(LOOK_SECONDS)
        stop(process, signal.SIGTERM, STOP_SECONDS)
        return process.returncode

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._is_over():
            self._ending.wait(LOOK_SECONDS)

    def _is_over(self) -> bool:
        if not is_alive(self._owner):
            self._ending.set()
        return self._ending.is_set()

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 what a signal handler gets
        self._ending.set()


def command_line(owner: int, command: list[str], *, again: bool) -> list[str]:
    """The command line that keeps `command` for the process `owner`."""
    return [sys.executable, "-m", "hms_web.local.keep", str(owner), *(["--again"] if again else []), "--", *command]


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    separator = arguments.index("--")
    owner, *options = arguments[:separator]
    return Keeper(int(owner), arguments[separator + 1 :], again="--again" in options).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
