"""Figures for whoever watches from outside, read from the database at each scrape: one process tells what all know."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hms_web.domain.alerts import LIVE
from hms_web.domain.job_health import JobName, RunSource
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.scheduler_pulse import Pulse
from hms_web.models import AuditUnchained, Notification, StageAlert
from hms_web.services import hospitals, job_health


@dataclass(frozen=True, slots=True)
class JobFigures:
    """A job of one hospital, by source (None is all together). `silent_for` in seconds, None before any success."""

    hospital_id: UUID
    job: JobName
    source: RunSource | None
    is_healthy: bool
    consecutive_failures: int
    silent_for: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is told. `oldest_queued` and `oldest_unchained` in seconds."""

    jobs: list[JobFigures]
    queued: int
    oldest_queued: float
    oldest_unchained: float
    to_phone: dict[UUID, int]
    live_alerts: dict[UUID, int]


def figures(session: Session, *, now: datetime, pulse: Pulse) -> Figures:
    """Read them all; a few small queries a hospital, each with an index."""
    everyone = hospitals.all_of_them(session)
    jobs: list[JobFigures] = []
    for actor in everyone:
        found = job_health.health(session, actor, now=now, pulse=pulse, over=None)
        for one in (found.overall, *found.by_source):
            last = one.last_success
            jobs.append(
                JobFigures(
                    actor.hospital_id,
                    JobName.NO_SHOW_CHECK,
                    one.source,
                    one.is_healthy,
                    one.consecutive_failures,
                    (now - (last.ended_at or last.started_at)).total_seconds() if last else None,
                )
            )
    waiting = Notification.state == DeliveryState.QUEUED
    queued, oldest = session.execute(select(func.count(), func.min(Notification.created_at)).where(waiting)).one()
    unsent = Notification.state.in_([DeliveryState.FAILED, DeliveryState.NOT_CONFIGURED])
    phone = unsent & (Notification.channel != Channel.IN_APP) & Notification.phoned_at.is_(None)
    per_hospital = select(Notification.hospital_id, func.count()).where(phone).group_by(Notification.hospital_id)
    alerts = select(StageAlert.hospital_id, func.count()).where(StageAlert.status.in_(LIVE))
    # Ids go up with time, so the first one is the oldest, or hardly younger: no look at all of them when many wait.
    unchained = session.scalar(select(AuditUnchained.queued_at).order_by(AuditUnchained.event_id).limit(1))
    nobody = {actor.hospital_id: 0 for actor in everyone}
    return Figures(
        jobs,
        queued,
        max(0.0, (now - oldest).total_seconds()) if queued else 0.0,
        max(0.0, (now - unchained).total_seconds()) if unchained else 0.0,
        nobody | {row[0]: row[1] for row in session.execute(per_hospital)},
        nobody | {row[0]: row[1] for row in session.execute(alerts.group_by(StageAlert.hospital_id))},
    )
