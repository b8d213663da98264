"""Appointments that the hospital put in question (product.md: the affected list)."""

from enum import StrEnum


class AffectedCause(StrEnum):
    """Why an appointment needs attention."""

    ABSENCE = "ABSENCE"
    HOLIDAY = "HOLIDAY"
    SCHEDULE_CHANGE = "SCHEDULE_CHANGE"
    DOCTOR_UNAVAILABLE = "DOCTOR_UNAVAILABLE"
