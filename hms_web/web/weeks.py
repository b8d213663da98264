"""The form of a doctor's weekly hours: seven rows that may be on or off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from hms_web.domain.refusals import InvalidInput
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.web import asked, language
from hms_web.web.language import gettext

DAYS = {
    DayOfWeek.MONDAY: lazy_gettext("Monday"),
    DayOfWeek.TUESDAY: lazy_gettext("Tuesday"),
    DayOfWeek.WEDNESDAY: lazy_gettext("Wednesday"),
    DayOfWeek.THURSDAY: lazy_gettext("Thursday"),
    DayOfWeek.FRIDAY: lazy_gettext("Friday"),
    DayOfWeek.SATURDAY: lazy_gettext("Saturday"),
    DayOfWeek.SUNDAY: lazy_gettext("Sunday"),
}
PARTS = {
    "start": lazy_gettext("from"),
    "end": lazy_gettext("until"),
    "break_start": lazy_gettext("break from"),
    "break_end": lazy_gettext("break until"),
}
NEEDED = {"start": lazy_gettext("Say from when."), "end": lazy_gettext("Say until when.")}
API_NAMES = {"startTime": "start", "endTime": "end", "breakStart": "break_start", "breakEnd": "break_end"}


@dataclass(slots=True)
class Row:
    """One weekday as it was typed, with what is wrong with it."""

    day: DayOfWeek
    is_on: bool = False
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the ids of its fields begin with."""
        return self.day.lower()

    @property
    def name(self) -> LazyString:
        """The weekday's name."""
        return DAYS[self.day]

    @property
    def hours(self) -> DayHours | None:
        """Its hours; None for a day off of which no hours are known, or while something is wrong."""
        start, end, break_start, break_end = (asked.clock_time(self.typed.get(part)) for part in PARTS)
        if start is None or end is None:
            return None
        hours = DayHours(self.day, start, end, break_start, break_end, is_active=self.is_on)
        return hours if self.is_on or self._is_sound(hours) else None

    @staticmethod
    def _is_sound(hours: DayHours) -> bool:
        if hours.end_time <= hours.start_time or (hours.break_start is None) != (hours.break_end is None):
            return False
        if hours.break_start is None or hours.break_end is None:
            return True
        return hours.start_time <= hours.break_start < hours.break_end <= hours.end_time

    def check(self) -> None:
        """Note what is missing or cannot be read of a day that is on."""
        for part in PARTS if self.is_on else ():
            if self.typed.get(part) and asked.clock_time(self.typed[part]) is None:
                self.errors.setdefault(part, []).append(gettext("Write a time like 09:30."))
            elif part in NEEDED and not self.typed.get(part):
                self.errors.setdefault(part, []).append(str(NEEDED[part]))


class Week:
    """Seven rows; `mistakes` is what the summary above the form lists."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.whole: list[str] = []

    @classmethod
    def of(cls, schedules: Sequence[DayHours]) -> "Week":
        """The form with the hours as they are."""
        known = {hours.day_of_week: hours for hours in schedules}
        return cls([_row(day, known.get(day)) for day in DayOfWeek])

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Week":
        """The form as it was sent."""
        rows = []
        for day in DayOfWeek:
            typed = {part: values.get(f"{day.lower()}-{part}", "").strip() for part in PARTS}
            row = Row(day, f"{day.lower()}-on" in values, typed)
            row.check()
            rows.append(row)
        return cls(rows)

    @property
    def hours(self) -> list[DayHours]:
        """What the rows say, for the service."""
        return [hours for row in self.rows if (hours := row.hours) is not None]

    def take(self, invalid: InvalidInput) -> None:
        """Put the mistakes that the service found at the fields they are about."""
        given = [row for row in self.rows if row.hours is not None]
        for name, sentence in language.mistakes(invalid):
            _, index, part = (*name.split("."), "", "")[:3]
            if index.isdigit() and part in API_NAMES:
                given[int(index)].errors.setdefault(API_NAMES[part], []).append(sentence)
            else:
                self.whole.append(sentence)

    @property
    def mistakes(self) -> list[tuple[str | None, str]]:
        """Every mistake, with the id of its field and the day it is about."""
        whole: list[tuple[str | None, str]] = [(None, sentence) for sentence in self.whole]
        return whole + [
            (f"{row.id}-{part}", f"{row.name}: {sentence}")
            for row in self.rows
            for part, sentences in row.errors.items()
            for sentence in sentences
        ]


def _row(day: DayOfWeek, hours: DayHours | None) -> Row:
    if hours is None:
        return Row(day)
    times = (hours.start_time, hours.end_time, hours.break_start, hours.break_end)
    typed = {part: f"{at:%H:%M}" for part, at in zip(PARTS, times, strict=True) if at is not None}
    return Row(day, hours.is_active, typed)
