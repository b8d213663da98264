"""Two halves of the same work at once, each on a connection of its own."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from hms_web.domain.job_health import RunSource, RunStatus
from hms_web.models import ReadingSession
from hms_web.services import no_show_check, no_show_sweep, side_by_side, slot_horizons, unit_of_work
from hms_web.services.job_health import Ran
from tests.scenes import NOW, Clinic
from tests.services.test_no_show_sweep import crowd

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


@contextmanager
def with_one_connection(url: sa.URL, how: str) -> Iterator[ReadingSession]:
    """A session whose engine has a second connection for nobody: the server refuses it, or the pool has no more."""
    tight = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05} if how == "the pool has no more" else {}
    own = sa.create_engine(url, **tight)
    made: list[object] = []

    def connecting(*_given: object) -> None:
        made.append(None)
        if len(made) > 1:
            raise psycopg.OperationalError

    sa.event.listen(own, "do_connect", connecting)
    try:
        with ReadingSession(own, expire_on_commit=False) as session:
            yield session
    finally:
        own.dispose()


NO_SECOND = pytest.mark.parametrize("how", ["the server refuses it", "the pool has no more"])


@NO_SECOND
def test_without_a_second_connection_the_caller_does_it_all(engine: sa.Engine, how: str) -> None:
    def work(own: Session, pieces: Sequence[int]) -> tuple[Session, list[int]]:
        for piece in pieces:
            unit_of_work.run(own, lambda piece=piece: own.execute(sa.select(piece)))  # type: ignore[misc]
        return own, list(pieces)

    with with_one_connection(engine.url, how) as session, side_by_side.hands(session) as hands:
        session.execute(sa.select(1))
        session.commit()  # so that its connection lies in the pool, where whoever comes first gets it
        with capture_logs() as said:
            assert hands.share([1, 2, 3], work) == [(session, [1, 2, 3])]
            assert hands.share([4, 5], work) == [(session, [4, 5])]
        assert [line["event"] for line in said] == ["no_second_connection"], "and does not ask again"


def test_a_caller_without_a_connection_is_told(engine: sa.Engine) -> None:
    """Who has none of its own cannot do the work either."""
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with (
        own.connect(),
        Session(own) as session,
        side_by_side.hands(session) as hands,
        pytest.raises(sa.exc.TimeoutError),
    ):
        hands.share([1, 2], lambda _own, some: list(some))
    own.dispose()


@NO_SECOND
def test_without_a_second_connection_a_sweep_goes_on(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    crowd(here, 40)
    here.session.commit()
    with with_one_connection(engine.url, how) as session:
        ran = no_show_check.check(session, here.admin, RunSource.MANUAL, now=NOW + timedelta(hours=11))
    assert isinstance(ran, Ran)
    assert (ran.run.status, ran.run.items, ran.run.error) == (RunStatus.SUCCESS, 40, None)


@NO_SECOND
def test_without_a_second_connection_the_night_makes_everybodys_slots(
    here: Clinic, elsewhere: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(slot_horizons, "DOCTORS_AT_ONCE", 1)
    doctors = [one.doctor(minutes=60) for one in (here, here, elsewhere, elsewhere)]
    here.session.commit()
    with with_one_connection(engine.url, how) as session:
        assert slot_horizons.extend_all(session, now=NOW) == 31 * 7 * len(doctors)
