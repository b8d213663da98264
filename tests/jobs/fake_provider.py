"""A provider of text messages on this machine, which answers as a test says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Provider:
    """Takes JSON by HTTP. Of each key it delivers one message; without keys, every one that it accepts.

    `answers` are the statuses of the next requests; 0 means to accept the message and then say nothing. `wait` is what
    it asks for with a refusal.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    wait: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[dict[str, Any]] = field(default_factory=list)
    request_ids: set[str | None] = field(default_factory=set)
    heeds_keys: bool = True
    _known: set[str] = field(default_factory=set)
    _over: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """Its address, as an admin writes it."""
        return f"json://127.0.0.1:{self.port}/send?:to={{to}}"

    def take(self, key: str | None, body: dict[str, Any]) -> int:
        """Take a request and say which status it gets."""
        self.requests.append(body | {"key": key})
        status = self.answers.pop(0) if self.answers else 200
        if status in {0, 200} and not (self.heeds_keys and key in self._known):
            self.delivered.append(body)
            self._known.add(key or "")
        if status == 0:
            self._over.wait(10)
        return status or 504

    @property
    def keys(self) -> set[str]:
        """The keys that it was given."""
        return {request["key"] for request in self.requests}


@contextmanager
def provided() -> Iterator[Provider]:
    """A running provider that accepts everything until it is told otherwise."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Taking", (Handler,), {"provider": provider}))
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)  # how often it looks whether it is to end
    thread.start()
    yield provider
    provider._over.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_POST(self) -> None:
        """Answer as the provider says."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.provider.request_ids.add(self.headers.get("X-Request-ID"))
        status = self.provider.take(self.headers.get("Idempotency-Key"), body)
        with suppress(ConnectionError):  # whoever asked has given up meanwhile
            self.send_response(status)
            if self.provider.wait and status >= 400:
                self.send_header("Retry-After", self.provider.wait)
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{self.provider.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_given: object) -> None:
        """Say nothing."""
