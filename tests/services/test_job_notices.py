"""Administrators hear of trouble once, daily while it lasts, and when it is over; each of them, whoever looks."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.job_alarms import Alarm, Notice
from hms_web.domain.job_health import JobName, RunSource
from hms_web.domain.scheduler_pulse import NOT_LOOKED_AT, Pulse
from hms_web.models import Hospital, JobAlarm, Notification, User, new_id
from hms_web.services import hospitals, job_health, job_notices
from hms_web.services.job_health import Guard
from hms_web.services.job_runs import Done
from tests.scenes import NOW, Clinic

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def been_open_for_long(here: Clinic) -> None:
    here.session.execute(sa.update(Hospital).values(created_at=NOW - 30 * DAY))
    here.session.commit()


def failing(_guard: Guard, _run_id: UUID) -> Done:
    raise ValueError


def well(_guard: Guard, _run_id: UUID) -> Done:
    return Done()


def run(here: Clinic, *, ok: bool, after: timedelta, pulse: Pulse | None = None) -> Notice | None:
    actor = hospitals.in_its_own_name(here.actor)
    job_health.run(here.session, actor, RunSource.SCHEDULER, well if ok else failing, now=NOW + after)
    return tell(here, after, pulse)


def tell(here: Clinic, after: timedelta, pulse: Pulse | None = None) -> Notice | None:
    seen = pulse or Pulse(looked_at=NOW + after)
    return job_notices.tell(here.session, hospitals.in_its_own_name(here.actor), now=NOW + after, pulse=seen)


def told(here: Clinic) -> list[tuple[str, UUID | None, str]]:
    rows = here.session.scalars(sa.select(Notification).order_by(Notification.created_at, Notification.channel))
    return [(row.event, row.user_id, row.channel) for row in rows]


def test_the_third_failure_in_a_row_is_told_once_to_every_admin_on_both_channels(here: Clinic) -> None:
    mine = here.actor.hospital_id
    second, gone = (
        User(id=new_id(), hospital_id=mine, name=name, email=f"{name}@test", role=Role.ADMIN, is_active=name == "two")
        for name in ("two", "gone")
    )
    here.session.add_all([second, gone])
    here.session.commit()
    run(here, ok=True, after=-MINUTE)
    notices = [run(here, ok=False, after=number * MINUTE) for number in range(5)]
    assert notices == [None, None, Notice.BEGAN, None, None]
    assert sorted(told(here), key=str) == sorted(
        [("job.began", who, channel) for who in (here.admin.user_id, second.id) for channel in ("in_app", "email")],
        key=str,
    )
    note = here.session.scalars(sa.select(Notification).limit(1)).one()
    assert (note.priority, note.link, note.title) == ("HIGH", "/jobs", "The no-show check is in trouble")
    assert "The last 3 runs failed" in note.body


def test_it_is_told_again_daily_and_when_it_is_over_and_then_anew(here: Clinic) -> None:
    run(here, ok=True, after=-MINUTE)
    for number in range(3):
        run(here, ok=False, after=number * MINUTE)
    later = 2 * MINUTE + DAY
    assert tell(here, later - timedelta(seconds=1)) is None
    assert tell(here, later) is Notice.LASTS
    assert tell(here, later + MINUTE) is None
    assert run(here, ok=True, after=later + 5 * MINUTE) is Notice.RECOVERED
    assert tell(here, later + 6 * MINUTE) is None
    assert [event for event, _, channel in told(here) if channel == "email"] == [
        "job.began",
        "job.lasts",
        "job.recovered",
    ]
    anew = [run(here, ok=False, after=later + minutes * MINUTE) for minutes in (10, 15, 20)]
    assert anew == [None, None, Notice.BEGAN]
    assert here.count(JobAlarm) == 1


def test_a_silent_job_is_told_of_by_whoever_looks(here: Clinic, elsewhere: Clinic) -> None:
    here.session.execute(
        sa.update(Hospital).where(Hospital.id == elsewhere.actor.hospital_id).values(created_at=NOW + DAY)
    )
    here.session.commit()
    assert job_notices.tell_all(here.session, now=NOW, pulse=NOT_LOOKED_AT) == 1
    assert job_notices.tell_all(here.session, now=NOW + MINUTE, pulse=NOT_LOOKED_AT) == 0
    assert {who for _, who, _ in told(here)} == {here.admin.user_id}


def test_one_failed_ping_tells_nobody_and_fifteen_minutes_do(here: Clinic) -> None:
    run(here, ok=True, after=-MINUTE)
    assert tell(here, timedelta(), Pulse(answers=False)) is None
    assert tell(here, 13 * MINUTE, Pulse(answers=False)) is None
    assert tell(here, 14 * MINUTE, Pulse(answers=False)) is Notice.BEGAN
    assert here.session.scalar(sa.select(Notification.body).limit(1)).startswith("No run has ended well")  # type: ignore[union-attr]


def test_an_emptied_redis_does_not_say_that_it_works_again(here: Clinic) -> None:
    assert tell(here, timedelta()) is Notice.BEGAN
    assert run(here, ok=True, after=MINUTE, pulse=NOT_LOOKED_AT) is None
    assert tell(here, 2 * MINUTE, Pulse(missed_since=NOW)) is None
    assert tell(here, 2 * MINUTE) is Notice.RECOVERED


def test_of_two_who_see_it_at_once_one_tells(here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has read that nobody was told, and then finds under the lock that somebody was."""
    actor = hospitals.in_its_own_name(here.actor)
    stored = job_notices._alarm

    def read(session: Session, actor: Actor, job: JobName, *, lock: bool = False) -> Alarm:
        if lock:
            return stored(session, actor, job, lock=True)
        monkeypatch.setattr(job_notices, "_alarm", stored)
        with Session(engine) as other:
            assert job_notices.tell(other, actor, now=NOW, pulse=NOT_LOOKED_AT) is Notice.BEGAN
        return Alarm()

    monkeypatch.setattr(job_notices, "_alarm", read)
    assert job_notices.tell(here.session, actor, now=NOW, pulse=NOT_LOOKED_AT) is None
    assert len(told(here)) == 2, "one message a channel"
