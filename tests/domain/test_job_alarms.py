"""What administrators are told of a job: what lasts and no more; that it is over when that is known."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hms_web.domain.job_alarms import Alarm, Notice, after, notice_due
from hms_web.domain.job_health import JobHealth, Run, RunSource, RunStatus, Trouble, health
from hms_web.domain.scheduler_pulse import Pulse

KOLKATA, MONDAY, DAY = ZoneInfo("Asia/Kolkata"), date(2026, 3, 2), timedelta(days=1)
LONG_AGO, SECOND = datetime(2020, 1, 1, tzinfo=UTC), timedelta(seconds=1)
OK, ERROR = RunStatus.SUCCESS, RunStatus.ERROR
GONE = Pulse(answers=False)


def at(written: str, days: int = 0) -> datetime:
    return datetime.combine(MONDAY + days * DAY, time.fromisoformat(written), KOLKATA).astimezone(UTC)


def run(started: datetime, status: RunStatus = OK, source: RunSource = RunSource.SCHEDULER) -> Run:
    return Run(UUID(int=int(started.timestamp())), source, frozenset(), status, started, started + SECOND, 1000)


def found(now: datetime, *runs: Run, pulse: Pulse | None = None) -> JobHealth:
    return health(runs, now, KOLKATA, since=LONG_AGO, pulse=pulse or Pulse(looked_at=now))


def told(now: datetime, *runs: Run, pulse: Pulse | None = None, alarm: Alarm | None = None) -> Notice | None:
    return notice_due(alarm or Alarm(), now, found(now, *runs, pulse=pulse))


def failures(count: int) -> list[Run]:
    return [run(at(f"10:{5 * number:02}"), ERROR) for number in range(1, count + 1)]


@pytest.mark.parametrize("wall", ["03:00", "06:50", "07:00", "12:00", "22:56", "23:30"])
@pytest.mark.parametrize("pulse", [GONE, Pulse(looked_at=LONG_AGO), Pulse(missed_since=LONG_AGO), Pulse()])
def test_a_ping_that_fails_and_a_scheduler_that_is_away_are_shown_and_told_to_nobody(wall: str, pulse: Pulse) -> None:
    now = at(wall, days=1)
    is_night = now < at("07:05", days=1)
    last = run(at("22:55") if is_night else now - 4 * timedelta(minutes=1))
    assert told(now, last, pulse=pulse) is None
    assert found(now, last, pulse=pulse).overall.is_healthy is (pulse == Pulse())


def test_when_they_last_they_cost_runs_and_that_is_told() -> None:
    last, others = run(at("10:00")), run(at("10:12"), source=RunSource.EXTERNAL)
    assert told(at("10:15"), last, pulse=GONE) is None
    assert told(at("10:15:01"), last, pulse=GONE) is Notice.BEGAN
    assert told(at("10:15:01"), last, others, pulse=GONE) is Notice.BEGAN
    assert found(at("10:15:01"), last, others, pulse=GONE).overall.trouble is Trouble.REDIS_GONE, "and this is why"


def test_the_third_failure_in_a_row_is_told_and_not_the_second() -> None:
    assert told(at("10:11"), run(at("10:00")), *failures(2)) is None
    assert told(at("10:16"), run(at("10:00")), *failures(3)) is Notice.BEGAN


@pytest.mark.parametrize("last", [at("22:55"), at("22:30"), at("12:00")])
def test_whoever_switches_on_in_the_morning_has_a_quarter_of_an_hour_before_anybody_is_told(last: datetime) -> None:
    for wall in ("03:00", "06:50", "07:00", "07:14:59"):
        assert told(at(wall, days=1), run(last), pulse=GONE) is None
    assert told(at("07:15:00", days=1), run(last), pulse=GONE) is Notice.BEGAN


def test_in_the_evening_it_is_told_while_the_window_is_open() -> None:
    assert told(at("22:50"), run(at("22:34"))) is Notice.BEGAN
    assert told(at("23:00"), run(at("22:34"))) is None


def test_it_is_told_once_then_daily_and_when_it_is_over() -> None:
    now = at("10:20")
    row = [run(at("10:00")), *failures(3)]
    alarm = after(Notice.BEGAN, Alarm(), now)
    assert alarm == Alarm(now, now)
    assert told(now + DAY - SECOND, *row, alarm=alarm) is None
    assert told(now + DAY, *row, alarm=alarm) is Notice.LASTS
    alarm = after(Notice.LASTS, alarm, now + DAY)
    assert alarm == Alarm(now, now + DAY)
    assert told(now + 2 * DAY - SECOND, *row, alarm=alarm) is None
    over = now + DAY + timedelta(minutes=5)
    assert told(over + SECOND, *row, run(over), alarm=alarm) is Notice.RECOVERED
    assert after(Notice.RECOVERED, alarm, over) == Alarm()
    assert told(over + SECOND, *row, run(over)) is None


def test_that_it_works_again_is_said_only_when_it_is_known() -> None:
    alarm, now = Alarm(at("10:20"), at("10:20")), at("10:31")
    well = run(at("10:30"))
    for pulse in (Pulse(), Pulse(missed_since=at("10:30")), GONE, Pulse(looked_at=at("10:00"))):
        assert told(now, well, pulse=pulse, alarm=alarm) is None, pulse
    assert told(now, well, alarm=alarm) is Notice.RECOVERED
    assert told(now, run(at("10:18")), alarm=alarm) is None, "nothing has ended well since they were told"
    assert told(at("06:00", days=1), alarm=alarm) is None, "nor at all"
