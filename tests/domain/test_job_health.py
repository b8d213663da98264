"""When a hospital's window is open, and when the runs of a job are alarming."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain.job_health import (
    LONGEST_SILENCE,
    JobHealth,
    Run,
    RunSource,
    RunStatus,
    Trouble,
    health,
    is_open,
    is_the_same,
    tick_of,
    working_time,
)
from hms_web.domain.local_time import first_instant
from hms_web.domain.scheduler_pulse import Pulse, SchedulerState

KOLKATA, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
CAIRO, LORD_HOWE = ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe")
MONDAY = date(2026, 3, 2)
CHANGES = {
    NEW_YORK: [date(2026, 3, 8), date(2026, 11, 1)],
    CAIRO: [date(2026, 4, 24), date(2026, 10, 30)],
    LORD_HOWE: [date(2026, 4, 5), date(2026, 10, 4)],
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
S, X, M = RunSource.SCHEDULER, RunSource.EXTERNAL, RunSource.MANUAL
OK, ERROR, LOST, RUNNING = RunStatus.SUCCESS, RunStatus.ERROR, RunStatus.LOST, RunStatus.RUNNING


def at(written: str, day: date = MONDAY, zone: ZoneInfo = KOLKATA) -> datetime:
    """An instant, from the hospital's wall clock."""
    return datetime.combine(day, time.fromisoformat(written), zone).astimezone(UTC)


def run(
    started: datetime, status: RunStatus = OK, source: RunSource = S, also: frozenset[RunSource] = frozenset()
) -> Run:
    ended = None if status is RUNNING else started + SECOND
    return Run(
        UUID(int=int(started.timestamp())), source, also, status, started, ended, None if ended is None else 1000
    )


def judged(now: datetime, *runs: Run, since: datetime = LONG_AGO, pulse: Pulse | None = None) -> JobHealth:
    return health(runs, now, KOLKATA, since=since, pulse=pulse or Pulse())


@pytest.mark.parametrize(
    ("walls", "expected"),
    [
        (["00:00", "06:59:59", "23:00"], [False] * 3),
        (["07:00", "12:34:56", "22:54", "22:55", "22:59:59.999999"], [True] * 5),
    ],
)
@pytest.mark.parametrize("zone", [KOLKATA, NEW_YORK, CAIRO, LORD_HOWE], ids=str)
def test_the_window_opens_at_seven_and_its_last_tick_is_that_of_22_55(
    zone: ZoneInfo, walls: list[str], expected: list[bool]
) -> None:
    for day in [MONDAY, *CHANGES.get(zone, [])]:
        assert [is_open(at(wall, day, zone), zone) for wall in walls] == expected


def test_on_every_day_of_a_year_there_are_192_ticks_in_the_window() -> None:
    for zone, days in CHANGES.items():
        for day in days:
            begin = first_instant(day, time(0), zone)
            ticks = [begin + 5 * MINUTE * number for number in range(12 * 26)]
            assert sum(is_open(tick, zone) and tick.astimezone(zone).date() == day for tick in ticks) == 16 * 12


def test_a_tick_is_five_minutes_long() -> None:
    assert tick_of(at("10:00")) == tick_of(at("10:04:59.999999")) == at("10:00")
    assert tick_of(at("10:05")) == at("10:05")


def test_working_time_is_what_lies_in_the_window() -> None:
    def hours(since: datetime, until: datetime) -> timedelta:
        return working_time(since, until, KOLKATA, at_most=timedelta(days=9))

    assert hours(at("06:00"), at("06:59")) == timedelta()
    assert hours(at("06:00"), at("07:04")) == 4 * MINUTE
    assert hours(at("22:45"), at("23:59")) == 10 * MINUTE
    assert hours(at("22:45"), at("07:04", MONDAY + timedelta(days=1))) == 14 * MINUTE
    assert hours(at("22:45"), at("07:04", MONDAY + timedelta(days=2))) == 14 * MINUTE + timedelta(hours=15, minutes=55)
    assert hours(at("10:00"), at("09:00")) == timedelta()
    assert working_time(LONG_AGO, at("10:00"), KOLKATA, at_most=LONGEST_SILENCE) == LONGEST_SILENCE


@pytest.mark.parametrize("zone", CHANGES, ids=str)
def test_a_day_of_a_clock_change_has_as_much_working_time_as_any_other(zone: ZoneInfo) -> None:
    for day in CHANGES[zone]:
        begin, end = at("00:00", day - timedelta(days=1), zone), at("23:59", day, zone)
        assert working_time(begin, end, zone, at_most=timedelta(days=3)) == 2 * timedelta(hours=15, minutes=55)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 made aware below
    st.integers(0, 60 * 24 * 3),
    st.sampled_from([KOLKATA, NEW_YORK, CAIRO, LORD_HOWE]),
)
def test_working_time_is_what_a_minute_by_minute_count_says(since: datetime, minutes: int, zone: ZoneInfo) -> None:
    begin = since.replace(second=0, microsecond=0, tzinfo=UTC)
    counted = 0
    for number in range(minutes):
        local = (begin + number * MINUTE).astimezone(zone).time()
        counted += time(7) <= local < time(22, 55)
    end = begin + minutes * MINUTE
    assert working_time(begin, end, zone, at_most=timedelta(days=9)) == counted * MINUTE


@pytest.mark.parametrize(
    ("last", "now", "trouble"),
    [
        (at("10:00"), at("10:15"), None),
        (at("10:00"), at("10:15:01"), Trouble.SILENCE),
        (at("22:55"), at("06:50", MONDAY + timedelta(days=1)), None),
        (at("22:55"), at("07:04", MONDAY + timedelta(days=1)), None),
        (at("22:50"), at("07:04", MONDAY + timedelta(days=1)), None),
        (at("22:55"), at("07:14:59", MONDAY + timedelta(days=1)), None),
        (at("22:55"), at("07:15:00", MONDAY + timedelta(days=1)), Trouble.SILENCE),
        (at("21:00"), at("03:00", MONDAY + timedelta(days=1)), Trouble.SILENCE),
    ],
)
def test_fifteen_minutes_of_working_hours_without_a_success_are_too_long(
    last: datetime, now: datetime, trouble: Trouble | None
) -> None:
    found = judged(now, run(last))
    assert found.overall.trouble is trouble
    assert found.overall.is_healthy is (trouble is None)


def test_a_new_hospital_has_fifteen_minutes_for_its_first_run() -> None:
    assert judged(at("10:14:59"), since=at("10:00")).overall.is_healthy
    assert judged(at("10:15"), since=at("10:00")).overall.trouble is Trouble.SILENCE
    assert judged(at("23:30"), since=at("23:00")).overall.is_healthy


def test_three_failures_in_a_row_are_too_many_and_a_success_ends_the_row() -> None:
    now, ok = at("10:13"), run(at("10:00"))
    bad = [run(at(wall), status) for wall, status in (("10:03", ERROR), ("10:05", LOST), ("10:10", ERROR))]
    two = judged(now, ok, *bad[:2])
    assert (two.overall.is_healthy, two.overall.consecutive_failures) == (True, 2)
    three = judged(now, ok, *bad)
    assert (three.overall.trouble, three.overall.consecutive_failures) == (Trouble.FAILURES, 3)
    assert three.overall.last == bad[-1]
    assert three.overall.last_success == ok
    assert (three.overall.total, three.overall.failed, three.overall.success_rate) == (4, 3, 25.0)
    assert judged(now, ok, *bad, run(at("10:12"))).overall.is_healthy
    assert judged(now, *bad, since=at("10:00")).overall.consecutive_failures == 3


def test_a_run_under_way_says_nothing_yet() -> None:
    found = judged(at("10:05"), run(at("10:00")), run(at("10:05"), RUNNING)).overall
    assert found.last == run(at("10:00"))
    assert [one.status for one in found.recent] == [RUNNING, OK]
    assert found.total == 1


def test_a_dead_scheduler_is_red_although_the_external_trigger_works() -> None:
    found = judged(at("10:20"), run(at("10:00")), run(at("10:15"), source=X))
    assert found.of(S).trouble is Trouble.SILENCE
    assert found.overall.trouble is Trouble.SCHEDULER_SILENT
    assert found.of(X).is_healthy
    assert found.overall.last_success == run(at("10:15"), source=X)


def test_a_failing_scheduler_is_red_although_the_external_trigger_works() -> None:
    mixed = [run(at(f"10:{minute:02}"), ERROR) for minute in (0, 5, 10)]
    mixed += [run(at(f"10:{minute:02}"), source=X) for minute in (2, 7, 12)]
    found = judged(at("10:13"), *mixed)
    assert found.overall.consecutive_failures == 0
    assert found.overall.trouble is found.of(S).trouble is Trouble.FAILURES


def test_a_tick_that_met_somebody_elses_run_is_served_by_it() -> None:
    found = judged(at("10:20"), run(at("10:15"), source=X, also=frozenset({S})))
    assert found.overall.is_healthy
    assert found.of(S).last_success == found.of(X).last_success
    assert found.of(M).last is None
    assert found.of(M).success_rate is None


def test_nobody_has_to_call_the_external_trigger() -> None:
    found = judged(at("20:00"), run(at("19:55")), run(at("07:00"), source=X), run(at("07:00"), source=M))
    assert found.of(X).is_healthy
    assert found.of(M).is_healthy


@pytest.mark.parametrize(
    ("pulse", "trouble"),
    [
        (Pulse(looked_at=at("10:00")), None),
        (Pulse(looked_at=at("10:00") - SECOND), Trouble.SCHEDULER_DEAD),
        (Pulse(looked_at=None), None),
        (Pulse(missed_since=at("10:00")), None),
        (Pulse(missed_since=at("10:00") - SECOND), Trouble.SCHEDULER_DEAD),
        (Pulse(answers=False), Trouble.REDIS_GONE),
    ],
)
def test_the_scheduler_shows_that_it_lives_every_two_minutes(pulse: Pulse, trouble: Trouble | None) -> None:
    found = judged(at("10:02"), run(at("10:00")), pulse=pulse)
    assert found.of(S).trouble is found.overall.trouble is trouble
    assert found.of(X).is_healthy


@pytest.mark.parametrize(
    ("pulse", "state"),
    [
        (Pulse(looked_at=at("10:00")), SchedulerState.LIVES),
        (Pulse(looked_at=at("10:00"), missed_since=at("09:00")), SchedulerState.LIVES),
        (Pulse(), SchedulerState.UNKNOWN),
        (Pulse(missed_since=at("10:00")), SchedulerState.UNKNOWN),
        (Pulse(missed_since=at("09:59")), SchedulerState.DEAD),
        (Pulse(answers=False), SchedulerState.REDIS_GONE),
    ],
)
def test_an_empty_redis_is_neither_well_nor_ill_until_it_has_been_empty_for_long(
    pulse: Pulse, state: SchedulerState
) -> None:
    found = judged(at("10:02"), run(at("10:00")), pulse=pulse)
    assert found.scheduler is state
    is_known = state is not SchedulerState.UNKNOWN
    assert (found.overall.is_known, found.of(S).is_known, found.of(X).is_known) == (is_known, is_known, True)


@given(st.lists(st.sampled_from([OK, ERROR, LOST]), max_size=12), st.sampled_from(list(RunSource)))
def test_health_depends_on_what_came_after_the_last_success_only(statuses: list[RunStatus], source: RunSource) -> None:
    runs = [run(at("10:00") + number * SECOND, status, source) for number, status in enumerate(statuses)]
    found = judged(at("10:05"), *reversed(runs), since=at("10:00")).of(source)
    failures = len(statuses) if OK not in statuses else statuses[::-1].index(OK)
    assert found.consecutive_failures == failures
    assert found.is_healthy is (failures < 3)
    assert found.total == len(statuses)


def test_ticks_that_come_twice_are_one_run() -> None:
    first = run(at("10:00:02"))
    assert is_the_same(first, S, at("10:04:59"))
    assert not is_the_same(first, S, at("10:05"))
    assert not is_the_same(run(at("10:00:02"), ERROR), S, at("10:00:03"))
    assert not is_the_same(run(at("10:00:02"), RUNNING), S, at("10:00:03"))


def test_the_scheduler_and_the_external_trigger_in_the_same_seconds_are_one_run() -> None:
    for first, second in ((S, X), (X, S)):
        begun = run(at("10:00:00"), source=first)
        assert is_the_same(begun, second, at("10:00:09"))
        assert not is_the_same(begun, second, at("10:00:10"))
        assert not is_the_same(begun, second, at("09:59:59"))


def test_whoever_presses_the_button_gets_a_run_of_their_own() -> None:
    assert not is_the_same(run(at("10:00")), M, at("10:00:01"))
