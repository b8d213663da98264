"""Tells a hospital's administrators when a job is in trouble: once, daily while it lasts, and at recovery.

A dead job tells nobody, so several processes look: each run as it ends, the worker between its jobs, and the web
processes while people work with them. What was told stands in the database, so that they tell it once together.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain import job_alarms as rules
from hms_web.domain.identity import Actor, Role
from hms_web.domain.job_alarms import Alarm, Notice
from hms_web.domain.job_health import Health, JobName
from hms_web.domain.notifications import Channel, Priority
from hms_web.domain.scheduler_pulse import Pulse
from hms_web.models import JobAlarm, User
from hms_web.services import hospitals, job_health, job_words, outbox, unit_of_work

CHANNELS = (Channel.IN_APP, Channel.EMAIL)


def tell_all(session: Session, *, now: datetime, pulse: Pulse) -> int:
    """Look at every hospital, and tell its administrators what is due; return how many hospitals were told."""
    everyone = hospitals.all_of_them(session)
    session.rollback()
    return sum(tell(session, actor, now=now, pulse=pulse) is not None for actor in everyone)


def tell(
    session: Session, actor: Actor, *, now: datetime, pulse: Pulse, job: JobName = JobName.NO_SHOW_CHECK
) -> Notice | None:
    """Tell one hospital's administrators what is due, and return it."""

    def work() -> Notice | None:
        found = job_health.health(session, actor, now=now, pulse=pulse, job=job, over=None)
        if rules.notice_due(_alarm(session, actor, job), now, found) is None:
            return None
        # Somebody else may have seen the same: who comes second finds it told.
        row = {"hospital_id": actor.hospital_id, "job_name": job}
        session.execute(insert(JobAlarm).values(**row).on_conflict_do_nothing())
        alarm = _alarm(session, actor, job, lock=True)
        notice = rules.notice_due(alarm, now, found)
        if notice is not None:
            _write(session, actor, job, notice, alarm, found.overall, now)
        return notice

    return unit_of_work.run(session, work)


def _alarm(session: Session, actor: Actor, job: JobName, *, lock: bool = False) -> Alarm:
    mine = JobAlarm.hospital_id == actor.hospital_id, JobAlarm.job_name == job
    query = select(JobAlarm.began_at, JobAlarm.told_at).where(*mine)
    row = unit_of_work.wait_for(session, query.with_for_update() if lock else query).one_or_none()
    return Alarm(row.began_at, row.told_at) if row else Alarm()


def _write(
    session: Session, actor: Actor, job: JobName, notice: Notice, alarm: Alarm, health: Health, now: datetime
) -> None:
    known = rules.after(notice, alarm, now)
    mine = JobAlarm.hospital_id == actor.hospital_id, JobAlarm.job_name == job
    session.execute(update(JobAlarm).where(*mine).values(began_at=known.began_at, told_at=known.told_at))
    admins = select(User.id).where(User.hospital_id == actor.hospital_id, User.role == Role.ADMIN, User.is_active)
    words = job_words.sentence(health, actor.zone)
    outbox.queue_staff(
        session,
        actor.hospital_id,
        session.scalars(admins).all(),
        title=job_words.TITLES[notice],
        body=words if notice is Notice.RECOVERED else f"{words} {job_words.ADVICE}",
        dedupe=f"job.{notice.lower()}:{job}:{now.isoformat()}",
        now=now,
        link="/jobs",
        priority=Priority.HIGH,
        channels=CHANNELS,
        event=f"job.{notice.lower()}",
    )
