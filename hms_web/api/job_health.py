"""`/no-show/trigger`, `/no-show/external-trigger`, `/no-show/cron-health`: the no-show check set off, and watched."""

from typing import Any, ClassVar, Literal

from flask import current_app, request

from hms_web.api.operations import Call, Routes
from hms_web.api.problems import Problem, Wrong
from hms_web.api.shapes import Id, Instant, Shape
from hms_web.domain.identity import Role
from hms_web.domain.job_health import Health, JobName, Run, RunSource, RunStatus
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.scheduler_pulse import Pulse, SchedulerState
from hms_web.services import cron_keys, job_health, job_words, no_show_check, scheduler_pulse
from hms_web.services.leases import Taken

routes = Routes("job_health")
ADMIN = frozenset({Role.ADMIN})
HEADER = "x-cron-api-key"
KEY_HASHES = "CRON_KEY_HASHES"


class NoShowCounts(Shape):
    """What the sweep did. `processed` counts the marked and those that a person has to look at."""

    processed: int = 0
    marked: int = 0
    slots_released: int = 0
    patients_blocked: int = 0


class AlertCounts(Shape):
    """What the scan for stage alerts did."""

    created: int = 0
    resolved: int = 0


class CheckDone(Shape):
    """A check that ended well."""

    run_id: Id
    status: Literal["success"] = "success"
    no_shows: NoShowCounts
    alerts: AlertCounts
    duration_ms: int


class AllChecked(Shape):
    """What a check of every hospital did. `runId` is there when it was one run; `closed` hospitals are asleep."""

    run_id: Id | None
    status: Literal["success"] = "success"
    no_shows: NoShowCounts
    alerts: AlertCounts
    duration_ms: int
    hospitals: int
    running: int
    closed: int


class AlreadyRunning(Shape):
    """A run is under way; nothing was begun."""

    answers_with: ClassVar[int] = 202

    status: Literal["already_running"] = "already_running"


class RunOfJob(Shape):
    """One run. `error` also names what could not be processed in a run that otherwise went well."""

    id: Id
    source: RunSource
    status: RunStatus
    started_at: Instant
    ended_at: Instant | None
    duration_ms: int | None
    items_processed: int
    error: str | None

    @classmethod
    def of(cls, run: Run) -> "RunOfJob":
        """Make it from a run."""
        return cls(
            id=run.id,
            source=run.source,
            status=run.status,
            started_at=run.started_at,
            ended_at=run.ended_at,
            duration_ms=run.duration_ms,
            items_processed=run.items,
            error=run.error,
        )


class LastSuccess(Shape):
    """The last run that went well."""

    id: Id
    started_at: Instant
    duration_ms: int | None
    items_processed: int


class RunStats(Shape):
    """The ended runs of the last seven days; `successRate` in percent, null where there were none."""

    total_runs: int
    failed_runs: int
    success_rate: float | None


class SourceHealth(Shape):
    """How the runs do that one source set off."""

    is_healthy: bool
    health_message: str
    last_run_time: Instant | None
    last_run_status: Literal["success", "error"] | None
    consecutive_failures: int
    last_successful_run: LastSuccess | None
    recent_runs: list[RunOfJob]
    stats: RunStats


class Sources(Shape):
    """The health by source: the scheduler is judged by itself, so that its death shows although others work."""

    scheduler: SourceHealth
    external: SourceHealth
    manual: SourceHealth


class CronHealth(SourceHealth):
    """How the no-show check does in the caller's hospital."""

    job_name: JobName
    is_working_hours: bool
    by_source: Sources
    scheduler_looked_at: Instant | None
    scheduler_state: SchedulerState


@routes.add("POST", "/no-show/trigger", ADMIN, "Run the no-show check now", refuses=[Code.RUN_FAILED])
def trigger(call: Call) -> CheckDone | AlreadyRunning:
    """For the caller's hospital, at any hour."""
    outcome = no_show_check.check(call.session, call.actor, RunSource.MANUAL, now=call.now, pulse=_pulse(call))
    if isinstance(outcome, Taken):
        return AlreadyRunning()
    if outcome.run.has_failed:
        raise Refused(Code.RUN_FAILED, error=outcome.run.error)
    return CheckDone(
        run_id=outcome.run.id,
        no_shows=NoShowCounts(**outcome.results["no_shows"]),
        alerts=AlertCounts(**outcome.results["alerts"]),
        duration_ms=outcome.run.duration_ms or 0,
    )


@routes.add("GET", "/no-show/cron-health", ADMIN, "Health of the no-show check")
def cron_health(call: Call) -> CronHealth:
    """Unhealthy after three failures in a row, or without a success for fifteen minutes of working hours."""
    pulse = _pulse(call)
    found = job_health.health(call.session, call.actor, now=call.now, pulse=pulse)
    sources = {one.source.lower(): SourceHealth(**_health(one, call)) for one in found.by_source if one.source}
    return CronHealth(
        **_health(found.overall, call),
        job_name=JobName.NO_SHOW_CHECK,
        is_working_hours=found.overall.is_open,
        by_source=Sources(**sources),
        scheduler_looked_at=pulse.looked_at,
        scheduler_state=found.scheduler,
    )


@routes.add(
    "POST",
    "/no-show/external-trigger",
    None,
    "Run the no-show check of every hospital",
    refuses=[Code.WRONG_API_KEY, Code.NOT_CONFIGURED, Code.RUN_FAILED],
    scheme="cronKey",
)
def external_trigger(call: Call) -> AllChecked | AlreadyRunning:
    """The backup of the scheduler, for a clock outside of it. Hospitals whose hours are over are left alone."""
    limits: cron_keys.TriggerLimits = current_app.extensions[cron_keys.EXTENSION]
    given, address = request.headers.get(HEADER, ""), request.remote_addr or ""
    try:
        cron_keys.check(call.session, current_app.config[KEY_HASHES], given, limits, address, now=call.now)
    except cron_keys.TooManyCalls as error:
        raise Problem(Wrong.TOO_MANY_ATTEMPTS, {"Retry-After": str(error.seconds)}) from None
    checked = no_show_check.check_all(call.session, RunSource.EXTERNAL, now=call.now, pulse=_pulse(call))
    if checked.has_failed:
        raise Refused(Code.RUN_FAILED, error=f"{checked.failures} of {checked.hospitals} hospitals")
    if checked.is_only_running:
        return AlreadyRunning()
    return AllChecked(
        run_id=checked.ran[0].run.id if len(checked.ran) == 1 else None,
        no_shows=NoShowCounts(**checked.sums("no_shows")),
        alerts=AlertCounts(**checked.sums("alerts")),
        duration_ms=sum(one.run.duration_ms or 0 for one in checked.ran),
        hospitals=checked.hospitals,
        running=checked.running,
        closed=checked.closed,
    )


def _pulse(call: Call) -> Pulse:
    return scheduler_pulse.read(current_app.extensions[scheduler_pulse.EXTENSION], now=call.now)


def _health(health: Health, call: Call) -> dict[str, Any]:
    last, success = health.last, health.last_success
    return {
        "is_healthy": health.is_healthy,
        "health_message": job_words.sentence(health, call.zone),
        "last_run_time": last.started_at if last else None,
        "last_run_status": ("error" if last.has_failed else "success") if last else None,
        "consecutive_failures": health.consecutive_failures,
        "last_successful_run": LastSuccess(
            id=success.id,
            started_at=success.started_at,
            duration_ms=success.duration_ms,
            items_processed=success.items,
        )
        if success
        else None,
        "recent_runs": [RunOfJob.of(run) for run in health.recent],
        "stats": RunStats(total_runs=health.total, failed_runs=health.failed, success_rate=health.success_rate),
    }
