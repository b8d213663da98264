"""Locks that are held, deadlocks and serialization failures, all of them real: tried again, or 503 before long."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.services import locks, unit_of_work
from tests.races.crowd import WAIT_SECONDS, Answer, outcomes
from tests.races.guards import crossed_locks
from tests.races.hall import Hall, times

pytestmark = pytest.mark.race
AT_MOST_SECONDS = 6.0
"""Five, and a second for a machine that is busy with other tests."""
DEADLOCK_SECONDS = 0.9
"""PostgreSQL looks for a deadlock after a second of waiting."""


def assert_busy(answer: Answer) -> None:
    assert (answer.status, answer.outcome) == (503, "BUSY")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.seconds < AT_MOST_SECONDS


def test_a_doctor_who_is_locked_for_long_is_busy_and_no_one_else(guarded: Hall) -> None:
    locked, free, patients = guarded.doctor(), guarded.doctor(), guarded.patients(8)
    asks = [guarded.booking(locked, patient, at) for patient, at in zip(patients, times(4), strict=False)]
    with ThreadPoolExecutor(1) as pool, guarded.holding("doctors", locked):
        sent = pool.submit(guarded.crowd.at_once, asks)
        guarded.await_waiting(len(asks))
        others = guarded.crowd.at_once(
            [guarded.booking(free, p, at) for p, at in zip(patients[4:], times(4), strict=True)]
        )
        assert outcomes(others) == Counter({"201": 4})
        assert not sent.done(), "the others had to wait for those who wait"
        for answer in sent.result():
            assert_busy(answer)
    for ask in asks:  # who has just waited in vain is answered the sooner the second time, so not all at once
        assert guarded.crowd.ask(ask).outcome == "201"
    guarded.crowd.errors = 0
    guarded.check()


@pytest.mark.parametrize("key", ["", "the same form"])
def test_waiting_behind_somebody_who_waits_takes_no_longer(guarded: Hall, key: str) -> None:
    """One waits for the doctor and holds the patient, the next waits for the patient: five seconds for either."""
    locked, patient, (at,) = guarded.doctor(), guarded.here.patient(), times(1)
    ask = guarded.booking(locked, patient, at, key=key)
    with guarded.holding("doctors", locked):
        for answer in guarded.crowd.at_once([ask] * 3):
            assert_busy(answer)
    assert guarded.crowd.ask(ask).outcome == "201"
    guarded.crowd.errors = 0
    guarded.check()


def test_a_deadlock_inside_the_servers_reaches_nobody(guarded: Hall) -> None:
    first, second, (a, b) = guarded.doctor(), guarded.doctor(), times(2)
    here, there = guarded.booked(first, a), guarded.booked(second, a)
    asks = [guarded.change(here, time=b, doctorId=second), guarded.change(there, time=b, doctorId=first)]
    locks_are_taken_in_order = guarded.crowd.at_once(asks)
    assert outcomes(locks_are_taken_in_order) == Counter({"200": 2})
    guarded.check()


def test_a_deadlock_of_careless_servers_reaches_nobody_either(unguarded: Hall) -> None:
    first, second, (a, b) = unguarded.doctor(), unguarded.doctor(), times(2)
    here, there = unguarded.booked(first, a), unguarded.booked(second, a)
    with crossed_locks(unguarded.engine):
        asks = [unguarded.change(here, time=b, doctorId=second), unguarded.change(there, time=b, doctorId=first)]
        answers = unguarded.crowd.at_once(asks)
    assert outcomes(answers) == Counter({"200": 2})
    assert max(answer.seconds for answer in answers) > DEADLOCK_SECONDS, "there was no deadlock"
    unguarded.check()


def crossed(hall: Hall) -> Answer | None:
    """Let a booking and somebody else each wait for what the other has; return what the booking was answered.

    None where it was the other that PostgreSQL ended: whoever waits looks for a deadlock once, after a second, and
    where the machine was slower than that the booking had looked before there was any.
    """
    doctor, patient, (at,) = hall.doctor(), hall.here.patient(), times(1)
    lock = sa.text("SELECT 1 FROM patients WHERE id = :key FOR UPDATE")
    with ThreadPoolExecutor(1) as pool, hall.engine.connect() as other:
        other.execute(sa.text("SELECT 1 FROM doctors WHERE id = :key FOR UPDATE"), {"key": doctor})
        sent = pool.submit(hall.crowd.ask, hall.booking(doctor, patient, at))
        hall.await_waiting(1)
        try:
            other.execute(lock, {"key": patient})
        except sa.exc.OperationalError:
            other.rollback()
            assert sent.result().outcome == "201"
            return None
        other.rollback()
        return sent.result()


def test_a_booking_is_tried_again_after_a_deadlock_with_somebody_else(guarded: Hall) -> None:
    answer = next(answer for _ in range(5) if (answer := crossed(guarded)) is not None)
    assert answer.outcome == "201"
    assert answer.seconds > DEADLOCK_SECONDS
    guarded.check()


def test_units_of_work_in_opposite_orders_both_come_through(guarded: Hall) -> None:
    here, there = guarded.doctor(), guarded.doctor()
    both_have_one = Barrier(2)

    def work(session: Session, order: tuple[UUID, UUID], tries: list[int]) -> int:
        tries.append(1)
        for number, key in enumerate(order):
            if number == 1 and len(tries) == 1:
                both_have_one.wait(WAIT_SECONDS)
            locks.doctor(session, guarded.here.actor, key)
        return len(tries)

    def run(order: tuple[UUID, UUID]) -> int:
        with Session(guarded.engine) as session:
            tries: list[int] = []
            return unit_of_work.run(session, lambda: work(session, order, tries))

    with ThreadPoolExecutor(2) as pool:
        tried = list(pool.map(run, [(here, there), (there, here)]))
    assert sorted(tried) == [1, 2]


def test_a_serialization_failure_is_tried_again(guarded: Hall) -> None:
    doctor = guarded.doctor()
    both_have_read = Barrier(2)
    strict = guarded.engine.execution_options(isolation_level="REPEATABLE READ")
    read = sa.text("SELECT max_patients_per_day FROM doctors WHERE id = :key")
    write = sa.text("UPDATE doctors SET max_patients_per_day = :maximum WHERE id = :key")

    def run(_number: int) -> int:
        tries: list[int] = []

        def work() -> int:
            tries.append(1)
            maximum = session.scalar(read, {"key": doctor}) or 0
            if len(tries) == 1:
                both_have_read.wait(WAIT_SECONDS)
            session.execute(write, {"key": doctor, "maximum": maximum - 1})
            return len(tries)

        with Session(strict) as session:
            return unit_of_work.run(session, work)

    with ThreadPoolExecutor(2) as pool:
        tried = sorted(pool.map(run, range(2)))
    assert tried == [1, 2]
    with guarded.engine.connect() as connection:
        assert connection.scalar(read, {"key": doctor}) == 500 - 2
