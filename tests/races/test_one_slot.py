"""C1: one slot, fifty clients, and one of them gets it."""

from collections import Counter

import pytest

from tests.races.crowd import outcomes
from tests.races.guards import a_slot_lock_alone, meeting, slow_writes, without_constraints
from tests.races.hall import Hall, times

pytestmark = pytest.mark.race
CLIENTS, ROUNDS = 50, 20
FEWER, SOME = 16, 2


def race(hall: Hall, clients: int, rounds: int) -> list[Counter[str]]:
    """Let everybody book the same slot for another patient, round after round."""
    doctor, patients = hall.doctor(), hall.patients(clients)
    return [
        outcomes(hall.crowd.at_once([hall.booking(doctor, patient, at, who=n) for n, patient in enumerate(patients)]))
        for at in times(rounds)
    ]


def only_one(clients: int) -> Counter[str]:
    return Counter({"201": 1, "SLOT_TAKEN": clients - 1})


def test_one_gets_it(hall: Hall) -> None:
    assert race(hall, CLIENTS, ROUNDS) == [only_one(CLIENTS)] * ROUNDS


def test_the_locks_alone_are_enough(guarded: Hall) -> None:
    with without_constraints(guarded.engine), slow_writes(guarded.engine):
        assert race(guarded, FEWER, SOME) == [only_one(FEWER)] * SOME
        guarded.check()


def test_the_constraints_alone_are_enough(unguarded: Hall) -> None:
    """Without locks some may be told that we are busy, but nobody gets what is taken."""
    with slow_writes(unguarded.engine):
        found = race(unguarded, FEWER, SOME)
    assert all(answers["201"] == 1 and answers.total() == FEWER for answers in found)
    assert all(set(answers) <= {"201", "SLOT_TAKEN", "BUSY"} for answers in found)
    unguarded.crowd.errors = 0
    unguarded.check()


def test_control_without_both_several_get_it(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine), meeting(unguarded.engine, 2):
        assert race(unguarded, 2, SOME) == [Counter({"201": 2})] * SOME
        with pytest.raises(AssertionError, match="a doctor has two active appointments at once"):
            unguarded.check()


def test_control_a_slot_lock_is_enough_for_this_race_only(unguarded: Hall) -> None:
    engine = unguarded.engine
    with without_constraints(engine), meeting(engine, 2), a_slot_lock_alone(engine):
        assert race(unguarded, 2, SOME) == [only_one(2)] * SOME
