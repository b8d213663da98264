"""A doctor's time away (product.md, Absences)."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from uuid import UUID

from hms_web.domain.phrases import phrase


class AbsenceType(StrEnum):
    """Why a doctor is away; EMERGENCY also cancels who was booked."""

    ANNUAL_LEAVE = "ANNUAL_LEAVE"
    SICK_LEAVE = "SICK_LEAVE"
    CONFERENCE = "CONFERENCE"
    TRAINING = "TRAINING"
    PERSONAL = "PERSONAL"
    EMERGENCY = "EMERGENCY"
    OTHER = "OTHER"


class AbsenceStatus(StrEnum):
    """Whether an absence still holds."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class AbsenceSpan:
    """The local days, or the hours of one local day, that a doctor is away; no hours means whole days."""

    start_date: date
    end_date: date
    start_time: time | None = None
    end_time: time | None = None
    absence_type: AbsenceType = AbsenceType.OTHER
    absence_id: UUID | None = None

    @property
    def is_full_day(self) -> bool:
        """Whether whole days are meant."""
        return self.start_time is None or self.end_time is None

    def covers(self, day: date, start: time, end: time) -> bool:
        """Whether any part of the local time from `start` to `end` on `day` falls inside."""
        if not self.start_date <= day <= self.end_date:
            return False
        if self.start_time is None or self.end_time is None:
            return True
        return start < self.end_time and self.start_time < end

    def overlaps(self, other: "AbsenceSpan") -> bool:
        """Whether two absences share any time; two parts of one day that do not meet are allowed."""
        if self.start_date > other.end_date or other.start_date > self.end_date:
            return False
        if self.start_time is None or self.end_time is None or other.start_time is None or other.end_time is None:
            return True
        return self.start_time < other.end_time and other.start_time < self.end_time


def mistakes(span: AbsenceSpan, *, is_full_day: bool, today: date) -> list[tuple[str, str]]:
    """Return what is wrong with a wanted absence as pairs of field and sentence; empty when it is sound."""
    wrong: list[tuple[str, str]] = []
    if span.end_date < span.start_date:
        wrong.append(("endDate", phrase("The last day cannot be before the first day.")))
    if span.start_date < today:
        wrong.append(("startDate", phrase("The first day cannot be in the past.")))
    if is_full_day:
        if span.start_time is not None or span.end_time is not None:
            wrong.append(("startTime", phrase("A full-day absence has no hours.")))
        return wrong
    if span.start_date != span.end_date:
        wrong.append(("endDate", phrase("An absence for part of a day is on one date.")))
    if span.start_time is None:
        wrong.append(("startTime", phrase("Say from when.")))
    if span.end_time is None:
        wrong.append(("endTime", phrase("Say until when.")))
    if span.start_time is not None and span.end_time is not None and span.end_time <= span.start_time:
        wrong.append(("endTime", phrase("The end must be after the start.")))
    return wrong
