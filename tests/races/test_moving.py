"""C7 and C8: appointments that are moved while others move or are made, and two changes of one version."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from uuid import UUID

import pytest

from tests.races.crowd import outcomes
from tests.races.guards import meeting, slow_writes, without_constraints
from tests.races.hall import Hall, times

pytestmark = pytest.mark.race
ROUNDS, SOME = 12, 4
ONE_GETS_IT = Counter({"200": 1, "SLOT_TAKEN": 1})


def rounds(count: int) -> Iterator[tuple[time, time, time]]:
    """Give three times for each round, of which no other round has any."""
    starts = iter(times(3 * count, minutes=10))
    return zip(starts, starts, starts, strict=True)


def move_against_booking(hall: Hall, count: int) -> list[Counter[str]]:
    """Move an appointment from A to B while somebody books B."""
    doctor, found = hall.doctor(minutes=10), []
    for a, b, _c in rounds(count):
        moved = hall.booked(doctor, a)
        asks = [hall.change(moved, time=b), hall.booking(doctor, hall.here.patient(), b)]
        answers = outcomes(hall.crowd.at_once(asks))
        assert hall.place_of(moved) == (doctor, b if answers["200"] else a)
        found.append(answers)
    return found


def move_twice(hall: Hall, count: int) -> list[Counter[str]]:
    """Move one appointment to two places at once, both from the version that two people saw."""
    doctor, found = hall.doctor(minutes=10), []
    for a, b, c in rounds(count):
        moved = hall.booked(doctor, a)
        answers = hall.crowd.at_once([hall.change(moved, time=at, version=1) for at in (b, c)])
        accepted = [at for at, answer in zip((b, c), answers, strict=True) if answer.status == 200]
        assert hall.place_of(moved)[1] in accepted
        found.append(outcomes(answers))
    return found


def move_two_to_one(hall: Hall, count: int) -> list[Counter[str]]:
    """Move two appointments to the same place at once; who does not get it stays."""
    doctor, found = hall.doctor(minutes=10), []
    for a, b, c in rounds(count):
        both = {hall.booked(doctor, a): a, hall.booked(doctor, b): b}
        answers = hall.crowd.at_once([hall.change(key, time=c) for key in both])
        for (key, before), answer in zip(both.items(), answers, strict=True):
            assert hall.place_of(key)[1] == (c if answer.status == 200 else before)
        found.append(outcomes(answers))
    return found


def swap(hall: Hall, count: int, doctors: tuple[UUID, UUID]) -> None:
    """Let two appointments ask for each other's place at once: both are taken, so both stay."""
    first, second = doctors
    for a, b, _c in rounds(count):
        here, there = hall.booked(first, a), hall.booked(second, b)
        asks = [hall.change(here, time=b, doctorId=second), hall.change(there, time=a, doctorId=first)]
        assert outcomes(hall.crowd.at_once(asks)) == Counter({"SLOT_TAKEN": 2})
        assert [hall.place_of(here), hall.place_of(there)] == [(first, a), (second, b)]


def test_a_move_and_a_booking_of_the_same_place(hall: Hall) -> None:
    for answers in move_against_booking(hall, ROUNDS):
        assert answers in (Counter({"200": 1, "SLOT_TAKEN": 1}), Counter({"201": 1, "SLOT_TAKEN": 1}))


def test_two_moves_of_one_appointment(hall: Hall) -> None:
    assert move_twice(hall, ROUNDS) == [Counter({"200": 1, "STALE_VERSION": 1})] * ROUNDS


def test_two_moves_to_one_place(hall: Hall) -> None:
    assert move_two_to_one(hall, ROUNDS) == [ONE_GETS_IT] * ROUNDS


def test_a_swap_inside_one_doctors_day(hall: Hall) -> None:
    doctor = hall.doctor(minutes=10)
    swap(hall, ROUNDS, (doctor, doctor))


def test_a_swap_between_two_doctors(hall: Hall) -> None:
    swap(hall, ROUNDS, (hall.doctor(minutes=10), hall.doctor(minutes=10)))


def test_moves_that_cross_both_succeed(hall: Hall) -> None:
    first, second = hall.doctor(minutes=10), hall.doctor(minutes=10)
    for a, b, _c in rounds(ROUNDS):
        here, there = hall.booked(first, a), hall.booked(second, a)
        asks = [hall.change(here, time=b, doctorId=second), hall.change(there, time=b, doctorId=first)]
        assert outcomes(hall.crowd.at_once(asks)) == Counter({"200": 2})


def test_two_changes_of_one_version(hall: Hall) -> None:
    doctor = hall.doctor()
    for at in times(ROUNDS):
        key = hall.booked(doctor, at)
        answers = hall.crowd.at_once([hall.change(key, reason=words, version=1) for words in ("Cough", "Fever")])
        assert outcomes(answers) == Counter({"200": 1, "STALE_VERSION": 1})
        winner = next(answer.body for answer in answers if answer.status == 200)
        assert (hall.here.row(key).reason, hall.here.row(key).version) == (winner["reason"], 2)
        hall.here.session.rollback()


def test_the_locks_alone_are_enough(guarded: Hall) -> None:
    with without_constraints(guarded.engine), slow_writes(guarded.engine):
        assert move_two_to_one(guarded, SOME) == [ONE_GETS_IT] * SOME
        assert all(answers["SLOT_TAKEN"] == 1 for answers in move_against_booking(guarded, SOME))
        guarded.check()


def test_control_without_locks_and_constraints_both_get_the_place(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine):
        doctor = unguarded.doctor(minutes=10)
        for a, b, c in rounds(SOME):
            keys = [unguarded.booked(doctor, at) for at in (a, b)]
            with meeting(unguarded.engine, 2):
                answers = unguarded.crowd.at_once([unguarded.change(key, time=c) for key in keys])
            assert outcomes(answers) == Counter({"200": 2})
        with pytest.raises(AssertionError, match="a doctor has two active appointments at once"):
            unguarded.check()


def test_control_without_locks_a_booking_and_a_move_get_the_same_place(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine):
        doctor = unguarded.doctor(minutes=10)
        for a, b, _c in rounds(SOME):
            key, patient = unguarded.booked(doctor, a), unguarded.here.patient()
            with meeting(unguarded.engine, 2):
                asks = [unguarded.change(key, time=b), unguarded.booking(doctor, patient, b)]
                assert outcomes(unguarded.crowd.at_once(asks)) == Counter({"200": 1, "201": 1})
        with pytest.raises(AssertionError, match="a slot has two active appointments"):
            unguarded.check()


@pytest.mark.parametrize("what", ["place", "words"])
def test_control_without_locks_a_change_of_one_version_is_lost(unguarded: Hall, what: str) -> None:
    doctor = unguarded.doctor(minutes=10)
    for a, b, c in rounds(SOME):
        key = unguarded.booked(doctor, a)
        wanted = [{"time": b}, {"time": c}] if what == "place" else [{"reason": "Cough"}, {"reason": "Fever"}]
        asks = [unguarded.change(key, version=1, **fields) for fields in wanted]
        with ThreadPoolExecutor(1) as pool:
            with unguarded.holding("appointments", key):
                sent = pool.submit(unguarded.crowd.at_once, asks)
                unguarded.await_waiting(len(asks))  # both have read the version, and want to write the next
            assert outcomes(sent.result()) == Counter({"200": 2})
    with pytest.raises(AssertionError, match="a change has not exactly one audit event"):
        unguarded.check()
