"""A doctor's time away: what it covers, what overlaps, what is wrong with it."""

from datetime import date, time

import pytest

from hms_web.domain.absences import AbsenceSpan, mistakes

DAY, NEXT, THIRD = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
WHOLE = AbsenceSpan(DAY, NEXT)
PART = AbsenceSpan(DAY, DAY, time(10), time(12))


def test_whole_days_cover_every_time_of_their_days() -> None:
    assert WHOLE.is_full_day
    assert WHOLE.covers(DAY, time(0), time(0, 5))
    assert WHOLE.covers(NEXT, time(23), time(23, 59))
    assert not WHOLE.covers(THIRD, time(9), time(10))
    assert not WHOLE.covers(date(2026, 3, 1), time(9), time(10))


@pytest.mark.parametrize(
    ("start", "end", "covered"),
    [
        (time(9, 30), time(10), False),
        (time(9, 30), time(10, 1), True),
        (time(10, 30), time(11), True),
        (time(11, 59), time(12, 29), True),
        (time(12), time(12, 30), False),
        (time(9), time(13), True),
    ],
)
def test_a_part_of_a_day_covers_what_shares_any_of_its_time(start: time, end: time, covered: bool) -> None:  # noqa: FBT001
    assert not PART.is_full_day
    assert PART.covers(DAY, start, end) is covered
    assert not PART.covers(NEXT, start, end)


def test_half_given_hours_count_as_whole_days() -> None:
    half = AbsenceSpan(DAY, DAY, time(10), None)
    assert half.is_full_day
    assert half.covers(DAY, time(8), time(9))


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (AbsenceSpan(THIRD, THIRD), False),
        (AbsenceSpan(date(2026, 3, 1), date(2026, 3, 1)), False),
        (AbsenceSpan(NEXT, THIRD), True),
        (PART, True),
    ],
)
def test_whole_days_overlap_what_shares_a_day(other: AbsenceSpan, overlaps: bool) -> None:  # noqa: FBT001
    assert WHOLE.overlaps(other) is overlaps
    assert other.overlaps(WHOLE) is overlaps


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        (time(8), time(10), False),
        (time(12), time(13), False),
        (time(8), time(10, 1), True),
        (time(11, 59), time(13), True),
    ],
)
def test_parts_of_one_day_overlap_when_they_meet(start: time, end: time, overlaps: bool) -> None:  # noqa: FBT001
    other = AbsenceSpan(DAY, DAY, start, end)
    assert PART.overlaps(other) is overlaps
    assert other.overlaps(PART) is overlaps


def test_a_sound_absence_has_no_mistakes() -> None:
    assert mistakes(WHOLE, is_full_day=True, today=DAY) == []
    assert mistakes(PART, is_full_day=False, today=DAY) == []


@pytest.mark.parametrize(
    ("span", "is_full_day", "fields"),
    [
        (AbsenceSpan(NEXT, DAY), True, ["endDate"]),
        (AbsenceSpan(date(2026, 3, 1), DAY), True, ["startDate"]),
        (AbsenceSpan(date(2026, 3, 1), date(2026, 2, 1)), True, ["endDate", "startDate"]),
        (PART, True, ["startTime"]),
        (AbsenceSpan(DAY, DAY, None, time(12)), True, ["startTime"]),
        (AbsenceSpan(DAY, NEXT, time(10), time(12)), False, ["endDate"]),
        (AbsenceSpan(DAY, DAY, None, time(12)), False, ["startTime"]),
        (AbsenceSpan(DAY, DAY, time(10), None), False, ["endTime"]),
        (AbsenceSpan(DAY, DAY), False, ["startTime", "endTime"]),
        (AbsenceSpan(DAY, DAY, time(10), time(10)), False, ["endTime"]),
        (AbsenceSpan(DAY, DAY, time(10), time(9)), False, ["endTime"]),
    ],
)
def test_mistakes_name_their_fields(span: AbsenceSpan, is_full_day: bool, fields: list[str]) -> None:  # noqa: FBT001
    assert [field for field, _ in mistakes(span, is_full_day=is_full_day, today=DAY)] == fields
