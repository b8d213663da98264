"""Hours in which nothing ran, one appointment that breaks the check, and zones whose clocks change (J4, J9, J10)."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from rq import Queue
from sqlalchemy.orm import Session

from hms_web.domain.schedules import DayOfWeek
from hms_web.jobs.resources import QUEUE
from hms_web.local.processes import last_lines, wait_until
from hms_web.models import ApiToken
from hms_web.services import passwords
from tests.faults.yard import AFTERNOON, DUE, MOVING, PATIENCE, Yard, set_clock
from tests.processes import ServerFactory
from tests.scenes import NOW, Clinic, clinic

pytestmark = pytest.mark.fault

ENTRIES, LOCK = "rq:scheduler:scheduled_jobs", "rq:scheduler:scheduler_lock"
CONFIG = Path(__file__).with_name("moving_clock.py")
KEY = "a key of sixteen or more"


@pytest.mark.parametrize(
    ("hours", "marked"), [(6.0, 100), (14.5, 44)], ids=["six hours", "more than twelve for some of them"]
)
def test_hours_without_any_process_are_one_run_that_catches_up(yard: Yard, hours: float, marked: int) -> None:
    """The slots end from 08:10 to 12:10. At 22:30 the first fourteen of each doctor are over for more than twelve."""
    yard.due(100)
    yard.at(NOW)
    worker = yard.worker(MOVING, "work")
    assert yard.finish(yard.enqueue()) == "finished"
    worker.kill()
    worker.wait()
    yard.at(NOW + timedelta(hours=hours))
    # What these hours have left on Redis: a tick that is overdue, and a lock that has lapsed.
    yard.redis.zadd(ENTRIES, {"no-show-check": time.time() - 3600 * hours})  # noqa: TID251 the scheduler's own clock
    yard.redis.delete(LOCK)
    yard.worker(MOVING, "work")
    yard.scheduler()
    ran = "SELECT count(*) FROM cron_job_runs WHERE status = 'SUCCESS'"
    assert wait_until(lambda: yard.count(ran) == 2, 4 * PATIENCE), last_lines(yard.log, 20)
    queue = Queue(QUEUE, connection=yard.redis)
    assert wait_until(lambda: queue.count == 0 and queue.started_job_registry.count == 0, PATIENCE)
    assert yard.runs() == [("SCHEDULER", "SUCCESS")] * 2, "one for the morning, one for all that was missed"
    yard.each_once(marked)
    review = "SELECT count(*) FROM appointments WHERE no_show_review_at IS NOT NULL AND status = 'SCHEDULED'"
    assert yard.count(review) == 100 - marked


def test_one_poisoned_appointment_among_five_hundred_stops_nobody_else(yard: Yard) -> None:
    yard.due()
    poisoned = "SELECT id FROM appointments ORDER BY id OFFSET 250 LIMIT 1"
    with yard.engine.begin() as connection:
        key = connection.scalar(sa.text(poisoned))
        body = f"BEGIN IF NEW.appointment_id = '{key}' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END"
        connection.exec_driver_sql(f"CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        connection.exec_driver_sql(
            "CREATE TRIGGER poison BEFORE INSERT ON no_show_logs FOR EACH ROW EXECUTE FUNCTION poison()"
        )
    yard.worker(MOVING, "work")
    assert yard.finish(yard.enqueue(), 4 * PATIENCE) == "finished", "its batch was taken one by one"
    assert yard.runs() == [("SCHEDULER", "SUCCESS")]
    yard.each_once(DUE - 1)
    named = f"SELECT count(*) FROM cron_job_runs WHERE error LIKE '1 could not be processed%{key} (%'"
    assert yard.count(named) == 1
    with yard.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER poison ON no_show_logs")
    yard.at(AFTERNOON + timedelta(minutes=5))
    assert yard.finish(yard.enqueue()) == "finished"
    yard.each_once()


@dataclass(frozen=True)
class Change:
    """A night in which the clocks of a place change: what its slots of 00:00 to 08:00 are, in local time and UTC."""

    zone: str
    day: date
    missing: tuple[str, ...]
    instants: dict[str, str]


CHANGES = [
    Change("America/New_York", date(2026, 3, 8), ("02:00", "02:30"), {"01:30": "08T06:30", "03:00": "08T07:00"}),
    Change("Australia/Lord_Howe", date(2026, 4, 5), (), {"01:30": "04T14:30", "02:00": "04T15:30"}),
    Change("Africa/Cairo", date(2026, 4, 24), ("00:00", "00:30"), {"01:00": "23T22:00", "07:00": "24T04:00"}),
    Change("Australia/Lord_Howe", date(2026, 10, 4), ("02:00",), {"01:30": "03T15:00", "02:30": "03T15:30"}),
    Change("Africa/Cairo", date(2026, 10, 30), (), {"00:00": "29T22:00", "07:00": "30T05:00"}),
    Change("America/New_York", date(2026, 11, 1), (), {"01:30": "01T05:30", "02:00": "01T07:00"}),
]


def test_clock_changes_on_a_server_that_stands_elsewhere(server: ServerFactory, tmp_path: Path) -> None:
    """One server, in a zone with changes of its own, and a clock that goes from one change to the next."""
    clock = tmp_path / "clock"
    set_clock(clock, NOW)
    environ = {"TZ": "America/Santiago", "TEST_CLOCK": str(clock), "CRON_API_KEY": KEY}
    environ |= {"GUNICORN_CMD_ARGS": f"--config '{CONFIG}'", "HMS_TEST_NOW": NOW.isoformat()}
    running = server(processes=1, env=environ)
    engine = sa.create_engine(running.database_url)
    with Session(engine, expire_on_commit=False) as session, httpx.Client(timeout=PATIENCE) as caller:
        places = {zone: place(session, zone) for zone in sorted({change.zone for change in CHANGES})}
        for change in CHANGES:
            here, headers = places[change.zone]
            night(caller, f"{running.url}/api/v1", change, here, headers, clock)
    engine.dispose()


def place(session: Session, zone: str) -> tuple[Clinic, dict[str, str]]:
    """A clinic of a zone, and how its receptionist asks."""
    here = clinic(session, timezone=zone)
    secret = passwords.new_secret()
    ends = NOW + timedelta(days=365)
    token = ApiToken(
        user_id=here.actor.user_id, token_hash=passwords.secret_hash(secret), created_at=NOW, expires_at=ends
    )
    session.add(token)
    session.commit()
    return here, {"Authorization": f"Bearer {secret}"}


def night(caller: httpx.Client, api: str, change: Change, here: Clinic, headers: dict[str, str], clock: Path) -> None:
    """The slots of the night, the window and the threshold of the morning after."""
    zone, session = ZoneInfo(change.zone), here.session
    day_of_week = (DayOfWeek.of(change.day),)
    doctor = here.doctor(minutes=30, start=at_("00:00"), end=at_("08:00"), pause=None, days=day_of_week)
    patient = here.patient()
    set_clock(clock, datetime.combine(change.day - timedelta(days=1), at_("12:00"), zone).astimezone(UTC))
    asked = caller.get(f"{api}/slots/doctor/{doctor}/date/{change.day}", headers=headers)
    assert asked.status_code == 200, asked.text
    found = {f"{row.start_time:%H:%M}": row.starts_at for row in stored(session, doctor, change.day)}
    wall = [f"{hour:02}:{minute:02}" for hour in range(8) for minute in (0, 30)]
    assert sorted(found) == [one for one in wall if one not in change.missing], change
    for local, instant in change.instants.items():
        assert f"{found[local].astimezone(UTC):%dT%H:%M}" == instant, (change, local)
    body = {"patientId": str(patient), "doctorId": str(doctor), "date": f"{change.day}", "time": "07:00"}
    assert caller.post(f"{api}/appointments", json=body, headers=headers).status_code == 201
    for local, is_open, marked in (("06:59", False, 0), ("07:00", True, 0), ("07:29", True, 0), ("07:30", True, 1)):
        set_clock(clock, datetime.combine(change.day, at_(local), zone).astimezone(UTC))
        done = caller.post(f"{api}/no-show/external-trigger", headers={"x-cron-api-key": KEY}).json()
        assert done["noShows"]["marked"] == marked, (change, local, done)
        ran = "SELECT count(*) FROM cron_job_runs WHERE hospital_id = :here AND started_at = :now"
        values = {"here": here.actor.hospital_id, "now": datetime.combine(change.day, at_(local), zone)}
        assert session.scalar(sa.text(ran), values) == is_open, (change, local)
        session.rollback()


def at_(written: str) -> time_of_day:
    return time_of_day.fromisoformat(written)


def stored(session: Session, doctor: UUID, day: date) -> list[sa.Row[tuple[object, ...]]]:
    session.rollback()
    question = sa.text("SELECT start_time, starts_at FROM doctor_slots WHERE doctor_id = :doctor AND date = :day")
    return list(session.execute(question, {"doctor": doctor, "day": day}))
