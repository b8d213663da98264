"""Runs a job under its lease, says how well it does, and tells the administrators (product.md, Jobs)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain import job_health as rules
from hms_web.domain.identity import Actor
from hms_web.domain.job_health import JobHealth, JobName, Run, RunSource, RunStatus
from hms_web.domain.phrases import phrase
from hms_web.domain.scheduler_pulse import Pulse
from hms_web.logs import where
from hms_web.models import CronJobRun, Hospital, new_id
from hms_web.services import audit, job_runs, leases, unit_of_work
from hms_web.services.job_runs import Done
from hms_web.services.leases import Lease, LeaseLost, Taken

STOPPED = phrase("Stopped, because its process was asked to end.")

log = structlog.get_logger(__name__)

Guard = Callable[[Session], None]
"""Called by a job inside every transaction in which it writes; raises when it must not write, or should end."""
Renew = Callable[[], None]
"""Called by a job between two transactions, while none is under way in which it writes: its lease is to last."""


class Stopping(Exception):
    """The process was asked to end: the job stops between two transactions, and the next run goes on."""


class BrokenOff(Exception):
    """A job could not go on because of `cause`; what it has done is done."""

    def __init__(self, done: Done, cause: Exception) -> None:
        super().__init__()
        self.done, self.cause = done, cause


@dataclass(frozen=True, slots=True)
class Leave:
    """A run's leave to write: a Guard, and how it is made to last."""

    session: Session
    lease: Lease
    is_stopping: Callable[[], bool]

    def __call__(self, batch: Session) -> None:
        """Guard a transaction. Raises Stopping and LeaseLost."""
        if self.is_stopping():
            raise Stopping
        leases.show(batch, self.lease)

    def renew(self) -> None:
        """Let the lease last, in a transaction of its own.

        A database without the time for that has not taken it away: the guard of the next transaction sees what is left
        of it.
        """
        try:
            unit_of_work.run(self.session, lambda: leases.renew(self.session, self.lease))
        except unit_of_work.Busy:
            log.warning("job_lease_not_renewed", job=self.lease.job, run=str(self.lease.run_id))


Work = Callable[[Leave, UUID], Done]
"""A job: it is given its leave to write and the id of its run."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended, and what it counted; one's own, or one that somebody else had just asked for."""

    run: Run
    results: Mapping[str, Any]


def never() -> bool:
    """What a process says that nobody asks to end."""
    return False


def run(
    session: Session,
    actor: Actor,
    source: RunSource,
    work: Work,
    *,
    now: datetime,
    job: JobName = JobName.NO_SHOW_CHECK,
    is_stopping: Callable[[], bool] = never,
) -> Ran | Taken:
    """Run a job for the actor's hospital, unless it runs already or has just run for somebody else.

    Whatever goes wrong inside of it is written down and not raised, with what had been done by then if the job raises
    BrokenOff. Raises Busy when not even that can be.
    """
    lease = unit_of_work.run(session, lambda: _begin(session, actor, job, source, now))
    if not isinstance(lease, Lease):
        return lease
    began = time.perf_counter()
    status, done = _carry_out(session, work, Leave(session, lease, is_stopping))
    took_ms = round((time.perf_counter() - began) * 1000)
    ended_at = now + timedelta(milliseconds=took_ms)

    def end() -> None:
        ended = status if leases.give_back(session, lease) else RunStatus.LOST
        job_runs.close(session, lease.run_id, ended, done, ended_at=ended_at, took_ms=took_ms)

    unit_of_work.run(session, end)
    return _ran(session, lease.run_id)


def _begin(session: Session, actor: Actor, job: JobName, source: RunSource, now: datetime) -> Lease | Ran | Taken:
    free = leases.lock(session, actor.hospital_id, job)
    if isinstance(free, Taken):
        if free.run_id is not None:
            job_runs.join(session, free.run_id, source)
        return free
    last = job_runs.last(session, actor.hospital_id, job)
    if last is not None and rules.is_the_same(last, source, now):
        job_runs.join(session, last.id, source)
        return _ran(session, last.id)
    row = CronJobRun(
        id=new_id(),
        hospital_id=actor.hospital_id,
        job_name=job,
        source=source,
        status=RunStatus.RUNNING,
        started_at=now,
        triggered_by_id=actor.user_id,
    )
    lease = leases.take(session, free, row)
    if actor.user_id is not None:
        audit.record(session, actor, "job.started", "cron_job_run", row.id, now=now, job=job)
    return lease


def _ran(session: Session, run_id: UUID) -> Ran:
    return Ran(*job_runs.one(session, run_id))


def _carry_out(session: Session, work: Work, leave: Leave) -> tuple[RunStatus, Done]:
    try:
        return RunStatus.SUCCESS, work(leave, leave.lease.run_id)
    except BrokenOff as broken:
        done, cause = broken.done, broken.cause
    except Exception as error:  # noqa: BLE001 whatever it is, it is written down and the next run tries again
        done, cause = Done(), error
    session.rollback()
    status, words = _failed(cause, leave.lease)
    return status, replace(done, error=words)


def _failed(error: Exception, lease: Lease) -> tuple[RunStatus, str]:
    """Return how a run ended that something broke off, and the words for it."""
    if isinstance(error, LeaseLost):
        log.warning("job_lease_lost", job=lease.job, run=str(lease.run_id))
        return RunStatus.LOST, leases.RAN_OUT
    if isinstance(error, Stopping):
        return RunStatus.ERROR, STOPPED
    failed = {"job": lease.job, "run": str(lease.run_id), "error": type(error).__name__}
    log.error("job_failed", **failed, frames=where(error))
    return RunStatus.ERROR, named(error)


def named(error: Exception) -> str:
    """Name an error without its message, which could quote what somebody wrote about a patient."""
    origin = getattr(error if isinstance(error, sa.exc.DBAPIError) else error.__cause__, "orig", None)
    code = getattr(origin, "sqlstate", None)
    return f"{type(error).__name__}, SQLSTATE {code}" if code else type(error).__name__


def health(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    pulse: Pulse,
    job: JobName = JobName.NO_SHOW_CHECK,
    over: timedelta | None = job_runs.LOOKED_AT_FOR,
) -> JobHealth:
    """Judge a job of the actor's hospital.

    Lists and counts the runs `over` the last while; None leaves them out for whoever wants only the judgement, which
    then costs the same however much history there is.
    """
    since = session.scalars(select(Hospital.created_at).where(Hospital.id == actor.hospital_id)).one()
    runs = job_runs.recent(session, actor.hospital_id, job, now=now, over=over)
    return rules.health(runs, now, actor.zone, since=since, pulse=pulse)
