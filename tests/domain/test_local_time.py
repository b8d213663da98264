"""Wall clocks and instants, on ordinary days and when a clock change skips or repeats an hour."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain.local_time import Span, day_span, first_instant, instant_of, local_date, span_of

NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KOLKATA = ZoneInfo("Asia/Kolkata")
SPRING = date(2026, 3, 8)  # New York skips 02:00 to 03:00
AUTUMN = date(2026, 11, 1)  # and repeats 01:00 to 02:00


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def span(start: int, end: int) -> Span:
    return Span(utc(2026, 1, 1, start), utc(2026, 1, 1, end))


def test_spans_that_share_time_overlap_and_touching_ones_do_not() -> None:
    assert span(9, 11).overlaps(span(10, 12))
    assert span(10, 12).overlaps(span(9, 11))
    assert span(9, 12).overlaps(span(10, 11))
    assert not span(9, 10).overlaps(span(10, 11))
    assert not span(10, 11).overlaps(span(9, 10))


def test_an_ordinary_time_is_counted_with_the_zones_offset() -> None:
    assert instant_of(date(2026, 3, 2), time(10), KOLKATA) == utc(2026, 3, 2, 4, 30)
    assert first_instant(date(2026, 3, 2), time(10), KOLKATA) == utc(2026, 3, 2, 4, 30)


@pytest.mark.parametrize(
    ("zone", "day", "at"),
    [
        (NEW_YORK, SPRING, time(2)),
        (NEW_YORK, SPRING, time(2, 59)),
        (CAIRO, date(2026, 4, 24), time(0)),
        (CAIRO, date(2026, 4, 24), time(0, 30)),
        (LORD_HOWE, date(2026, 10, 4), time(2, 15)),
    ],
)
def test_a_skipped_time_does_not_exist(zone: ZoneInfo, day: date, at: time) -> None:
    assert instant_of(day, at, zone) is None


@pytest.mark.parametrize(
    ("zone", "day", "at"),
    [(NEW_YORK, SPRING, time(1, 59)), (NEW_YORK, SPRING, time(3)), (LORD_HOWE, date(2026, 10, 4), time(2, 30))],
)
def test_the_times_beside_a_skip_exist(zone: ZoneInfo, day: date, at: time) -> None:
    assert instant_of(day, at, zone) is not None


def test_a_repeated_time_means_the_first_of_the_two() -> None:
    assert instant_of(AUTUMN, time(1, 30), NEW_YORK) == utc(2026, 11, 1, 5, 30)
    assert instant_of(AUTUMN, time(1, 30, fold=1), NEW_YORK) == utc(2026, 11, 1, 5, 30)
    assert instant_of(date(2026, 4, 5), time(1, 45), LORD_HOWE) == utc(2026, 4, 4, 14, 45)


def test_a_span_lasts_its_minutes_of_real_time() -> None:
    assert span_of(AUTUMN, time(1, 45), 30, NEW_YORK) == Span(utc(2026, 11, 1, 5, 45), utc(2026, 11, 1, 6, 15))


def test_a_span_that_begins_in_or_runs_into_a_skip_does_not_exist() -> None:
    assert span_of(SPRING, time(2), 30, NEW_YORK) is None
    assert span_of(SPRING, time(1, 45), 30, NEW_YORK) is None
    assert span_of(SPRING, time(1, 30), 30, NEW_YORK) == Span(utc(2026, 3, 8, 6, 30), utc(2026, 3, 8, 7))


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 3, 2), 24)])
def test_a_local_day_has_the_hours_that_the_clock_gives_it(day: date, hours: int) -> None:
    whole = day_span(day, NEW_YORK)
    assert whole.ends_at - whole.starts_at == timedelta(hours=hours)
    assert local_date(whole.starts_at, NEW_YORK) == day
    assert local_date(whole.ends_at, NEW_YORK) == day + timedelta(days=1)


def test_a_day_whose_midnight_is_skipped_begins_after_it() -> None:
    whole = day_span(date(2026, 4, 24), CAIRO)
    assert whole.starts_at == utc(2026, 4, 23, 22)
    assert whole.ends_at - whole.starts_at == timedelta(hours=23)


def test_the_local_date_is_the_zones() -> None:
    assert local_date(utc(2026, 3, 1, 18, 29), KOLKATA) == date(2026, 3, 1)
    assert local_date(utc(2026, 3, 1, 18, 30), KOLKATA) == date(2026, 3, 2)


@given(
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    at=st.times(),
    zone=st.sampled_from([NEW_YORK, CAIRO, LORD_HOWE, KOLKATA]),
)
def test_an_instant_shows_the_time_it_was_made_of(day: date, at: time, zone: ZoneInfo) -> None:
    instant = instant_of(day, at, zone)
    if instant is not None:
        shown = instant.astimezone(zone)
        assert (shown.date(), shown.time()) == (day, at)
