"""C2: one patient, two doctors, times that overlap: the patient is booked once."""

from collections import Counter
from dataclasses import dataclass
from datetime import time

import pytest

from tests.races.crowd import outcomes
from tests.races.guards import a_slot_lock_alone, meeting, slow_writes, without_constraints
from tests.races.hall import Hall

pytestmark = pytest.mark.race
ROUNDS, SOME = 25, 5
ONCE = Counter({"201": 1, "PATIENT_DOUBLE_BOOKED": 1})
TWICE = Counter({"201": 2})


@dataclass(frozen=True)
class Pair:
    """Two times that overlap, with doctors of these slot lengths."""

    minutes: tuple[int, int]
    at: tuple[time, time]


PAIRS = {
    "the same time": Pair((30, 30), (time(10), time(10))),
    "10:00 for 30 minutes and 10:15 for 15": Pair((30, 15), (time(10), time(10, 15))),
}


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    """Each form of the race."""
    return PAIRS[str(request.param)]


def race(hall: Hall, pair: Pair, rounds: int) -> list[Counter[str]]:
    """Book a patient with two doctors at once, another patient and other doctors in each round."""
    found = []
    for patient in hall.patients(rounds):
        doctors = [hall.doctor(minutes) for minutes in pair.minutes]
        asks = [hall.booking(doctor, patient, at) for doctor, at in zip(doctors, pair.at, strict=True)]
        found.append(outcomes(hall.crowd.at_once(asks)))
    return found


def test_the_patient_is_booked_once(hall: Hall, pair: Pair) -> None:
    assert race(hall, pair, ROUNDS) == [ONCE] * ROUNDS


def test_the_locks_alone_are_enough(guarded: Hall, pair: Pair) -> None:
    with without_constraints(guarded.engine), slow_writes(guarded.engine):
        assert race(guarded, pair, SOME) == [ONCE] * SOME
        guarded.check()


def test_the_constraints_alone_are_enough(unguarded: Hall, pair: Pair) -> None:
    with slow_writes(unguarded.engine):
        assert race(unguarded, pair, SOME) == [ONCE] * SOME
    unguarded.check()


def test_control_without_both_the_patient_is_booked_twice(unguarded: Hall, pair: Pair) -> None:
    with without_constraints(unguarded.engine), meeting(unguarded.engine, 2):
        assert race(unguarded, pair, SOME) == [TWICE] * SOME
        with pytest.raises(AssertionError, match="a patient has two active appointments at once"):
            unguarded.check()


def test_control_a_slot_lock_alone_leaves_the_patient_open(unguarded: Hall, pair: Pair) -> None:
    engine = unguarded.engine
    with without_constraints(engine), meeting(engine, 2), a_slot_lock_alone(engine):
        assert race(unguarded, pair, ROUNDS) == [TWICE] * ROUNDS
        with pytest.raises(AssertionError, match="a patient has two active appointments at once"):
            unguarded.check()
