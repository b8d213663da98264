"""The clock can be held still in tests and nowhere else."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hms_web import clock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_clock_goes_on_by_itself() -> None:
    first = clock.now()
    assert first.tzinfo is UTC
    assert first <= clock.now()


def test_a_held_clock_stands_still_and_goes_on_afterwards() -> None:
    with clock.fixed(NOON):
        assert clock.now() == clock.now() == NOON
        with clock.fixed(NOON + timedelta(days=1)):
            assert clock.now() == NOON + timedelta(days=1)
        assert clock.now() == NOON
    assert clock.now() != NOON


def test_a_server_in_another_process_is_told_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMS_TEST_NOW", "2026-03-02T14:00:00+02:00")
    assert clock.now() == NOON


def test_outside_tests_nothing_holds_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMS_TEST_NOW", NOON.isoformat())
    monkeypatch.setenv("HMS_ENV", "production")
    assert clock.now() != NOON
    with pytest.raises(RuntimeError, match="HMS_ENV=testing"), clock.fixed(NOON):
        pass


def test_a_naive_time_is_no_instant() -> None:
    with pytest.raises(ValueError, match="aware"), clock.fixed(NOON.replace(tzinfo=None)):
        pass


@pytest.mark.parametrize(
    ("zone", "day"), [("Pacific/Auckland", date(2026, 3, 3)), ("America/New_York", date(2026, 3, 2))]
)
def test_today_is_the_hospitals(zone: str, day: date) -> None:
    with clock.fixed(NOON):
        assert clock.today(ZoneInfo(zone)) == day
