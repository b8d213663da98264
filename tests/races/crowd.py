"""Many clients at once: each has its connection open and waits at a barrier, then all of them send."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

WAIT_SECONDS = 30.0
API = "/api/v1"
CREATED, CONFLICT, SERVER_ERROR = 201, 409, 500


@dataclass(frozen=True)
class Ask:
    """A request; `body` is sent as JSON, `form` as a form; `who` is the number of the person who sends it."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    who: int = 0
    content: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def body(self) -> dict[str, Any]:
        """The JSON."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def outcome(self) -> str:
        """The code of a refusal, or else the status: 201, SLOT_TAKEN."""
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return str(self.body["code"]) if is_problem else str(self.status)


class Crowd:
    """Clients of the servers at `urls`, in turn; `tokens` are the people's bearer tokens."""

    def __init__(self, urls: Sequence[str], tokens: Sequence[str]) -> None:
        self.addresses = [urlsplit(url).netloc for url in urls]
        self.tokens = tokens
        self.errors = 0

    def at_once(self, asks: Sequence[Ask]) -> list[Answer]:
        """Send all of them at the same moment and return the answers in the same order."""
        barrier = Barrier(len(asks))
        with ThreadPoolExecutor(len(asks)) as pool:
            sent = [pool.submit(self._send, ask, number, barrier) for number, ask in enumerate(asks)]
            answers = [future.result(2 * WAIT_SECONDS) for future in sent]
        self.errors += sum(answer.status >= SERVER_ERROR for answer in answers)
        return answers

    def ask(self, ask: Ask) -> Answer:
        """Send one."""
        return self.at_once([ask])[0]

    def one_then(self, first: Ask, until: Callable[[], None], then: Ask) -> tuple[Answer, Answer]:
        """Send one, and another to the next server when `until` returns while the first is still under way."""
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(self.ask, first)
            until()
            second = self.one(then, 1)
            self.errors += second.status >= SERVER_ERROR
            return sent.result(2 * WAIT_SECONDS), second

    def one(self, ask: Ask, number: int = 0) -> Answer:
        """Send one at once; raises OSError or HTTPException when the connection is lost."""
        return self._send(ask, number, Barrier(1))

    def _send(self, ask: Ask, number: int, barrier: Barrier) -> Answer:
        connection = HTTPConnection(self.addresses[number % len(self.addresses)], timeout=WAIT_SECONDS)
        headers = {"Authorization": f"Bearer {self.tokens[ask.who % len(self.tokens)]}"} if self.tokens else {}
        content = ask.content
        if ask.body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(ask.body).encode()
        with closing(connection):
            connection.connect()
            barrier.wait(WAIT_SECONDS)
            began = time.perf_counter()
            connection.request(ask.method, ask.path, content, {**headers, **ask.headers})
            response = connection.getresponse()
            text = response.read().decode()
            seconds = time.perf_counter() - began
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text, seconds)


def outcomes(answers: Iterable[Answer]) -> Counter[str]:
    """Count the answers by what they say."""
    return Counter(answer.outcome for answer in answers)
