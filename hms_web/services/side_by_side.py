"""Work of many pieces that have nothing to do with one another, done two at a time, each on a connection of its own.

One connection keeps one processor of the database busy, and none while this process prepares the next piece. Each piece
is a unit of work of its own, so who does which, and in what order, changes nothing. Where there is no second connection
to be had, one does it all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import exc
from sqlalchemy.orm import Session

from hms_web.services import unit_of_work

P = TypeVar("P")
R = TypeVar("R")


log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Hands:
    """The caller's session, and a second thread with a session of its own, which connects when there is work for it.

    It `is_alone` once there was no connection for the second one, and does not ask again: that can take seconds.
    """

    session: Session
    thread: ThreadPoolExecutor
    second: Session
    is_alone: bool = False

    def share(self, pieces: Sequence[P], work: Callable[[Session, Sequence[P]], R]) -> list[R]:
        """Let the second thread do every other piece; return what came of each half.

        What is a single piece, or joins a unit of work, stays with the caller's session; so does everything where there
        is no second connection. Raises what either half raised, once both have ended.
        """
        if len(pieces) < 2 or unit_of_work.is_inside(self.session) or not self._connect():  # noqa: PLR2004 a half each
            return [work(self.session, pieces)]
        other = self.thread.submit(work, self.second, pieces[1::2])
        try:
            mine = work(self.session, pieces[::2])
        finally:
            other.exception()  # waits for it
            unit_of_work.take_over(self.session, self.second)
        return [mine, other.result()]

    def _connect(self) -> bool:
        """Connect both before either begins; return whether the second one could.

        The caller first: else the one connection that a pool still has would go to the second, and none be left.
        """
        if self.is_alone:
            return False
        self.session.connection()
        try:
            self.second.connection()
        except (exc.OperationalError, exc.TimeoutError) as error:
            self.second.rollback()
            self.is_alone = True
            log.warning("no_second_connection", error=type(error).__name__)
        return not self.is_alone


@contextmanager
def hands(session: Session) -> Iterator[Hands]:
    """Have a second hand for as long as the context lasts."""
    engine = session.get_bind().engine
    # In this order, so that at the end the thread is waited for before its session is closed.
    with Session(engine, expire_on_commit=False) as second, ThreadPoolExecutor(1) as thread:
        yield Hands(session, thread, second)
