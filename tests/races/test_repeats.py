"""C4: one Idempotency-Key twenty times at once, and again with another body."""

from collections import Counter

import pytest

from tests.races.crowd import Answer, outcomes
from tests.races.guards import forgetful_keys, meeting, without_constraints
from tests.races.hall import Hall, times

pytestmark = pytest.mark.race
TIMES, ROUNDS, SOME = 20, 5, 2


def race(hall: Hall, rounds: int, repeats: int = TIMES) -> list[list[Answer]]:
    """Send the same request many times at once, another one in each round."""
    doctor, patients = hall.doctor(), hall.patients(rounds)
    return [
        hall.crowd.at_once([hall.booking(doctor, patient, at, key=f"form {at}")] * repeats)
        for patient, at in zip(patients, times(rounds), strict=True)
    ]


def ids(answers: list[Answer]) -> set[str]:
    return {answer.body["id"] for answer in answers if answer.status == 201}


def test_all_get_the_first_answer(hall: Hall) -> None:
    for answers in race(hall, ROUNDS):
        assert outcomes(answers) == Counter({"201": TIMES})
        assert len({answer.text for answer in answers}) == 1
    assert hall.active() == ROUNDS


def test_another_body_under_the_same_key_is_refused(hall: Hall) -> None:
    doctor, patient, (at, other) = hall.doctor(), hall.here.patient(), times(2)
    first = hall.crowd.ask(hall.booking(doctor, patient, at, key="form"))
    second = hall.crowd.ask(hall.booking(doctor, patient, other, key="form"))
    assert (first.outcome, second.status, second.outcome) == ("201", 422, "IDEMPOTENCY_KEY_REUSED")
    assert hall.active() == 1


def test_two_bodies_under_one_key_at_once(hall: Hall) -> None:
    doctor, half, starts = hall.doctor(), TIMES // 2, iter(times(2 * ROUNDS))
    for number, patient in enumerate(hall.patients(ROUNDS)):
        pair = [hall.booking(doctor, patient, next(starts), key=f"form {number}") for _ in range(2)]
        answers = hall.crowd.at_once(pair * half)
        assert outcomes(answers) == Counter({"201": half, "IDEMPOTENCY_KEY_REUSED": half})
        assert len(ids(answers)) == 1
    assert hall.active() == ROUNDS


def test_a_refusal_is_remembered_too(hall: Hall) -> None:
    doctor, (at,) = hall.doctor(), times(1)
    hall.booked(doctor, at)
    answers = hall.crowd.at_once([hall.booking(doctor, hall.here.patient(), at, key="form")] * TIMES)
    assert outcomes(answers) == Counter({"SLOT_TAKEN": TIMES})
    assert len({answer.text for answer in answers}) == 1


def test_control_without_memory_the_others_are_refused(guarded: Hall) -> None:
    with forgetful_keys(guarded.engine):
        for answers in race(guarded, SOME):
            assert outcomes(answers)["201"] == 1
            assert outcomes(answers)["PATIENT_DOUBLE_BOOKED"] == TIMES - 1


def test_control_without_memory_locks_and_constraints_there_are_several(unguarded: Hall) -> None:
    engine = unguarded.engine
    with without_constraints(engine), meeting(engine, 2, 2), forgetful_keys(engine):
        assert all(len(ids(answers)) > 1 for answers in race(unguarded, SOME, 8))
        with pytest.raises(AssertionError, match="a patient has two active appointments at once"):
            unguarded.check()
