"""Closed days, once and every year."""

from datetime import date

import pytest

from hms_web.domain.holidays import Holiday, holiday_on

ONCE = Holiday("Opening", date(2026, 3, 2))
YEARLY = Holiday("Republic Day", date(2020, 1, 26), is_recurring=True)
LEAP = Holiday("Leap Day", date(2024, 2, 29), is_recurring=True)


@pytest.mark.parametrize(
    ("holiday", "day", "closed"),
    [
        (ONCE, date(2026, 3, 2), True),
        (ONCE, date(2027, 3, 2), False),
        (YEARLY, date(2027, 1, 26), True),
        (YEARLY, date(2027, 1, 25), False),
        (YEARLY, date(2027, 2, 26), False),
        (LEAP, date(2028, 2, 29), True),
        (LEAP, date(2027, 2, 28), False),
        (LEAP, date(2027, 3, 1), False),
    ],
)
def test_a_holiday_closes_its_days(holiday: Holiday, day: date, closed: bool) -> None:  # noqa: FBT001
    assert holiday.falls_on(day) is closed


def test_the_first_holiday_of_a_day_is_named() -> None:
    assert holiday_on(date(2026, 1, 26), [ONCE, YEARLY, LEAP]) is YEARLY
    assert holiday_on(date(2026, 1, 27), [ONCE, YEARLY, LEAP]) is None
