"""Work of many pieces that have nothing to do with one another, done two at a time, each on a connection of its own.

One connection keeps one processor of the database busy, and none while this process prepares the next piece. Each piece
is a unit of work of its own, so who does which, and in what order, changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from hms_web.services import unit_of_work

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Hands:
    """The caller's session, and a second thread with a session of its own, which connects when there is work for it."""

    session: Session
    thread: ThreadPoolExecutor
    second: Session

    def share(self, pieces: Sequence[P], work: Callable[[Session, Sequence[P]], R]) -> list[R]:
        """Let the second thread do every other piece; return what came of each half.

        What is a single piece, or joins a unit of work, stays with the caller's session. Raises what either half
        raised, once both have ended.
        """
        if len(pieces) < 2 or unit_of_work.is_inside(self.session):  # noqa: PLR2004 a half each
            return [work(self.session, pieces)]
        other = self.thread.submit(work, self.second, pieces[1::2])
        try:
            mine = work(self.session, pieces[::2])
        finally:
            other.exception()  # waits for it
            unit_of_work.take_over(self.session, self.second)
        return [mine, other.result()]


@contextmanager
def hands(session: Session) -> Iterator[Hands]:
    """Have a second hand for as long as the context lasts."""
    engine = session.get_bind().engine
    # In this order, so that at the end the thread is waited for before its session is closed.
    with Session(engine, expire_on_commit=False) as second, ThreadPoolExecutor(1) as thread:
        yield Hands(session, thread, second)
