"""Which slots an absence closes or opens, and how full a day is."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

from hms_web.domain.absence_slots import DayLoad, load, touched
from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.booking import DoctorDay
from hms_web.domain.holidays import Holiday
from hms_web.domain.local_time import Span
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.slots import slots_of_day

DAY = date(2026, 3, 2)
HOURS = DayHours(DayOfWeek.MONDAY, time(9), time(12))
SLOTS = slots_of_day(DAY, HOURS, 30, UTC)
DOCTOR = DoctorDay(is_available=True, is_active=True, max_patients_per_day=30, hours=HOURS)
WHOLE = AbsenceSpan(DAY, DAY)
EARLY = datetime(2026, 3, 2, 6, tzinfo=UTC)


def span(start: int, minutes: int = 30) -> Span:
    at = datetime(2026, 3, 2, start, tzinfo=UTC)
    return Span(at, at.replace(minute=minutes) if minutes < 60 else at.replace(hour=start + 1))


def part(start: time, end: time) -> AbsenceSpan:
    return AbsenceSpan(DAY, DAY, start, end)


def test_a_whole_day_closes_all_its_slots_and_tells_the_booked_ones_apart() -> None:
    found = touched(SLOTS, replace(DOCTOR, taken=[span(10)]), WHOLE, [], EARLY)
    assert found is not None
    assert (found.day, found.count) == (DAY, 6)
    assert found.booked == (time(10),)
    assert found.free == (time(9), time(9, 30), time(10, 30), time(11), time(11, 30))


def test_part_of_a_day_closes_every_slot_that_it_touches() -> None:
    found = touched(SLOTS, DOCTOR, part(time(9, 45), time(10, 30)), [], EARLY)
    assert found is not None
    assert found.free == (time(9, 30), time(10))


def test_a_slot_that_has_begun_is_not_counted() -> None:
    found = touched(SLOTS, DOCTOR, WHOLE, [], datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert found is not None
    assert found.free == (time(11), time(11, 30))
    assert touched(SLOTS, DOCTOR, WHOLE, [], datetime(2026, 3, 2, 12, tzinfo=UTC)) is None


def test_what_something_else_closes_is_not_its_doing() -> None:
    blocked = touched(SLOTS, replace(DOCTOR, blocks=[(span(9, 60), "Meeting")]), WHOLE, [], EARLY)
    beside = touched(SLOTS, DOCTOR, WHOLE, [part(time(9), time(10))], EARLY)
    for found in (blocked, beside):
        assert found is not None
        assert found.free == (time(10), time(10, 30), time(11), time(11, 30))
    for closed in (
        replace(DOCTOR, holiday=Holiday("Holi", DAY)),
        replace(DOCTOR, is_available=False),
        replace(DOCTOR, is_active=False),
    ):
        assert touched(SLOTS, closed, WHOLE, [], EARLY) is None


def test_how_full_a_day_is() -> None:
    assert load(SLOTS, DOCTOR) == DayLoad(0, 6)
    assert load(SLOTS, replace(DOCTOR, taken=[span(9), span(10)])) == DayLoad(2, 6)
    assert load(SLOTS, replace(DOCTOR, max_patients_per_day=4)) == DayLoad(0, 4)
    assert load([], DOCTOR) == DayLoad(0, 0)


def test_closed_time_offers_nothing_and_who_lies_in_it_is_counted_apart() -> None:
    booked = replace(DOCTOR, taken=[span(9), span(11)])
    assert load(SLOTS, replace(booked, absences=[part(time(9), time(10))])) == DayLoad(1, 4, 1)
    assert load(SLOTS, replace(booked, absences=[WHOLE])) == DayLoad(0, 0, 2)
    assert load(SLOTS, replace(booked, holiday=Holiday("Holi", DAY))) == DayLoad(0, 0, 2)
    assert load(SLOTS, replace(booked, blocks=[(span(9, 60), None)])) == DayLoad(1, 4, 1)


def test_a_day_is_full_when_nobody_else_fits() -> None:
    assert DayLoad(6, 6).is_full
    assert DayLoad(7, 6).is_full
    assert not DayLoad(5, 6).is_full
    assert not DayLoad(0, 0, 2).is_full
