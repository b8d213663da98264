"""The fourteen checks: each alone, and in their order."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.booking import (
    CHECKS,
    SLOT_CHECKS,
    BookingFacts,
    DoctorDay,
    Hold,
    PatientFacts,
    Wanted,
    first_refusal,
)
from hms_web.domain.holidays import Holiday
from hms_web.domain.local_time import Span
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code
from hms_web.domain.schedules import DayHours, DayOfWeek

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ME, OTHER = UUID(int=1), UUID(int=2)
HOURS = DayHours(DayOfWeek.MONDAY, time(9), time(17), time(13), time(14))


def span(at: time, minutes: int = 30, day: date = TODAY) -> Span:
    starts_at = datetime.combine(day, at, UTC)
    return Span(starts_at, starts_at + timedelta(minutes=minutes))


def wanted(at: time = time(10), end: time = time(10, 30), day: date = TODAY) -> Wanted:
    return Wanted(day, at, end, span(at, day=day))


DOCTOR = DoctorDay(is_available=True, is_active=True, max_patients_per_day=3, hours=HOURS)
SOUND = BookingFacts(
    wanted=wanted(),
    today=TODAY,
    patient=PatientFacts(PatientStatus.ACTIVE),
    doctor=DOCTOR,
    is_slot=True,
    user_id=ME,
)


def doctor(**changes: object) -> BookingFacts:
    return replace(SOUND, doctor=replace(DOCTOR, **changes))  # type: ignore[arg-type]


# One way to break each check and nothing else, in the order of the document.
BROKEN: list[tuple[Code, dict[str, Any], dict[str, Any]]] = [
    (Code.PATIENT_NOT_FOUND, {"patient": None}, {}),
    (Code.PATIENT_BLOCKED, {"patient": PatientFacts(PatientStatus.BLOCKED)}, {}),
    (
        Code.PATIENT_DOUBLE_BOOKED,
        {"patient": PatientFacts(PatientStatus.ACTIVE, [span(time(7, 30), 180)])},
        {},
    ),
    (Code.DOCTOR_NOT_FOUND, {"doctor": None}, {}),
    (Code.DOCTOR_UNAVAILABLE, {}, {"is_available": False}),
    (Code.DOCTOR_INACTIVE, {}, {"is_active": False}),
    (Code.DATE_IN_PAST, {"wanted": Wanted(TODAY, time(10), time(10, 30), span(time(7, 59)))}, {}),
    (Code.BEYOND_BOOKING_WINDOW, {"today": TODAY - timedelta(days=31)}, {}),
    (Code.HOSPITAL_HOLIDAY, {}, {"holiday": Holiday("Holi", TODAY)}),
    (Code.DOCTOR_ABSENT, {}, {"absences": [AbsenceSpan(TODAY, TODAY, time(10, 15), time(11))]}),
    (Code.OUTSIDE_SCHEDULE, {}, {"hours": replace(HOURS, start_time=time(11))}),
    (Code.DURING_BREAK, {}, {"hours": replace(HOURS, break_start=time(10), break_end=time(11))}),
    (Code.NOT_A_SLOT, {"is_slot": False}, {}),
    (Code.SLOT_TAKEN, {}, {"taken": [span(time(10))]}),
    (Code.SLOT_BLOCKED, {}, {"blocks": [(span(time(10)), "equipment")]}),
    (Code.SLOT_HELD, {"hold": Hold(OTHER, "Reception 2", NOW + timedelta(minutes=1))}, {}),
    (Code.DOCTOR_FULLY_BOOKED, {}, {"booked_count": 3}),
]


def broken(*breaks: tuple[Code, dict[str, Any], dict[str, Any]]) -> BookingFacts:
    facts: dict[str, Any] = {}
    day: dict[str, Any] = {}
    for _, fact, doctor_fact in reversed(breaks):
        facts |= fact
        day |= doctor_fact
    return replace(SOUND, **({"doctor": replace(DOCTOR, **day)} | facts))


def test_sound_facts_are_not_refused() -> None:
    assert first_refusal(SOUND, NOW) is None


def test_there_are_fourteen_checks_in_the_order_of_the_document() -> None:
    assert [check.__doc__.split(":")[0] for check in CHECKS if check.__doc__] == [str(n) for n in range(1, 15)]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_each_check_refuses_alone(case: tuple[Code, dict[str, Any], dict[str, Any]]) -> None:
    refusal = first_refusal(broken(case), NOW)
    assert refusal is not None
    assert refusal.code is case[0]


PAIRS = [
    (first, second)
    for index, first in enumerate(BROKEN)
    for second in BROKEN[index + 1 :]
    # what is not there cannot have a second thing wrong with it
    if not (first[0] is Code.DOCTOR_NOT_FOUND and second[2])
    and not (first[0] is Code.OUTSIDE_SCHEDULE and second[0] is Code.DURING_BREAK)
    and not ("patient" in first[1] and "patient" in second[1])
    and second[0] is not Code.DOCTOR_NOT_FOUND
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0][0]}-{pair[1][0]}")
def test_of_two_the_earlier_refuses(pair: tuple[Any, Any]) -> None:
    refusal = first_refusal(broken(*pair), NOW)
    assert refusal is not None
    assert refusal.code is pair[0][0]


def test_no_check_trips_over_what_is_missing() -> None:
    facts = replace(SOUND, patient=None, doctor=None)
    refusing = {check.__name__ for check in CHECKS if check(facts, NOW) is not None}
    assert refusing == {"patient_exists", "doctor_exists"}


def test_a_block_is_overlooked_for_whoever_may() -> None:
    facts = replace(SOUND, patient=PatientFacts(PatientStatus.BLOCKED), overlook_block=True)
    assert first_refusal(facts, NOW) is None


def test_touching_appointments_of_a_patient_do_not_clash() -> None:
    facts = replace(SOUND, patient=PatientFacts(PatientStatus.ACTIVE, [span(time(9, 30)), span(time(10, 30))]))
    assert first_refusal(facts, NOW) is None


def test_a_time_can_be_booked_at_the_minute_it_begins_and_not_after() -> None:
    start = SOUND.wanted.span.starts_at
    assert first_refusal(SOUND, start) is None
    late = first_refusal(SOUND, start + timedelta(microseconds=1))
    assert late is not None
    assert late.code is Code.DATE_IN_PAST


@pytest.mark.parametrize(("ahead", "refused"), [(0, False), (29, False), (30, False), (31, True)])
def test_the_window_ends_thirty_days_ahead_that_day_included(ahead: int, refused: bool) -> None:  # noqa: FBT001
    day = TODAY + timedelta(days=ahead)
    refusal = first_refusal(replace(SOUND, wanted=wanted(day=day)), NOW)
    assert (refusal is not None) is refused
    if refusal is not None:
        assert refusal.facts["last_day"] == TODAY + timedelta(days=30)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (time(8, 59), Code.OUTSIDE_SCHEDULE),
        (time(9), None),
        (time(12, 59), None),
        (time(13), Code.DURING_BREAK),
        (time(13, 59), Code.DURING_BREAK),
        (time(14), None),
        (time(16, 59), None),
        (time(17), Code.OUTSIDE_SCHEDULE),
    ],
)
def test_hours_and_break_begin_inside_and_end_outside(at: time, code: Code | None) -> None:
    refusal = first_refusal(replace(SOUND, wanted=wanted(at, time(23, 59))), NOW)
    assert (refusal and refusal.code) is code


def test_a_day_off_is_outside_the_schedule() -> None:
    refusal = first_refusal(doctor(hours=None), NOW)
    assert refusal is not None
    assert refusal.code is Code.OUTSIDE_SCHEDULE


def test_hours_without_a_break_have_none() -> None:
    assert first_refusal(doctor(hours=replace(HOURS, break_start=None, break_end=None)), NOW) is None


def test_an_absence_of_another_part_of_the_day_does_not_matter() -> None:
    assert first_refusal(doctor(absences=[AbsenceSpan(TODAY, TODAY, time(10, 30), time(12))]), NOW) is None


@pytest.mark.parametrize(
    ("holder", "until", "refused"),
    [(OTHER, timedelta(seconds=1), True), (OTHER, timedelta(0), False), (ME, timedelta(minutes=2), False)],
)
def test_only_another_ones_hold_that_lasts_keeps_out(holder: UUID, until: timedelta, refused: bool) -> None:  # noqa: FBT001
    facts = replace(SOUND, hold=Hold(holder, "x", NOW + until))
    assert (first_refusal(facts, NOW) is not None) is refused


def test_blocks_and_appointments_that_only_touch_do_not_matter() -> None:
    around = [span(time(9, 30)), span(time(10, 30))]
    assert first_refusal(doctor(taken=around, blocks=[(item, None) for item in around]), NOW) is None


@pytest.mark.parametrize(("booked", "refused"), [(2, False), (3, True), (4, True)])
def test_the_day_is_full_at_its_maximum(booked: int, refused: bool) -> None:  # noqa: FBT001
    assert (first_refusal(doctor(booked_count=booked), NOW) is not None) is refused


def test_what_a_grid_asks_is_everything_but_the_patient() -> None:
    assert first_refusal(replace(SOUND, patient=None), NOW, SLOT_CHECKS) is None
    assert CHECKS[3:] == SLOT_CHECKS
