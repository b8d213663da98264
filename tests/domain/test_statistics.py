"""Figures: what they say of shares, and that every day of a stretch is counted once."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain.statistics import (
    EMPTY,
    FEW,
    LONGEST,
    NOBODY,
    NOTHING,
    Days,
    Delivered,
    Filled,
    Interval,
    LeadTime,
    Share,
    Step,
    days_of,
    lead_time,
    stands_out,
    wilson,
)

TODAY = date(2026, 3, 2)
COUNTS = st.integers(0, 5000)
DATES = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (12, 340, 0.0203, 0.0607)],
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    """The figures of published tables, to four digits."""
    found = wilson(part, whole)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-4)


@given(COUNTS, COUNTS)
def test_an_interval_holds_its_share_and_narrows(missed: int, came: int) -> None:
    share = Share(missed, came)
    low, high = share.interval.low, share.interval.high
    assert 0 <= low <= share.rate <= high <= 1
    if share.whole:
        tenfold = Share(10 * missed, 10 * came).interval
        assert tenfold.high - tenfold.low < high - low
        surer = wilson(missed, share.whole, 2.576)
        assert surer.low <= low
        assert surer.high >= high


@given(COUNTS, COUNTS)
def test_none_and_all_mirror_each_other(part: int, rest: int) -> None:
    there, back = wilson(part, part + rest), wilson(rest, part + rest)
    assert there.low == pytest.approx(1 - back.high)


def test_a_share() -> None:
    assert (Share(3, 9).whole, Share(3, 9).rate) == (12, 0.25)
    assert (NOBODY.rate, NOBODY.interval, NOBODY.is_few) == (0, Interval(0, 1), True)
    assert [Share(1, FEW - 2).is_few, Share(1, FEW - 1).is_few] == [True, False]
    assert Share(1, 2) + Share(3, 5) == Share(4, 7)


@pytest.mark.parametrize(
    ("share", "is_high"),
    [(Share(19, 0), False), (Share(20, 0), True), (Share(8, 12), True), (Share(5, 15), False), (Share(0, 500), False)],
)
def test_only_what_is_not_chance_stands_out(share: Share, is_high: bool) -> None:  # noqa: FBT001
    assert stands_out(share, Share(100, 900)) is is_high


def test_what_stands_out_against_95_per_cent_alone_does_not() -> None:
    share, whole = Share(17, 83), Share(100, 900)
    assert share.interval.low > whole.rate
    assert not stands_out(share, whole)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (-1, LeadTime.UNKNOWN),
        (0, LeadTime.SAME_DAY),
        (1, LeadTime.TO_TWO_DAYS),
        (2, LeadTime.TO_TWO_DAYS),
        (3, LeadTime.TO_A_WEEK),
        (7, LeadTime.TO_A_WEEK),
        (8, LeadTime.TO_TWO_WEEKS),
        (14, LeadTime.TO_TWO_WEEKS),
        (15, LeadTime.LONGER),
        (30, LeadTime.LONGER),
    ],
)
def test_how_long_before_it_was_booked(days: int, band: LeadTime) -> None:
    assert lead_time(days) is band


@given(st.none() | DATES, st.none() | DATES, DATES)
def test_days_are_in_order_and_not_too_many(first: date | None, last: date | None, today: date) -> None:
    found = days_of(first, last, today)
    assert found.first <= found.last
    assert 1 <= found.count <= LONGEST
    asked = {first or found.first, last or max(today, first or today)}
    assert found.last == max(asked)
    is_cut = first is None or max(asked) - min(asked) >= timedelta(days=LONGEST)
    assert found.is_cut is is_cut
    assert found.first == (found.last - timedelta(days=LONGEST - 1) if is_cut else min(asked))


def test_a_whole_leap_year_fits() -> None:
    assert days_of(date(2028, 1, 1), date(2028, 12, 31), TODAY) == Days(date(2028, 1, 1), date(2028, 12, 31))
    assert days_of(date(2027, 12, 31), date(2028, 12, 31), TODAY).is_cut


@pytest.mark.parametrize(
    ("count", "step"),
    [(1, Step.DAY), (14, Step.DAY), (15, Step.WEEK), (120, Step.WEEK), (121, Step.MONTH), (366, Step.MONTH)],
)
def test_how_days_are_put_together(count: int, step: Step) -> None:
    assert Days(TODAY, TODAY + timedelta(days=count - 1)).step is step


@given(DATES, st.integers(1, LONGEST))
def test_each_day_belongs_to_one_step(first: date, count: int) -> None:
    days = Days(first, first + timedelta(days=count - 1))
    steps = list(days.beginnings())
    assert steps == sorted(set(steps))
    assert steps[0] == first
    belongs = Counter(days.beginning(first + timedelta(days=n)) for n in range(count))
    assert list(belongs) == steps
    longest = {Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[days.step]
    assert max(belongs.values()) <= longest
    if days.step is Step.WEEK:
        assert all(step.weekday() == 0 for step in steps[1:])
    if days.step is Step.MONTH:
        assert all(step.day == 1 for step in steps[1:])


def test_how_full_times_were() -> None:
    assert (EMPTY.booked_share, EMPTY.used_share) == (0, 0)
    filled = Filled(10, 6, 4) + Filled(10, 2, 1)
    assert (filled, filled.booked_share, filled.used_share) == (Filled(20, 8, 5), 0.4, 0.25)


def test_what_became_of_messages() -> None:
    assert NOTHING.whole == 0
    assert Delivered(1, 2, 3, 4) + Delivered(10, 20, 30, 40) == Delivered(11, 22, 33, 44)
    assert Delivered(1, 2, 3, 4).whole == 10
