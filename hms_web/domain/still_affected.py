"""Why an appointment needs attention now, when one reason for it has gone (product.md: the affected list)."""

from collections.abc import Collection
from datetime import date, time

from hms_web.domain.affected import AffectedCause, fits
from hms_web.domain.booking import DoctorDay


def due_causes(doctor: DoctorDay, day: date, start: time, end: time) -> tuple[AffectedCause, ...]:
    """Return all that speaks against an appointment of a doctor's day at a local time: the hospital's reasons first."""
    absent = any(absence.covers(day, start, end) for absence in doctor.absences)
    speaking = {
        AffectedCause.DOCTOR_UNAVAILABLE: not (doctor.is_active and doctor.is_available),
        AffectedCause.HOLIDAY: doctor.holiday is not None,
        AffectedCause.ABSENCE: absent,
        AffectedCause.SCHEDULE_CHANGE: not fits(doctor.hours, start, end),
    }
    return tuple(cause for cause, speaks in speaking.items() if speaks)


def due_cause(doctor: DoctorDay, day: date, start: time, end: time) -> AffectedCause | None:
    """Return what speaks first against an appointment, or None when nothing does."""
    return next(iter(due_causes(doctor, day, start, end)), None)


def is_settled(kept: AffectedCause | None, due: Collection[AffectedCause]) -> bool:
    """Whether an appointment is to be left alone: nothing speaks against it, or somebody kept it in spite of that."""
    return not due or kept in due
