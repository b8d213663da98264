"""Why an appointment needs attention now, when one reason for it has gone (product.md: the affected list)."""

from datetime import date, time

from hms_web.domain.affected import AffectedCause, fits
from hms_web.domain.booking import DoctorDay


def due_cause(doctor: DoctorDay, day: date, start: time, end: time) -> AffectedCause | None:
    """Return what speaks against an appointment of a doctor's day at a local time, or None when nothing does."""
    if not (doctor.is_active and doctor.is_available):
        return AffectedCause.DOCTOR_UNAVAILABLE
    if doctor.holiday is not None:
        return AffectedCause.HOLIDAY
    if any(absence.covers(day, start, end) for absence in doctor.absences):
        return AffectedCause.ABSENCE
    return None if fits(doctor.hours, start, end) else AffectedCause.SCHEDULE_CHANGE
