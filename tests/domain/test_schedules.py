"""Weekly hours: what is wrong with them, and the slots they give."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from hms_web.domain.schedules import (
    DayHours,
    DayOfWeek,
    changed_days,
    hours_mistakes,
    hours_on,
    slot_times,
    week_mistakes,
)

MONDAY = DayHours(DayOfWeek.MONDAY, time(9), time(17), time(13), time(14))
TUESDAY = DayHours(DayOfWeek.TUESDAY, time(8), time(12))


def test_days_follow_the_calendar() -> None:
    assert DayOfWeek.of(date(2026, 3, 2)) is DayOfWeek.MONDAY
    assert DayOfWeek.of(date(2026, 3, 8)) is DayOfWeek.SUNDAY


def test_slots_begin_anew_after_the_break() -> None:
    times = slot_times(replace(MONDAY, start_time=time(9), end_time=time(15), break_start=time(12, 50)), 45)
    assert times == [
        (time(9), time(9, 45)),
        (time(9, 45), time(10, 30)),
        (time(10, 30), time(11, 15)),
        (time(11, 15), time(12)),
        (time(12), time(12, 45)),
        (time(14), time(14, 45)),
    ]


def test_without_a_break_slots_run_through() -> None:
    assert slot_times(TUESDAY, 120) == [(time(8), time(10)), (time(10), time(12))]
    assert slot_times(replace(TUESDAY, break_start=time(9)), 240) == [(time(8), time(12))]


def test_a_slot_longer_than_the_hours_is_not_made() -> None:
    assert slot_times(TUESDAY, 241) == []


def test_hours_that_are_switched_off_give_none() -> None:
    assert slot_times(replace(TUESDAY, is_active=False), 30) == []


def test_sound_hours_have_no_mistakes() -> None:
    assert hours_mistakes(MONDAY) == []
    assert hours_mistakes(TUESDAY) == []
    assert hours_mistakes(replace(MONDAY, break_start=time(9), break_end=time(17))) == []


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"end_time": time(9)}, ["endTime", "breakStart"]),
        ({"end_time": time(8)}, ["endTime", "breakStart"]),
        ({"break_start": None}, ["breakStart"]),
        ({"break_end": None}, ["breakEnd"]),
        ({"break_end": time(13)}, ["breakEnd"]),
        ({"break_end": time(12)}, ["breakEnd"]),
        ({"break_start": time(8, 59)}, ["breakStart"]),
        ({"break_end": time(17, 1)}, ["breakStart"]),
    ],
)
def test_mistakes_name_their_field(changed: dict[str, Any], fields: list[str]) -> None:
    assert [field for field, _ in hours_mistakes(replace(MONDAY, **changed))] == fields


def test_an_end_before_the_start_is_named_without_a_break_too() -> None:
    assert [field for field, _ in hours_mistakes(replace(TUESDAY, end_time=time(8)))] == ["endTime"]


def test_a_week_names_the_entry_and_refuses_a_second_one_of_a_day() -> None:
    week = [MONDAY, replace(TUESDAY, end_time=time(7)), replace(MONDAY, start_time=time(10))]
    assert week_mistakes(week) == [
        ("schedules.1.endTime", "The end must be after the start."),
        ("schedules.2.dayOfWeek", "There is already an entry for this day."),
    ]
    assert week_mistakes([MONDAY, TUESDAY]) == []


def test_the_hours_of_a_date_are_its_weekdays() -> None:
    week = [MONDAY, TUESDAY]
    assert hours_on(date(2026, 3, 2), week) == MONDAY
    assert hours_on(date(2026, 3, 3), week) == TUESDAY
    assert hours_on(date(2026, 3, 4), week) is None
    assert hours_on(date(2026, 3, 2), [replace(MONDAY, is_active=False), TUESDAY]) is None


def test_the_days_whose_hours_differ() -> None:
    monday = DayHours(DayOfWeek.MONDAY, time(9), time(17))
    tuesday = DayHours(DayOfWeek.TUESDAY, time(9), time(17))
    off = replace(tuesday, is_active=False)
    assert changed_days([monday, tuesday], [tuesday, monday]) == set()
    assert changed_days([monday, tuesday], [monday, off]) == {DayOfWeek.TUESDAY}
    assert changed_days([monday, off], [replace(monday, end_time=time(12))]) == {DayOfWeek.MONDAY}
