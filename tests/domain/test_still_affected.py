"""Why an appointment needs attention, whichever reason comes first."""

from dataclasses import replace
from datetime import date, time

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.affected import AffectedCause
from hms_web.domain.booking import DoctorDay
from hms_web.domain.holidays import Holiday
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.still_affected import due_cause, due_causes, is_settled

DAY = date(2026, 3, 2)
FREE = DoctorDay(
    is_available=True,
    is_active=True,
    max_patients_per_day=30,
    hours=DayHours(DayOfWeek.MONDAY, time(9), time(17), time(13), time(14)),
)
AWAY = AbsenceSpan(DAY, DAY, time(10), time(12))


def cause(doctor: DoctorDay, start: time = time(10)) -> AffectedCause | None:
    return due_cause(doctor, DAY, start, start.replace(minute=30))


def test_nothing_speaks_against_an_ordinary_day() -> None:
    assert cause(FREE) is None
    assert cause(replace(FREE, absences=[AWAY]), time(12)) is None
    all_day = DayHours(DayOfWeek.MONDAY, time(9), time(17))
    assert cause(replace(FREE, hours=all_day), time(13)) is None


def test_each_reason_is_seen() -> None:
    assert cause(replace(FREE, is_active=False)) is AffectedCause.DOCTOR_UNAVAILABLE
    assert cause(replace(FREE, is_available=False)) is AffectedCause.DOCTOR_UNAVAILABLE
    assert cause(replace(FREE, holiday=Holiday("Holi", DAY))) is AffectedCause.HOLIDAY
    assert cause(replace(FREE, absences=[AWAY])) is AffectedCause.ABSENCE
    assert cause(replace(FREE, hours=None)) is AffectedCause.SCHEDULE_CHANGE
    assert cause(FREE, time(13)) is AffectedCause.SCHEDULE_CHANGE


def test_the_hospitals_reasons_come_before_the_doctors() -> None:
    everything = replace(FREE, is_active=False, holiday=Holiday("Holi", DAY), absences=[AWAY], hours=None)
    assert cause(everything) is AffectedCause.DOCTOR_UNAVAILABLE
    assert cause(replace(everything, is_active=True)) is AffectedCause.HOLIDAY
    assert cause(replace(everything, is_active=True, holiday=None)) is AffectedCause.ABSENCE
    assert due_causes(everything, DAY, time(10), time(10, 30)) == (
        AffectedCause.DOCTOR_UNAVAILABLE,
        AffectedCause.HOLIDAY,
        AffectedCause.ABSENCE,
        AffectedCause.SCHEDULE_CHANGE,
    )


def test_what_was_kept_is_left_alone_while_its_reason_lasts() -> None:
    absence, hours = AffectedCause.ABSENCE, AffectedCause.SCHEDULE_CHANGE
    assert is_settled(None, [])
    assert is_settled(absence, [])
    assert is_settled(absence, [absence, hours])
    assert not is_settled(absence, [hours])
    assert not is_settled(None, [absence])
