"""C3: a maximum of five a day, forty clients on twelve slots: exactly five."""

from collections import Counter
from datetime import time, timedelta

import pytest

from hms_web.domain.schedules import DayOfWeek
from tests.races.crowd import outcomes
from tests.races.guards import a_slot_lock_alone, meeting, slow_writes, without_constraints
from tests.races.hall import DAY, Hall, times

pytestmark = pytest.mark.race
MAXIMUM, CLIENTS, SLOTS = 5, 40, 12
ROUNDS, SOME = 6, 2


def race(hall: Hall, rounds: int, clients: int = CLIENTS) -> list[Counter[str]]:
    """Let everybody book one of the slots of a day, another day in each round."""
    doctor = hall.doctor(maximum=MAXIMUM, end=time(11), days=tuple(DayOfWeek))
    patients, starts = hall.patients(clients), times(SLOTS)
    found = []
    for number in range(rounds):
        day = DAY + timedelta(days=number)
        asks = [hall.booking(doctor, patient, starts[n % SLOTS], day, who=n) for n, patient in enumerate(patients)]
        found.append(outcomes(hall.crowd.at_once(asks)))
    return found


def assert_exactly_five(found: list[Counter[str]]) -> None:
    for answers in found:
        assert answers["201"] == MAXIMUM
        assert answers["SLOT_TAKEN"] + answers["DOCTOR_FULLY_BOOKED"] == CLIENTS - MAXIMUM
        assert answers["DOCTOR_FULLY_BOOKED"] > 0


def test_exactly_five_are_booked(hall: Hall) -> None:
    assert_exactly_five(race(hall, ROUNDS))


def test_the_locks_alone_are_enough(guarded: Hall) -> None:
    with without_constraints(guarded.engine), slow_writes(guarded.engine):
        assert_exactly_five(race(guarded, SOME))
        guarded.check()


def test_control_without_locks_the_day_overflows(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine), meeting(unguarded.engine, MAXIMUM + 1):
        assert race(unguarded, SOME, MAXIMUM + 1) == [Counter({"201": MAXIMUM + 1})] * SOME
        with pytest.raises(AssertionError, match="the day of a doctor is over its maximum"):
            unguarded.check()


def test_control_a_slot_lock_alone_leaves_the_maximum_open(unguarded: Hall) -> None:
    engine = unguarded.engine
    with without_constraints(engine), meeting(engine, MAXIMUM + 1), a_slot_lock_alone(engine):
        assert race(unguarded, SOME, MAXIMUM + 1) == [Counter({"201": MAXIMUM + 1})] * SOME
        with pytest.raises(AssertionError, match="the day of a doctor is over its maximum"):
            unguarded.check()
