"""The records of runs: opened with the lease, closed with it, read for health, and removed when they are old."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from hms_web.domain.job_health import FAILED, JobName, Run, RunSource, RunStatus
from hms_web.models import CronJobRun
from hms_web.models.job_health import served_by
from hms_web.services import audit

KEPT_FOR = timedelta(days=90)
LOOKED_AT_FOR = timedelta(days=7)
MOST_FAILURES = 200
"""How many failures in a row are counted; it is a day of them."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: how many things it dealt with, and its counts by part; `error` names what went wrong."""

    items: int = 0
    results: Mapping[str, object] = field(default_factory=dict)
    error: str | None = None


_COLUMNS = (
    CronJobRun.id,
    CronJobRun.source,
    CronJobRun.also_asked_by,
    CronJobRun.status,
    CronJobRun.started_at,
    CronJobRun.ended_at,
    CronJobRun.duration_ms,
    CronJobRun.items_processed,
    CronJobRun.error,
)


_RUNS = CronJobRun.__table__.c


def _run(row: Any) -> Run:  # noqa: ANN401 a row with the columns above
    return Run(
        row.id,
        RunSource(row.source),
        frozenset(map(RunSource, row.also_asked_by)),
        RunStatus(row.status),
        row.started_at,
        row.ended_at,
        row.duration_ms,
        row.items_processed,
        row.error,
    )


def recent(
    session: Session, hospital_id: UUID, job: JobName, *, now: datetime, over: timedelta | None = LOOKED_AT_FOR
) -> list[Run]:
    """Return the runs `over` the last while, and of each source what judges it: see `decisive`."""
    found = {run.id: run for run in decisive(session, hospital_id, job)}
    if over is not None:
        mine = CronJobRun.hospital_id == hospital_id, CronJobRun.job_name == job
        query = select(*_COLUMNS).where(*mine, CronJobRun.started_at > now - over)
        found |= {row.id: _run(row) for row in session.execute(query)}
    return list(found.values())


def decisive(session: Session, hospital_id: UUID, job: JobName) -> list[Run]:
    """Return of each source the last run that went well, and those that have failed since, the newest ones of many.

    One statement of a few looks into the indexes of the sources; it costs the same whatever history there is.
    """
    rows = session.execute(_DECISIVE, {"hospital": hospital_id, "job": job})
    return [_run(row) for row in rows]


def _decisive(source: RunSource) -> list[Select[Any]]:
    mine = _RUNS.hospital_id == bindparam("hospital"), _RUNS.job_name == bindparam("job")
    # The index's own words, and no parameter in them: else the planner cannot tell that it is the index to ask.
    served = literal_column(f"({served_by(source)})", Boolean())
    columns = [_RUNS[column.key] for column in _COLUMNS]

    def ended(status: RunStatus) -> Select[Any]:
        return select(*columns).where(*mine, served, _RUNS.status == status).order_by(_RUNS.started_at.desc())

    well = select(func.max(_RUNS.started_at)).where(*mine, served, _RUNS.status == RunStatus.SUCCESS)
    since = _RUNS.started_at >= func.coalesce(well.scalar_subquery(), text("'-infinity'"))
    failed = [ended(status).where(since).limit(MOST_FAILURES) for status in sorted(FAILED)]
    return [select(part.subquery()) for part in (ended(RunStatus.SUCCESS).limit(1), *failed)]


# Put together once: that takes longer than the database needs to answer.
_DECISIVE = union_all(*(part for source in RunSource for part in _decisive(source)))


def last(session: Session, hospital_id: UUID, job: JobName) -> Run | None:
    """Return the newest run."""
    mine = select(*_COLUMNS).where(CronJobRun.hospital_id == hospital_id, CronJobRun.job_name == job)
    row = session.execute(mine.order_by(CronJobRun.started_at.desc(), CronJobRun.id.desc()).limit(1)).one_or_none()
    return _run(row) if row else None


def one(session: Session, run_id: UUID) -> tuple[Run, Mapping[str, Any]]:
    """Return a run, and what it counted."""
    row = session.execute(select(*_COLUMNS, CronJobRun.results).where(CronJobRun.id == run_id)).one()
    return _run(row), row.results


def join(session: Session, run_id: UUID, source: RunSource) -> None:
    """Note, inside the caller's unit of work, that a run serves somebody else as well."""
    asked = update(CronJobRun).where(
        CronJobRun.id == run_id, CronJobRun.source != source, ~CronJobRun.also_asked_by.contains([source])
    )
    session.execute(asked.values(also_asked_by=func.array_append(CronJobRun.also_asked_by, source)))


def close(session: Session, run_id: UUID, status: RunStatus, done: Done, *, ended_at: datetime, took_ms: int) -> None:
    """Write down, inside the caller's unit of work, how a run ended; one that was closed already stays as it is."""
    running = update(CronJobRun).where(CronJobRun.id == run_id, CronJobRun.status == RunStatus.RUNNING)
    session.execute(
        running.values(
            status=status,
            ended_at=ended_at,
            duration_ms=took_ms,
            items_processed=done.items,
            results=audit.plain(done.results),
            error=done.error,
        )
    )


def remove_old(session: Session, *, now: datetime) -> int:
    """Remove, in all hospitals and inside the caller's unit of work, the records of runs that have served their time.

    Return how many.
    """
    old = delete(CronJobRun).where(CronJobRun.started_at <= now - KEPT_FOR, CronJobRun.status != RunStatus.RUNNING)
    return len(session.execute(old.returning(CronJobRun.id)).all())
