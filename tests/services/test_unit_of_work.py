"""The one place that commits: joining, trying again, giving up."""

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from hms_web.config import LOCK_WAIT_SECONDS
from hms_web.models import Doctor, Hospital, ReadingSession, new_id
from hms_web.services import locks, unit_of_work
from tests.scenes import Clinic


def test_an_inner_unit_joins_the_outer_one(here: Clinic) -> None:
    def outer() -> None:
        unit_of_work.run(here.session, lambda: here.session.add(Hospital(id=new_id(), name="inner", timezone="UTC")))
        here.session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        unit_of_work.run(here.session, outer)
    assert here.count(Hospital, name="inner") == 0


def failing(error: type[psycopg.Error], times: int) -> tuple[Callable[[], str], list[int]]:
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError(None, {}, error())
        return "done"

    return work, tries


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.SerializationFailure,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.ExclusionViolation,
        psycopg.errors.UniqueViolation,
    ],
)
def test_what_another_transaction_caused_is_tried_again(here: Clinic, error: type[psycopg.Error]) -> None:
    work, tries = failing(error, 2)
    assert unit_of_work.run(here.session, work) == "done"
    assert len(tries) == 3


def test_it_gives_up_after_some_tries_and_says_busy(here: Clinic) -> None:
    work, tries = failing(psycopg.errors.SerializationFailure, 99)
    with pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, work)
    assert len(tries) == unit_of_work.ATTEMPTS


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled])
def test_a_lock_that_is_not_to_be_had_is_not_waited_for_twice(here: Clinic, error: type[psycopg.Error]) -> None:
    work, tries = failing(error, 99)
    with pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, work)
    assert len(tries) == 1


def test_any_other_database_error_goes_on(here: Clinic) -> None:
    with pytest.raises(DBAPIError):
        unit_of_work.run(here.session, lambda: here.session.execute(sa.text("SELECT 1/0")))
    assert here.count(Hospital) == 1


def test_who_has_waited_enough_waits_no_longer_for_the_next_lock(here: Clinic, engine: sa.Engine) -> None:
    doctor = here.doctor()

    def work() -> bool:
        here.session.info[unit_of_work._WAITED] = unit_of_work.PATIENCE_SECONDS
        return locks.doctor(here.session, here.actor, doctor)

    with engine.connect() as other:
        other.execute(sa.select(Doctor.id).where(Doctor.id == doctor).with_for_update())
        began = time.monotonic()
        with pytest.raises(unit_of_work.Busy):
            unit_of_work.run(here.session, work)
        assert time.monotonic() - began < LOCK_WAIT_SECONDS / 2
    assert unit_of_work.run(here.session, work), "a lock that is free is still taken"


def test_a_row_that_was_waited_for_in_vain_is_asked_for_briefly_until_it_is_free(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, free = here.doctor(), here.doctor()

    def ask(doctor: UUID) -> tuple[bool, float]:
        began = time.monotonic()
        with suppress(unit_of_work.Busy):
            got = unit_of_work.run(here.session, lambda: locks.doctor(here.session, here.actor, doctor))
            return got, time.monotonic() - began
        return False, time.monotonic() - began

    with engine.connect() as other:
        other.execute(sa.select(Doctor.id).where(Doctor.id == locked).with_for_update())
        assert ask(locked)[1] >= LOCK_WAIT_SECONDS
        for _ in range(2):
            got, seconds = ask(locked)
            assert not got
            assert seconds < LOCK_WAIT_SECONDS / 2
        assert ask(free)[0]
        assert locked in unit_of_work._in_vain
    assert ask(locked)[0], "it is free again"
    assert locked not in unit_of_work._in_vain
    monkeypatch.setattr(unit_of_work, "WARY_SECONDS", 0.0)
    unit_of_work._remember(locked)
    unit_of_work._remember(free)
    assert list(unit_of_work._in_vain) == [free], "what has lapsed is forgotten"
    with pytest.raises(DBAPIError):
        unit_of_work.wait_for(here.session, sa.text("SELECT 1/0"), row=locked)
    assert locked not in unit_of_work._in_vain, "that was no lock"


def test_a_row_that_comes_at_once_after_all_leaves_the_next_lock_its_whole_time(here: Clinic) -> None:
    doubtful, next_one = here.doctor(), here.doctor()
    unit_of_work._remember(doubtful)

    def work() -> str:
        assert locks.doctor(here.session, here.actor, doubtful)
        assert locks.doctor(here.session, here.actor, next_one)
        return str(here.session.scalar(sa.text("SELECT current_setting('lock_timeout')")))

    assert unit_of_work.run(here.session, work) == f"{LOCK_WAIT_SECONDS}s"


def test_who_had_no_time_to_wait_has_learnt_nothing_of_a_row(here: Clinic, engine: sa.Engine) -> None:
    locked = here.doctor()

    def work() -> bool:
        here.session.info[unit_of_work._WAITED] = unit_of_work.PATIENCE_SECONDS
        return locks.doctor(here.session, here.actor, locked)

    with engine.connect() as other:
        other.execute(sa.select(Doctor.id).where(Doctor.id == locked).with_for_update())
        with pytest.raises(unit_of_work.Busy):
            unit_of_work.run(here.session, work)
    assert locked not in unit_of_work._in_vain


def test_waiting_is_counted_over_all_tries(here: Clinic) -> None:
    work, tries = failing(psycopg.errors.DeadlockDetected, 99)

    def slow() -> str:
        here.session.info[unit_of_work._WAITED] += unit_of_work.PATIENCE_SECONDS / 2
        return work()

    with pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, slow)
    assert len(tries) == 2


def test_a_lock_that_was_waited_for_counts(here: Clinic) -> None:
    def work() -> float:
        unit_of_work.wait_for(here.session, sa.text(f"SELECT pg_sleep({2 * unit_of_work.LEAST_SECONDS})"))
        unit_of_work.wait_for(here.session, sa.text("SELECT 1"))
        left = here.session.scalar(sa.text("SELECT current_setting('lock_timeout')"))
        assert left is not None
        assert left.endswith("ms"), "the next wait is shorter"
        return float(here.session.info[unit_of_work._WAITED])

    assert 2 * unit_of_work.LEAST_SECONDS <= unit_of_work.run(here.session, work) < unit_of_work.PATIENCE_SECONDS


def test_what_is_noted_is_known_after_the_commit_and_only_then(here: Clinic) -> None:
    session = here.session
    unit_of_work.committed(session)

    def work() -> frozenset[str]:
        unit_of_work.after_commit(session, "something")
        return unit_of_work.committed(session)

    assert unit_of_work.run(session, work) == frozenset(), "not before"
    unit_of_work.run(session, lambda: unit_of_work.after_commit(session, "more"))
    assert unit_of_work.committed(session) == {"something", "more"}
    assert unit_of_work.committed(session) == frozenset(), "once"


def test_what_is_noted_before_a_rollback_is_forgotten(here: Clinic) -> None:
    session = here.session
    unit_of_work.committed(session)

    def fail() -> None:
        unit_of_work.after_commit(session, "something")
        raise LookupError

    with pytest.raises(LookupError):
        unit_of_work.run(session, fail)
    unit_of_work.run(session, lambda: None)
    assert unit_of_work.committed(session) == frozenset()

    tries: list[int] = []

    def at_the_second_try() -> None:
        tries.append(1)
        if len(tries) == 1:
            unit_of_work.after_commit(session, "something")
            raise OperationalError(None, {}, psycopg.errors.DeadlockDetected())

    unit_of_work.run(session, at_the_second_try)
    assert len(tries) == 2
    assert unit_of_work.committed(session) == frozenset()


def is_in_a_transaction(here: Clinic) -> bool:
    """Whether two questions in a row belong to one transaction, as PostgreSQL sees it."""
    stamps = [here.session.execute(sa.text("SELECT transaction_timestamp(), pg_sleep(0)")).scalar_one() for _ in "ab"]
    return bool(stamps[0] == stamps[1])


def test_reading_needs_no_transaction_and_a_unit_of_work_has_one(here: Clinic) -> None:
    here.session.rollback()
    unit_of_work.only_reads(here.session)
    assert not is_in_a_transaction(here)
    assert unit_of_work.run(here.session, lambda: is_in_a_transaction(here))
    unit_of_work.only_reads(here.session)
    unit_of_work.begin(here.session)
    assert is_in_a_transaction(here)
    unit_of_work.only_reads(here.session)  # comes too late, and changes nothing
    assert is_in_a_transaction(here)


def test_a_unit_of_work_gives_up_the_connection_that_was_read_with(engine: sa.Engine) -> None:
    """Two for each request would not be there where all are at work."""
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0)
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        session.execute(sa.text("SELECT 1"))
        assert unit_of_work.run(session, lambda: session.scalar(sa.text("SELECT 2"))) == 2
    own.dispose()


def test_what_fails_after_reading_is_undone_whole(here: Clinic) -> None:
    here.session.rollback()
    unit_of_work.only_reads(here.session)
    assert here.count(Hospital, name="half") == 0

    def work() -> None:
        here.session.add(Hospital(id=new_id(), name="half", timezone="UTC"))
        here.session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        unit_of_work.run(here.session, work)
    assert here.count(Hospital, name="half") == 0


def test_who_does_not_wait_for_the_disk_does_so_for_that_unit_alone(engine: sa.Engine) -> None:
    found: list[str] = []
    own = sa.create_engine(engine.url, connect_args={"options": "-c synchronous_commit=on"})

    def look() -> None:
        found.append(session.execute(sa.text("SHOW synchronous_commit")).scalar_one())

    def lazily() -> None:
        unit_of_work.do_not_wait_for_disk(session)
        look()

    with ReadingSession(own) as session:
        for work in (look, lazily, look):
            unit_of_work.run(session, work)
    own.dispose()
    assert found == ["on", "off", "on"]
