"""When somebody counts as not come, and what follows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain.no_show import (
    BLOCKED_REASON,
    MANUAL,
    NoShowReason,
    Verdict,
    blocks,
    lifts_block,
    may_be_missed,
    releases_slot,
    reverted_to,
    threshold,
    verdict,
)
from hms_web.domain.patients import PatientStatus
from hms_web.domain.visits import AppointmentStatus, may_follow

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ACTIVE, BLOCKED = PatientStatus.ACTIVE, PatientStatus.BLOCKED


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (TEN, Verdict.EXPECTED),
        (TEN + timedelta(minutes=20) - TICK, Verdict.EXPECTED),
        (TEN + timedelta(minutes=20), Verdict.MISSED),
        (TEN + timedelta(hours=12, minutes=20), Verdict.MISSED),
        (TEN + timedelta(hours=12, minutes=20) + TICK, Verdict.ASK),
        (TEN + timedelta(days=30), Verdict.ASK),
    ],
)
def test_the_clock_judges_to_the_microsecond(now: datetime, expected: Verdict) -> None:
    assert verdict(TEN, 20, now) is expected


@given(st.integers(5, 240), st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_nobody_is_missed_before_their_slot_is_over(minutes: int, past: timedelta) -> None:
    judged = verdict(TEN, minutes, TEN + past)
    assert threshold(TEN, minutes) == TEN + timedelta(minutes=minutes)
    assert (judged is Verdict.EXPECTED) == (past < timedelta(minutes=minutes))
    assert (judged is Verdict.ASK) == (past - timedelta(minutes=minutes) > timedelta(hours=12))


@pytest.mark.parametrize(("before", "is_released"), [(300, False), (301, True), (0, False), (-60, False)])
def test_a_slot_is_offered_again_more_than_five_minutes_before(before: int, *, is_released: bool) -> None:
    assert releases_slot(TEN, TEN - timedelta(seconds=before)) is is_released


def test_three_block_whoever_is_not_blocked() -> None:
    assert [blocks(count, ACTIVE) for count in (0, 2, 3, 4)] == [False, False, True, True]
    assert not blocks(4, BLOCKED)
    assert BLOCKED_REASON == "Blocked due to 3 no-show appointments"


def test_only_a_block_by_no_shows_ends_with_them() -> None:
    assert [lifts_block(count, is_auto_blocked=True) for count in (4, 3, 2, 0)] == [False, False, True, True]
    assert not lifts_block(0, is_auto_blocked=False)


def test_who_comes_after_all_is_expected_until_the_slot_begins() -> None:
    assert reverted_to(TEN, TEN - TICK) is AppointmentStatus.SCHEDULED
    assert reverted_to(TEN, TEN) is AppointmentStatus.CHECKED_IN
    assert all(may_follow(AppointmentStatus.NO_SHOW, reverted_to(TEN, now)) for now in (TEN, TEN - TICK))


def test_only_the_expected_can_be_missed() -> None:
    missable = {status for status in AppointmentStatus if may_be_missed(status)}
    assert missable == {AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED}
    assert all(may_follow(status, AppointmentStatus.NO_SHOW) for status in missable)


def test_a_person_gives_every_reason_but_the_clocks() -> None:
    assert set(NoShowReason) - MANUAL == {NoShowReason.AUTO_TIMEOUT}
