"""Runs of periodic jobs: where they come from, how they end, and when their silence is alarming (product.md, Jobs)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

from hms_web.domain.local_time import first_instant, local_date
from hms_web.domain.scheduler_pulse import NOT_LOOKED_AT, Pulse, SchedulerState


class JobName(StrEnum):
    """A job that runs for each hospital under a lease."""

    NO_SHOW_CHECK = "NO_SHOW_CHECK"


class RunSource(StrEnum):
    """Who set a run off."""

    SCHEDULER = "SCHEDULER"
    EXTERNAL = "EXTERNAL"
    MANUAL = "MANUAL"


class RunStatus(StrEnum):
    """How a run ended, or that it has not; LOST is one whose lease ran out, which counts as a failure."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    LOST = "LOST"


FAILED = frozenset({RunStatus.ERROR, RunStatus.LOST})

# Cron `*/5 7-22 * * *` on the hospital's own clock: the first tick of a day and the last.
FIRST_TICK, LAST_TICK = time(7), time(22, 55)
TICK_MINUTES = 5

FAILURES_IN_A_ROW = 3
LONGEST_SILENCE = timedelta(minutes=15)
# Two that ask within so long of each other ask for the same run.
SAME_RUN_SECONDS = 10
RECENT = 20


class Trouble(StrEnum):
    """Why a job is not healthy."""

    FAILURES = "FAILURES"
    SILENCE = "SILENCE"
    SCHEDULER_SILENT = "SCHEDULER_SILENT"
    SCHEDULER_DEAD = "SCHEDULER_DEAD"
    REDIS_GONE = "REDIS_GONE"


OF_THE_SCHEDULER = {
    SchedulerState.DEAD: Trouble.SCHEDULER_DEAD,
    SchedulerState.REDIS_GONE: Trouble.REDIS_GONE,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `duration_ms` and `ended_at` are None while it runs; `also_asked_by` are sources that it served too."""

    id: UUID
    source: RunSource
    also_asked_by: frozenset[RunSource]
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None = None
    duration_ms: int | None = None
    items: int = 0
    error: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is known how it went."""
        return self.status is not RunStatus.RUNNING

    @property
    def has_failed(self) -> bool:
        """Whether it counts as a failure."""
        return self.status in FAILED

    def serves(self, source: RunSource | None) -> bool:
        """Whether `source` asked for it; None is anybody."""
        return source is None or source is self.source or source in self.also_asked_by


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a hospital's job, of one source's runs or of all (`source` None).

    `trouble` is how it looks at this moment; `lasting` is what the runs alone show, which is what people are told of.
    Where `is_known` is false nothing is wrong, but whether the scheduler lives cannot be said.
    """

    source: RunSource | None
    trouble: Trouble | None
    is_open: bool
    last: Run | None
    consecutive_failures: int
    last_success: Run | None
    recent: tuple[Run, ...]
    total: int
    failed: int
    lasting: Trouble | None = None
    is_known: bool = True

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to see to."""
        return self.trouble is None

    @property
    def success_rate(self) -> float | None:
        """Percent of the ended runs that went well; None where there are none."""
        return round(100 * (self.total - self.failed) / self.total, 1) if self.total else None


@dataclass(frozen=True, slots=True)
class JobHealth:
    """The health of a hospital's job as a whole, and by source."""

    overall: Health
    by_source: tuple[Health, ...]
    scheduler: SchedulerState

    def of(self, source: RunSource) -> Health:
        """The health of one source."""
        return next(health for health in self.by_source if health.source is source)


def is_open(now: datetime, zone: tzinfo) -> bool:
    """Whether the tick of this moment belongs to the hospital's window; the last one, of 22:55, may come late."""
    local = now.astimezone(zone).time()
    tick = time(local.hour, local.minute - local.minute % TICK_MINUTES)
    return FIRST_TICK <= tick <= LAST_TICK


def tick_of(now: datetime) -> datetime:
    """Return the instant of the tick that `now` belongs to, every five minutes of UTC."""
    return now.replace(minute=now.minute - now.minute % TICK_MINUTES, second=0, microsecond=0)


def is_the_same(run: Run, source: RunSource, now: datetime) -> bool:
    """Whether somebody who asks now is served by a run that has just ended well.

    Ticks that queued up while no worker was there are one; so are the scheduler and the external trigger in the same
    seconds. Whoever presses "Run now" wants a run of their own.
    """
    if run.status is not RunStatus.SUCCESS or source is RunSource.MANUAL or run.started_at > now:
        return False
    is_same_tick = source is RunSource.SCHEDULER and run.serves(source) and run.started_at >= tick_of(now)
    return is_same_tick or now - run.started_at < timedelta(seconds=SAME_RUN_SECONDS)


def working_time(since: datetime, until: datetime, zone: tzinfo, *, at_most: timedelta) -> timedelta:
    """Return how much of the window lies between two instants, counted back from `until` and up to `at_most`."""
    total = timedelta()
    day = local_date(until, zone)
    while total < at_most:
        opens, closes = first_instant(day, FIRST_TICK, zone), first_instant(day, LAST_TICK, zone)
        total += max(timedelta(), min(closes, until) - max(opens, since))
        if opens <= since:
            break
        day -= timedelta(days=1)
    return min(total, at_most)


def health(
    runs: Collection[Run],
    now: datetime,
    zone: tzinfo,
    *,
    since: datetime,
    pulse: Pulse = NOT_LOOKED_AT,
) -> JobHealth:
    """Judge a job by its runs; `since` is when it could first have run, so that a new hospital is not in trouble.

    A job is in trouble after three failures in a row, or without a success for fifteen minutes of working hours. The
    scheduler is judged by itself as well, so that its death shows although somebody else sets the runs off.
    """
    newest_first = sorted(runs, key=lambda run: (run.started_at, run.id), reverse=True)
    state = pulse.state(now)
    by_source = tuple(_health_of(source, newest_first, now, zone, since, state) for source in RunSource)
    overall = _health_of(None, newest_first, now, zone, since, state)
    scheduler = next(one for one in by_source if one.source is RunSource.SCHEDULER)
    overall = replace(
        overall,
        trouble=overall.trouble or _as_a_whole(scheduler.trouble),
        lasting=overall.lasting or _as_a_whole(scheduler.lasting),
    )
    return JobHealth(overall, by_source, state)


def _as_a_whole(trouble: Trouble | None) -> Trouble | None:
    """Name the scheduler's silence as its own where the job as a whole is not silent."""
    return Trouble.SCHEDULER_SILENT if trouble is Trouble.SILENCE else trouble


def _health_of(
    source: RunSource | None,
    runs: Sequence[Run],
    now: datetime,
    zone: tzinfo,
    since: datetime,
    scheduler: SchedulerState,
) -> Health:
    mine = [run for run in runs if run.serves(source)]
    ended = [run for run in mine if run.has_ended]
    last_success = next((run for run in ended if not run.has_failed), None)
    streak = len(ended) if last_success is None else ended.index(last_success)
    quiet_since = since if last_success is None else max(since, last_success.ended_at or last_success.started_at)
    # Nobody has to call the external trigger or press the button, so their silence says nothing.
    is_silent = source in {None, RunSource.SCHEDULER} and _is_too_long(quiet_since, now, zone)
    of_runs = Trouble.FAILURES if streak >= FAILURES_IN_A_ROW else Trouble.SILENCE if is_silent else None
    at_once = OF_THE_SCHEDULER.get(scheduler) if source is RunSource.SCHEDULER else None
    is_lasting = of_runs is Trouble.FAILURES or (is_silent and _was_silent_today(quiet_since, now, zone))
    return Health(
        source=source,
        trouble=of_runs if of_runs is Trouble.FAILURES else at_once or of_runs,
        is_open=is_open(now, zone),
        last=ended[0] if ended else None,
        consecutive_failures=streak,
        last_success=last_success,
        recent=tuple(mine[:RECENT]),
        total=len(ended),
        failed=sum(run.has_failed for run in ended),
        lasting=of_runs if is_lasting else None,
        is_known=source not in {None, RunSource.SCHEDULER} or scheduler is not SchedulerState.UNKNOWN,
    )


def _is_too_long(quiet_since: datetime, now: datetime, zone: tzinfo) -> bool:
    return working_time(quiet_since, now, zone, at_most=LONGEST_SILENCE) >= LONGEST_SILENCE


def _was_silent_today(quiet_since: datetime, now: datetime, zone: tzinfo) -> bool:
    """Whether the silence is one of the working hours that go on now.

    A machine that was off over night and is switched on at 06:50 has missed the end of yesterday's; it has its fifteen
    minutes from 07:00 on before anybody is told.
    """
    opens = first_instant(local_date(now, zone), FIRST_TICK, zone)
    return is_open(now, zone) and _is_too_long(max(quiet_since, opens), now, zone)
