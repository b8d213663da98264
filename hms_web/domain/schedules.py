"""A doctor's weekly hours and the slots they give (product.md, Slots)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from hms_web.domain.phrases import phrase

MIN_SLOT_MINUTES, MAX_SLOT_MINUTES = 5, 240


class DayOfWeek(StrEnum):
    """Days in the order of date.weekday()."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"

    @classmethod
    def of(cls, day: date) -> "DayOfWeek":
        """Return the weekday of a date."""
        return _IN_ORDER[day.weekday()]


_IN_ORDER = tuple(DayOfWeek)


@dataclass(frozen=True, slots=True)
class DayHours:
    """One weekday's hours and break."""

    day_of_week: DayOfWeek
    start_time: time
    end_time: time
    break_start: time | None = None
    break_end: time | None = None
    is_active: bool = True


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def slot_times(hours: DayHours, slot_minutes: int) -> list[tuple[time, time]]:
    """Return the local start and end of each slot of a day, in order.

    A slot that would run into the break or past the end is not made; after the break they begin anew.
    """
    if not hours.is_active:
        return []
    start, end = _minutes(hours.start_time), _minutes(hours.end_time)
    stretches = [(start, end)]
    if hours.break_start is not None and hours.break_end is not None:
        stretches = [(start, _minutes(hours.break_start)), (_minutes(hours.break_end), end)]
    return [
        (_time(at), _time(at + slot_minutes))
        for first, last in stretches
        for at in range(first, last - slot_minutes + 1, slot_minutes)
    ]


def hours_mistakes(hours: DayHours) -> list[tuple[str, str]]:
    """Return what is wrong with one day's hours as pairs of field and sentence."""
    wrong: list[tuple[str, str]] = []
    if hours.end_time <= hours.start_time:
        wrong.append(("endTime", phrase("The end must be after the start.")))
    if hours.break_start is None and hours.break_end is None:
        return wrong
    if hours.break_start is None:
        return [*wrong, ("breakStart", phrase("Say when the break starts, or leave out its end too."))]
    if hours.break_end is None:
        return [*wrong, ("breakEnd", phrase("Say when the break ends, or leave out its start too."))]
    if hours.break_end <= hours.break_start:
        wrong.append(("breakEnd", phrase("The break must end after it starts.")))
    if not (hours.start_time <= hours.break_start and hours.break_end <= hours.end_time):
        inside = phrase("The break must lie inside the hours. For a day without one, empty both its times.")
        wrong.append(("breakStart", inside))
    return wrong


def week_mistakes(week: Iterable[DayHours]) -> list[tuple[str, str]]:
    """Return what is wrong with a week's hours; fields read like `schedules.0.endTime`."""
    wrong: list[tuple[str, str]] = []
    seen: set[DayOfWeek] = set()
    for index, hours in enumerate(week):
        wrong += [(f"schedules.{index}.{field}", message) for field, message in hours_mistakes(hours)]
        if hours.day_of_week in seen:
            wrong.append((f"schedules.{index}.dayOfWeek", phrase("There is already an entry for this day.")))
        seen.add(hours.day_of_week)
    return wrong


def hours_on(day: date, week: Iterable[DayHours]) -> DayHours | None:
    """Return the active hours of a date's weekday, or None on a day off."""
    weekday = DayOfWeek.of(day)
    return next((hours for hours in week if hours.day_of_week is weekday and hours.is_active), None)


def changed_days(before: Iterable[DayHours], after: Iterable[DayHours]) -> frozenset[DayOfWeek]:
    """Return the weekdays whose hours differ between two weeks; a day off is one without active hours."""
    differing = {hours for hours in before if hours.is_active} ^ {hours for hours in after if hours.is_active}
    return frozenset(hours.day_of_week for hours in differing)
