"""Two halves of the same work at once, each on a connection of its own."""

import threading
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.services import side_by_side, unit_of_work

PATIENCE = 10.0


def backend(session: Session) -> int:
    return int(session.scalar(sa.text("SELECT pg_backend_pid()")) or 0)


def test_both_halves_run_at_once_and_on_two_connections(session: Session) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def work(own: Session, pieces: Sequence[int]) -> tuple[int, Sequence[int]]:
        connection = backend(own)
        both.wait()  # nobody gets by alone, nor before the other has a connection
        return connection, pieces

    with side_by_side.hands(session) as hands:
        for _ in range(2):
            (one, odd), (other, even) = hands.share([1, 2, 3, 4, 5], work)
            assert (list(odd), list(even)) == ([1, 3, 5], [2, 4])
            assert one == backend(session) != other == backend(hands.second), "and keep their connections"


@pytest.mark.parametrize("pieces", [[], [1]])
def test_what_cannot_be_halved_stays_with_the_caller(session: Session, pieces: list[int]) -> None:
    with side_by_side.hands(session) as hands:
        assert hands.share(pieces, lambda own, some: (own, list(some))) == [(session, pieces)]


def test_what_joins_a_unit_of_work_stays_in_it(session: Session) -> None:
    def inside() -> list[tuple[Session, list[int]]]:
        with side_by_side.hands(session) as hands:
            return hands.share([1, 2], lambda own, some: (own, list(some)))

    assert unit_of_work.run(session, inside) == [(session, [1, 2])]


@pytest.mark.parametrize("bad", [1, 2])
def test_a_half_that_fails_is_raised_when_the_other_has_ended(session: Session, bad: int) -> None:
    ended: list[int] = []

    def work(_own: Session, pieces: Sequence[int]) -> None:
        if bad in pieces:
            raise LookupError(bad)
        threading.Event().wait(0.1)
        ended.extend(pieces)

    with side_by_side.hands(session) as hands:
        with pytest.raises(LookupError):
            hands.share([1, 2], work)
        assert ended == [3 - bad], "and not only when the hands are let go of, which waits for the thread too"


def test_what_the_second_half_leaves_for_after_its_commit_is_known_to_the_caller(session: Session) -> None:
    def work(own: Session, pieces: Sequence[str]) -> None:
        for piece in pieces:
            unit_of_work.run(own, lambda piece=piece: unit_of_work.after_commit(own, piece))  # type: ignore[misc]

    with side_by_side.hands(session) as hands:
        hands.share(["first", "second"], work)
    assert unit_of_work.committed(session) == {"first", "second"}


def test_at_the_end_the_thread_is_waited_for_before_its_session_is_closed(session: Session) -> None:
    with side_by_side.hands(session) as hands:

        def late() -> int:
            threading.Event().wait(0.1)
            return backend(hands.second)

        asked = hands.thread.submit(late)
    assert asked.result() > 0
    assert not hands.second.in_transaction()
