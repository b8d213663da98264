"""C11: thirty people open the same empty date at once, and each slot is made once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.services import slot_horizons
from tests.races.crowd import API, Answer, Ask
from tests.races.guards import slots_as_they_come
from tests.races.hall import Hall
from tests.scenes import MONDAY, NOW

pytestmark = pytest.mark.race
PEOPLE, ROUNDS, SOME = 30, 10, 3
SLOTS = 14
"""9 to 17 with an hour's break gives so many of 30 minutes."""


WITH_LOCKS, WITHOUT = "FROM doctors", "INSERT INTO doctor_slots"
"""Where those who open a date wait while the doctor's row is held: before they look, or when they have and write."""


def race(hall: Hall, rounds: int, held: str = "", table: str = "doctor_slots") -> list[Counter[str]]:
    """Open a date that has no slots, another one in each round; return how often each slot is stored then.

    Where the doctor is `held` until two wait at that statement, nobody has written before both had begun.
    """
    doctor, found = hall.here.doctor(), []
    for number in range(rounds):
        day = MONDAY + timedelta(days=BOOKING_WINDOW_DAYS - number)
        asks = [Ask("GET", f"{API}/slots/doctor/{doctor}/date/{day}")] * PEOPLE
        with ThreadPoolExecutor(1) as pool:
            with hall.holding("doctors", doctor) if held else nullcontext():
                sent = pool.submit(hall.crowd.at_once, asks)
                hall.await_waiting(2 if held else 0, held)
            assert_all_see_the_same(sent.result())
        found.append(stored(hall, table, doctor, day))
    return found


def assert_all_see_the_same(answers: list[Answer]) -> None:
    assert [answer.status for answer in answers] == [200] * PEOPLE
    shown = {tuple(item["id"] for item in answer.body["items"]) for answer in answers}
    assert [len(ids) for ids in shown] == [SLOTS], "not everybody saw the same slots"


def stored(hall: Hall, table: str, doctor: UUID, day: date) -> Counter[str]:
    wanted = sa.text(f"SELECT start_time FROM {table} WHERE doctor_id = :doctor AND date = :day")
    with hall.engine.connect() as connection:
        return Counter(str(at) for at in connection.scalars(wanted, {"doctor": doctor, "day": day}))


def is_each_once(slots: Counter[str]) -> bool:
    return len(slots) == slots.total() == SLOTS


def test_each_slot_is_made_once(hall: Hall) -> None:
    assert all(map(is_each_once, race(hall, ROUNDS)))


def test_the_locks_alone_are_enough(hall: Hall) -> None:
    """Nobody even tries to make a slot again, so that no constraint has anything to refuse."""
    with slots_as_they_come(hall.engine):
        assert all(map(is_each_once, race(hall, SOME, WITH_LOCKS, table="race_slots")))


def test_the_night_and_those_who_open_a_date_make_each_slot_once(hall: Hall) -> None:
    doctor, day = hall.here.doctor(), MONDAY + timedelta(days=BOOKING_WINDOW_DAYS)
    asks = [Ask("GET", f"{API}/slots/doctor/{doctor}/date/{day}")] * PEOPLE

    def night() -> int:
        with Session(hall.engine) as session:
            return slot_horizons.extend_all(session, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        with hall.holding("doctors", doctor):
            sent = pool.submit(hall.crowd.at_once, asks)
            hall.await_waiting(2, WITH_LOCKS)
            made = pool.submit(night)
            hall.await_waiting(3, WITH_LOCKS)
        assert_all_see_the_same(sent.result())
        assert made.result() in {30 * SLOTS, 31 * SLOTS}
    assert is_each_once(stored(hall, "doctor_slots", doctor, day))
    hall.check()


def test_the_constraint_alone_is_enough(unguarded: Hall) -> None:
    assert all(map(is_each_once, race(unguarded, SOME, WITHOUT)))
    unguarded.check()


def test_control_without_both_each_slot_would_be_there_several_times(unguarded: Hall) -> None:
    with slots_as_they_come(unguarded.engine):
        for slots in race(unguarded, SOME, WITHOUT, table="race_slots"):
            assert len(slots) == SLOTS
            assert min(slots.values()) > 1
