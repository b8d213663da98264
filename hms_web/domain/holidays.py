"""Days on which the whole hospital is closed (product.md, Holidays)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holiday:
    """A closed day; a recurring one closes the same month and day of every year, 29 February only in leap years."""

    name: str
    date: dt.date
    is_recurring: bool = False

    def falls_on(self, day: dt.date) -> bool:
        """Whether the hospital is closed on `day` because of this one."""
        if self.is_recurring:
            return (self.date.month, self.date.day) == (day.month, day.day)
        return self.date == day


def holiday_on(day: dt.date, holidays: Iterable[Holiday]) -> Holiday | None:
    """Return the first holiday that falls on `day`, or None."""
    return next((holiday for holiday in holidays if holiday.falls_on(day)), None)
