"""Runs of the periodic jobs, the lease that lets one run at a time, and the keys of the external trigger."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.job_health import JobName, RunSource, RunStatus
from hms_web.models.base import Base, HospitalId, Id, one_of


def served_by(source: RunSource) -> str:
    """SQL for a run that `source` asked for, alone or with others; in the very words of the index of that source."""
    return f"source = '{source}' OR also_asked_by @> '{{{source}}}'"


def _of_source(source: RunSource) -> Index:
    """Index the runs that one source asked for: a source that never ran is found so without reading the others'."""
    name = f"ix_cron_job_runs_{source.lower()}"
    return Index(name, "hospital_id", "job_name", "status", "started_at", postgresql_where=text(served_by(source)))


class CronJobRun(Base):
    """One run of a job for one hospital; at most one is running.

    `also_asked_by` holds the other sources that asked for it while it ran or just after: they are alive too.
    """

    __tablename__ = "cron_job_runs"
    __table_args__ = (
        one_of("job_name", JobName),
        one_of("source", RunSource),
        one_of("status", RunStatus),
        Index(
            "uq_cron_job_runs_running",
            "hospital_id",
            "job_name",
            unique=True,
            postgresql_where=text("status = 'RUNNING'"),
        ),
        Index("ix_cron_job_runs_hospital_id_job_name_started_at", "hospital_id", "job_name", "started_at"),
        *map(_of_source, RunSource),
        Index("ix_cron_job_runs_started_at", "started_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    job_name: Mapped[str]
    source: Mapped[str]
    also_asked_by: Mapped[list[str]] = mapped_column(ARRAY(String), default=list, server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(default=RunStatus.RUNNING)
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    duration_ms: Mapped[int | None]
    items_processed: Mapped[int] = mapped_column(default=0, server_default="0")
    results: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    error: Mapped[str | None]
    triggered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class JobLease(Base):
    """Who may write for a job of a hospital now. `fence` goes up with every taking, so that a run which woke up after
    its lease was taken over is told apart from its successor.
    """

    __tablename__ = "job_leases"
    __table_args__ = (one_of("job_name", JobName),)

    hospital_id: Mapped[UUID] = mapped_column(ForeignKey("hospitals.id"), primary_key=True)
    job_name: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("cron_job_runs.id"))
    fence: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    expires_at: Mapped[dt.datetime | None]


class JobAlarm(Base):
    """Whether a hospital's administrators were told that a job is in trouble: since when, and when last."""

    __tablename__ = "job_alarms"
    __table_args__ = (one_of("job_name", JobName),)

    hospital_id: Mapped[UUID] = mapped_column(ForeignKey("hospitals.id"), primary_key=True)
    job_name: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[dt.datetime | None]
    told_at: Mapped[dt.datetime | None]


class CronApiKey(Base):
    """A key of the external trigger; only a hash of it is kept, and two can be valid while they are exchanged."""

    __tablename__ = "cron_api_keys"

    id: Mapped[Id]
    name: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
