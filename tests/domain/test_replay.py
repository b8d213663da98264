"""A season's rows become weekly hours and deeds with their instants (docs/replay.md)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain.importing import Unusable
from hms_web.domain.replay import Deed, Fate, Visit, deeds_of, last_attended, ticks, week_of
from hms_web.domain.schedules import DayHours, DayOfWeek, slot_times

KOLKATA = ZoneInfo("Asia/Kolkata")
MONDAY, TUESDAY = date(2026, 8, 3), date(2026, 8, 4)


def a_visit(fate: Fate, arrives: time | None = None, seen: tuple[time, time] | None = None) -> Visit:
    return Visit("7", "1", date(2026, 7, 31), MONDAY, time(10), fate, arrives, seen)


def local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, KOLKATA).astimezone(UTC)


def test_an_appointment_is_booked_at_eight_on_its_booking_day_and_no_more() -> None:
    for fate in (Fate.DID_NOT_ATTEND, Fate.UNKNOWN, Fate.SCHEDULED):
        assert deeds_of(a_visit(fate), KOLKATA) == [(local(date(2026, 7, 31), time(8)), Deed.BOOK)]


def test_a_cancelled_one_is_cancelled_half_an_hour_after_its_booking() -> None:
    deeds = deeds_of(a_visit(Fate.CANCELLED), KOLKATA)
    assert deeds[1:] == [(local(date(2026, 7, 31), time(8, 30)), Deed.CANCEL)]


@pytest.mark.parametrize(
    ("arrives", "seen", "expected"),
    [
        # vitals five minutes after check-in; seen when the file says
        (time(9, 44, 43), (time(9, 55), time(10, 6)), [time(9, 44, 43), time(9, 49, 43), time(9, 55), time(10, 6)]),
        # the doctor begins sooner than five minutes after check-in
        (
            time(9, 44, 43),
            (time(9, 45, 44), time(9, 57)),
            [time(9, 44, 43), time(9, 45, 44), time(9, 45, 44), time(9, 57)],
        ),
        # nobody is seen before they are here, nor for less than a minute
        (time(10, 5), (time(10), time(10, 4)), [time(10, 5), time(10, 5), time(10, 5), time(10, 6)]),
    ],
)
def test_an_attended_one_is_checked_in_measured_seen_and_completed(
    arrives: time, seen: tuple[time, time], expected: list[time]
) -> None:
    deeds = deeds_of(a_visit(Fate.ATTENDED, arrives, seen), KOLKATA)
    assert [deed for _, deed in deeds] == [Deed.BOOK, Deed.CHECK_IN, Deed.VITALS, Deed.START, Deed.COMPLETE]
    assert [at for at, _ in deeds[1:]] == [local(MONDAY, at) for at in expected]


def test_the_last_attended_day_ends_the_season() -> None:
    later = Visit("8", "1", MONDAY, TUESDAY, time(10), Fate.SCHEDULED)
    assert last_attended([a_visit(Fate.ATTENDED, time(9), (time(9), time(10))), later]) == MONDAY
    assert last_attended([later]) is None


def test_the_scheduler_ticks_on_every_fifth_minute_that_comes() -> None:
    begin = local(MONDAY, time(9, 58, 20))
    assert list(ticks(begin, begin + timedelta(minutes=12))) == [
        local(MONDAY, time(10)),
        local(MONDAY, time(10, 5)),
        local(MONDAY, time(10, 10)),
    ]
    # one that has been is not repeated, one that falls on the end is there
    assert list(ticks(local(MONDAY, time(10)), local(MONDAY, time(10, 5)))) == [local(MONDAY, time(10, 5))]


@given(
    minutes=st.sampled_from([10, 15, 20, 30, 45, 60]),
    start=st.integers(6, 10),
    pause=st.none() | st.integers(1, 2),
)
def test_hours_are_told_from_the_slots_that_they_give(minutes: int, start: int, pause: int | None) -> None:
    stop = (time(start + 3), time(start + 3 + pause)) if pause else (None, None)
    given_hours = DayHours(DayOfWeek.MONDAY, time(start), time(start + 8), *stop)
    slots = [(MONDAY, begin) for begin, _ in slot_times(given_hours, minutes)]
    week = week_of(slots)
    assert week.slot_minutes == minutes
    assert slot_times(week.days[0], minutes) == slot_times(given_hours, minutes)


def test_a_weekday_has_the_hours_of_all_its_days_together() -> None:
    week = week_of(
        [(MONDAY, time(9)), (MONDAY + timedelta(days=7), time(9, 30)), (TUESDAY, time(9)), (TUESDAY, time(9, 30))]
    )
    assert week.days == [
        DayHours(DayOfWeek.MONDAY, time(9), time(10)),
        DayHours(DayOfWeek.TUESDAY, time(9), time(10)),
    ]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([time(9)], "too few slots"),
        ([time(9), time(9, 1)], "Slots of 1 minutes"),
        ([time(9), time(9, 30), time(11), time(13)], "2 gaps"),
        ([time(23), time(23, 30)], "past midnight"),
    ],
)
def test_what_weekly_hours_cannot_say_is_refused(times: list[time], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        week_of([(MONDAY, at) for at in times])
