"""Which of a country's public holidays a hospital takes over."""

from datetime import date

import pytest

from hms_web.domain.holiday_import import ImportState, KnownHoliday, candidates, year_mistake
from hms_web.domain.holidays import Holiday

TODAY = date(2026, 3, 2)
HOLI = Holiday("Holi", date(2026, 3, 4))


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ([], ImportState.NEW),
        ([KnownHoliday(Holiday("Spring", HOLI.date), is_active=True)], ImportState.THERE),
        ([KnownHoliday(Holiday("Spring", date(1999, 3, 4), is_recurring=True), is_active=True)], ImportState.THERE),
        ([KnownHoliday(HOLI, is_active=False)], ImportState.SWITCHED_OFF),
        ([KnownHoliday(HOLI, is_active=False), KnownHoliday(HOLI, is_active=True)], ImportState.THERE),
        ([KnownHoliday(Holiday("Holi", date(2025, 3, 4)), is_active=True)], ImportState.NEW),
    ],
)
def test_a_day_is_closed_once_and_what_was_switched_off_stays_off(
    known: list[KnownHoliday], state: ImportState
) -> None:
    assert [item.state for item in candidates([HOLI], known, TODAY)] == [state]


def test_a_day_that_is_over_closes_nothing() -> None:
    yesterday, today = Holiday("A", date(2026, 3, 1)), Holiday("B", TODAY)
    assert [(item.holiday.name, item.state) for item in candidates([today, yesterday], [], TODAY)] == [
        ("A", ImportState.PAST),
        ("B", ImportState.NEW),
    ]


def test_a_name_is_as_long_as_a_name_may_be() -> None:
    assert candidates([Holiday("x" * 119 + " y", TODAY)], [], TODAY)[0].holiday.name == "x" * 119


@pytest.mark.parametrize(("year", "is_right"), [(2025, False), (2026, True), (2031, True), (2032, False)])
def test_this_year_and_the_next_five(year: int, is_right: bool) -> None:  # noqa: FBT001
    assert (year_mistake(year, TODAY) is None) is is_right
    if not is_right:
        assert year_mistake(year, TODAY) == "Choose a year from 2026 to 2031."
