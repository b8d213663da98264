"""Appointments that the hospital put in question (product.md: the affected list)."""

from datetime import time
from enum import StrEnum

from hms_web.domain.schedules import DayHours


class AffectedCause(StrEnum):
    """Why an appointment needs attention."""

    ABSENCE = "ABSENCE"
    HOLIDAY = "HOLIDAY"
    SCHEDULE_CHANGE = "SCHEDULE_CHANGE"
    DOCTOR_UNAVAILABLE = "DOCTOR_UNAVAILABLE"


class AffectedAction(StrEnum):
    """What becomes of an appointment that needs attention."""

    MOVE = "MOVE"
    KEEP = "KEEP"
    CANCEL = "CANCEL"


def fits(hours: DayHours | None, start: time, end: time) -> bool:
    """Whether an appointment from `start` to `end` lies inside a day's hours and outside its break."""
    if hours is None or start < hours.start_time or end > hours.end_time:
        return False
    if hours.break_start is None or hours.break_end is None:
        return True
    return end <= hours.break_start or start >= hours.break_end
