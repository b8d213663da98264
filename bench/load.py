"""Load: so many clients, each of which sends the next request as soon as it has its answer.

wrk does that where it is installed, since it costs the machine next to nothing; else threads of our own do.
"""

import http.client
import itertools
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    path: str
    method: str = "GET"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a load: answers a second, how many failed, and the milliseconds that answers took."""

    rate: float
    failed: int
    p50: float
    p95: float
    p99: float


def generator() -> str:
    """Which of the two makes the load."""
    return "wrk" if shutil.which("wrk") else "Python threads (wrk is not installed)"


def run(
    url: str,
    asks: Sequence[Ask],
    headers: Mapping[str, str],
    *,
    clients: int,
    seconds: float,
    content: str = FORM,
) -> Measured:
    """Send requests in turn for a while. Those that write must be more than can be answered."""
    if shutil.which("wrk"):
        return _by_wrk(url, asks, headers, clients, seconds, content)
    return _by_threads(url, asks, headers, clients, seconds, content)


def _by_wrk(
    url: str, asks: Sequence[Ask], headers: Mapping[str, str], clients: int, seconds: float, content: str
) -> Measured:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{ask.method}\t{ask.path}\t{ask.body}\n" for ask in asks)
        file.flush()
        named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = [
            "wrk",
            "-t1",
            "--timeout",
            "30s",
            f"-c{clients}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(_SCRIPT),
            *named,
        ]
        done = subprocess.run([*command, url, "--", file.name, content], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Measured(told["answered"] / told["seconds"], told["failed"], told["p50"], told["p95"], told["p99"])


def _by_threads(
    url: str, asks: Sequence[Ask], headers: Mapping[str, str], clients: int, seconds: float, content: str
) -> Measured:
    following = itertools.cycle(asks)
    lock, took, failed = threading.Lock(), list[float](), list[float]()
    until = time.monotonic() + seconds

    def following_ask() -> Ask:
        with lock:
            return next(following)

    def client() -> None:
        own = Connection(url)
        while time.monotonic() < until:
            ask = following_ask()
            began = time.perf_counter()
            status, _ = own.ask(ask, dict(headers) | ({"Content-Type": content} if ask.body else {}))
            (took if status < http.client.BAD_REQUEST else failed).append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Measured(len(took) / (time.perf_counter() - began), len(failed), *percentiles(took))


class Connection:
    """A connection that is kept, and opened again when the server has closed it."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url).netloc
        self._open = http.client.HTTPConnection(self._place, timeout=30)

    def ask(self, ask: Ask, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send one request; return its status and its body."""
        status, _, body = self.answer(ask, headers)
        return status, body

    def answer(self, ask: Ask, headers: Mapping[str, str]) -> tuple[int, Message, bytes]:
        """The same, with the answer's headers."""
        for attempt in (1, 2):
            try:
                self._open.request(ask.method, ask.path, ask.body or None, dict(headers))
                answer = self._open.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self._open.close()
                if attempt == 2:
                    raise
        raise AssertionError


def percentiles(took: Sequence[float]) -> tuple[float, float, float]:
    """The median, the 95th and the 99th of a hundred; 0 for nothing."""
    if len(took) < 2:
        return (took[0], took[0], took[0]) if took else (0.0, 0.0, 0.0)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]
