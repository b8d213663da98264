"""A small TCP proxy between two parts of the product: it delays, cuts and half-gives what is answered, as it is told.

It stands before PostgreSQL, Redis or a server; who connects through it sees what a bad network shows. What a fault does
is decided for each piece of an answer by a function, so that a test says exactly when, or lets chance with a seed.
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from hms_web.local.processes import LOOPBACK

_PIECE = 65_536
_AT_ONCE = struct.pack("ii", 1, 0)  # closing so resets the connection, as a machine that dies does
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Fate:
    """What becomes of a piece of an answer: it comes after `delay` seconds; `keep` bytes of it, and then a cut."""

    delay: float = 0.0
    keep: int | None = None


GOES_ON = Fate()
Fault = Callable[[bytes], Fate]


def calm(_piece: bytes) -> Fate:
    """Give everything on as it comes."""
    return GOES_ON


def silence(_piece: bytes) -> Fate:
    """Cut before anything is given."""
    return Fate(keep=0)


def half(piece: bytes) -> Fate:
    """Give the first half and cut."""
    return Fate(keep=len(piece) // 2)


def storm(random: Random, *, cut: float, late: float, longest: float) -> Fault:
    """Let chance decide: a share of the pieces is cut somewhere, a share comes late."""

    def fault(piece: bytes) -> Fate:
        luck = random.random()
        if luck < cut:
            return Fate(keep=random.randrange(len(piece)))
        return Fate(delay=random.uniform(0, longest)) if luck < cut + late else GOES_ON

    return fault


class FaultProxy:
    """Listens on a port of its own, and connects whoever comes with `target` ("host:port"), while it is entered."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.fault: Fault = calm
        self.is_refusing = False
        self.inflicted: Counter[str] = Counter()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{LOOPBACK}:{self._listener.getsockname()[1]}"

    def url(self, through: str) -> str:
        """The same address of a database, a Redis or a server, by way of this proxy."""
        parts = urlsplit(through)
        user, at, _host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}{at}{self.address}"))

    def cut(self) -> None:
        """Cut every connection that there is."""
        with self._lock:
            for one in self._open:
                _reset(one)
            self._open.clear()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            if self.is_refusing:
                self.inflicted["refused"] += 1
                _reset(caller)
                continue
            threading.Thread(target=self._connect, args=(caller,), daemon=True).start()

    def _connect(self, caller: socket.socket) -> None:
        try:
            called = socket.create_connection(self.target, CONNECT_SECONDS)
        except OSError:
            _reset(caller)
            return
        called.settimeout(None)
        with self._lock:
            self._open |= {caller, called}
        threading.Thread(target=self._give, args=(caller, called), daemon=True).start()
        self._answer(called, caller)

    def _give(self, caller: socket.socket, called: socket.socket) -> None:
        """Give on what is asked."""
        with suppress(OSError):
            while piece := caller.recv(_PIECE):
                called.sendall(piece)
        self._end(caller, called)

    def _answer(self, called: socket.socket, caller: socket.socket) -> None:
        """Give on what is answered, with what becomes of it."""
        with suppress(OSError):
            while piece := called.recv(_PIECE):
                fate = self.fault(piece)
                if fate.delay:
                    self.inflicted["late"] += 1
                    self._ended.wait(fate.delay)
                if fate.keep is not None:
                    self.inflicted["cut"] += 1
                    caller.sendall(piece[: fate.keep])
                    caller.shutdown(socket.SHUT_WR)
                    break
                caller.sendall(piece)
        self._end(caller, called)

    def _end(self, *ended: socket.socket) -> None:
        with self._lock:
            for one in ended:
                self._open.discard(one)
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()


@contextmanager
def between() -> Iterator[tuple[list[FaultProxy], Callable[[str], str]]]:
    """Give a function that leads an address through a proxy, one for each target, and the list of these proxies."""
    proxies: dict[str, FaultProxy] = {}
    listed: list[FaultProxy] = []
    with ExitStack() as stack:

        def through(url: str) -> str:
            target = urlsplit(url).netloc.rpartition("@")[2]
            if target not in proxies:
                proxies[target] = stack.enter_context(FaultProxy(target))
                listed.append(proxies[target])
            return proxies[target].url(url)

        yield listed, through


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
