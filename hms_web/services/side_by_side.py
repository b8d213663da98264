"""Work of many pieces that have nothing to do with one another, done two at a time, each on a connection of its own.

One connection keeps one processor of the database busy, and none while this process prepares the next piece. Each piece
is a unit of work of its own, so who does which, and in what order, changes nothing.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.orm import Session

from hms_web.services import unit_of_work

P = TypeVar("P")
R = TypeVar("R")


def halves(session: Session, pieces: Sequence[P], work: Callable[[Session, Sequence[P]], R]) -> list[R]:
    """Let a second thread do every other piece with a session of its own; return what came of each half.

    What is a single piece, or joins a unit of work, stays with the caller's session. Raises what either half raised,
    once both have ended.
    """
    if len(pieces) < 2 or unit_of_work.is_inside(session):  # noqa: PLR2004 a half each
        return [work(session, pieces)]

    def other() -> R:
        with Session(session.get_bind().engine, expire_on_commit=False) as own:
            return work(own, pieces[1::2])

    with ThreadPoolExecutor(1) as second:
        begun = second.submit(other)
        return [work(session, pieces[::2]), begun.result()]
