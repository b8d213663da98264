"""The demo hospital."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.alerts import LIVE
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.scheduler_pulse import NOT_LOOKED_AT
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.slots import SlotStatus
from hms_web.models import (
    Appointment,
    AuditEvent,
    DoctorAbsence,
    Hospital,
    HospitalHoliday,
    Notification,
    Patient,
    SlotBlock,
    StageAlert,
)
from hms_web.services import (
    affected,
    demo,
    demo_house,
    demo_people,
    doctors,
    identity,
    job_health,
    no_show_stats,
    slot_keeping,
    slots,
    stage_alerts,
    to_phone,
)
from hms_web.services.demo_season import invention
from tests import invariants

MID_MORNING = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)  # a Tuesday, 10:30 in Kolkata
SUNDAY_NIGHT = datetime(2026, 3, 8, 17, 30, tzinfo=UTC)  # 23:00
BEFORE_DAWN = datetime(2026, 3, 3, 21, 30, tzinfo=UTC)  # Wednesday, 03:00
TUESDAY = date(2026, 3, 3)


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller demo tells as much."""
    monkeypatch.setattr(demo, "PATIENTS", 200)
    monkeypatch.setattr(demo, "SEASON_DAYS", 49)
    monkeypatch.setattr(invention, "FILL", 0.3)


def count(session: Session, table: type, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0


def statuses(session: Session, day: date) -> Counter[str]:
    return Counter(session.scalars(sa.select(Appointment.status).where(Appointment.date == day)))


def at_the_desk(session: Session, now: datetime) -> Actor:
    secret = identity.sign_in(session, "reception@demo.test", "demo-password", now=now)
    who = identity.actor_of_session(session, secret, now=now)
    assert who is not None
    return who.actor


def test_a_season_lies_behind_a_day_in_progress(session: Session) -> None:
    assert demo.seed_if_empty(session, now=MID_MORNING)
    invariants.check(session.connection())
    session.rollback()
    for login in ("admin", "reception", "nurse", "doctor"):
        assert identity.sign_in(session, f"{login}@demo.test", "demo-password", now=MID_MORNING)
    _is_believable_season(session)
    _is_believable_day(session)
    _is_believable_grid(session)
    _has_something_to_see_to(session)


def _is_believable_season(session: Session) -> None:
    past = Counter(session.scalars(sa.select(Appointment.status).where(Appointment.date < TUESDAY)))
    assert set(past) == {"COMPLETED", "CANCELLED", "NO_SHOW"}
    assert past.total() > 4_000
    assert 0.72 < past["COMPLETED"] / past.total() < 0.85
    assert 0.08 < past["CANCELLED"] / past.total() < 0.15
    figures = no_show_stats.stats(session, at_the_desk(session, MID_MORNING), last=TUESDAY)
    by_weekday = {day: share.rate for day, share in figures.by_weekday}
    assert by_weekday[DayOfWeek.MONDAY] == max(by_weekday.values())
    assert figures.after.slots_rebooked > 10
    assert figures.after.blocked_patients == 3
    session.rollback()
    blocked = session.execute(sa.select(Patient.id, Patient.blocked_at).where(Patient.status == "BLOCKED")).all()
    for patient_id, blocked_at in blocked:
        later = Appointment.created_at > blocked_at
        assert not count(session, Appointment, Appointment.patient_id == patient_id, later)
    session.rollback()


def _is_believable_day(session: Session) -> None:
    today = statuses(session, TUESDAY)
    assert {"SCHEDULED", "CHECKED_IN", "IN_PROGRESS", "COMPLETED", "NO_SHOW", "CANCELLED"} <= set(today)
    system = Actor(session.scalars(sa.select(Hospital.id)).one(), "Asia/Kolkata", None, "System", None)
    session.rollback()
    assert job_health.health(session, system, now=MID_MORNING, pulse=NOT_LOOKED_AT).overall.is_healthy
    stage_alerts.scan(session, system, now=MID_MORNING + timedelta(minutes=5))
    assert count(session, StageAlert, StageAlert.status.in_(LIVE)) > 0
    latest = session.scalar(sa.select(sa.func.max(AuditEvent.at)).where(AuditEvent.action != "alert.raised"))
    assert latest is not None
    assert latest <= MID_MORNING
    session.rollback()


def _has_something_to_see_to(session: Session) -> None:
    desk = at_the_desk(session, MID_MORNING)
    assert affected.count(session, desk) > 10
    calls = to_phone.calls(session, desk, now=MID_MORNING)
    assert 5 < len(calls) < 60
    assert count(session, Notification, Notification.phoned_at.is_not(None)) > 100
    assert not count(session, Notification, Notification.state == DeliveryState.QUEUED)
    assert count(session, DoctorAbsence) == 4
    assert count(session, HospitalHoliday) == 2
    assert count(session, SlotBlock) == 1
    session.rollback()


def _is_believable_grid(session: Session) -> None:
    desk = at_the_desk(session, MID_MORNING)
    everybody = doctors.all_of(session, desk)
    assert {doctor.slot_duration for doctor in everybody} == {15, 20, 30, 45}
    assert len(doctors.departments(session, desk)) == 4
    days = slots.of_day(session, desk, [doctor.id for doctor in everybody], TUESDAY, now=MID_MORNING)
    seen = Counter(slot.status for day in days.values() for slot in day.items)
    assert {SlotStatus.AVAILABLE, SlotStatus.BOOKED, SlotStatus.BLOCKED, SlotStatus.PAST} <= set(seen)
    session.rollback()


@pytest.mark.usefixtures("fewer")
@pytest.mark.parametrize(
    ("now", "day", "expected"),
    [
        pytest.param(SUNDAY_NIGHT, date(2026, 3, 8), {"COMPLETED"}, id="on a late Sunday the day is over"),
        pytest.param(BEFORE_DAWN, date(2026, 3, 4), {"SCHEDULED", "CONFIRMED"}, id="at night it has not begun"),
    ],
)
def test_any_hour_will_do(session: Session, now: datetime, day: date, expected: set[str]) -> None:
    demo.seed(session, now=now)
    invariants.check(session.connection())
    found = set(statuses(session, day))
    assert expected <= found
    assert found.isdisjoint({"CHECKED_IN", "IN_PROGRESS"})


def test_the_demo_stands_where_people_work_just_now() -> None:
    assert demo_house.zone_at_work(MID_MORNING) == demo_house.ZONE
    for quarters in range(4 * 24):
        now = MID_MORNING + timedelta(minutes=15 * quarters)
        assert time(9, 30) <= now.astimezone(demo_house.zone_at_work(now)).time() < time(15, 30)


@pytest.mark.usefixtures("fewer")
def test_whoever_starts_it_at_night_finds_a_day_in_progress(session: Session) -> None:
    night = datetime(2026, 3, 3, 17, 30, tzinfo=UTC)  # 23:00 in Kolkata, half past twelve in Bogota
    demo.seed_if_empty(session, now=night)
    invariants.check(session.connection())
    assert {"SCHEDULED", "CHECKED_IN", "COMPLETED"} <= set(statuses(session, TUESDAY))


@pytest.mark.usefixtures("fewer")
def test_a_day_without_doctors_works_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_house, "_WORKS_ON_SUNDAYS", frozenset())
    demo.seed(session, now=SUNDAY_NIGHT)
    assert count(session, Appointment, Appointment.date == date(2026, 3, 8)) == 0
    assert count(session, DoctorAbsence) == 3
    assert count(session, SlotBlock) == 1


@pytest.mark.usefixtures("fewer")
def test_a_demo_is_made_once_and_whole(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(slot_keeping, "block", broken)  # the last thing that is done
        with pytest.raises(KeyboardInterrupt):
            demo.seed(session, now=MID_MORNING)
    assert count(session, Hospital) == 0
    session.rollback()
    assert demo.seed_if_empty(session, now=MID_MORNING)
    assert not demo.seed_if_empty(session, now=MID_MORNING)
    session.rollback()
    with pytest.raises(Refused) as caught:
        demo.seed(session, now=MID_MORNING)
    assert caught.value.refusal.code is Code.EMAIL_TAKEN
    assert count(session, Hospital) == 1


def test_invented_people_are_the_same_every_time_and_can_exist() -> None:
    today = local_date(MID_MORNING, UTC)
    people = demo_people.people(300, today)
    assert people == demo_people.people(300, today)
    assert people != demo_people.people(300, today, seed=1)
    assert len({person.name for person in people}) > 150
    assert all(person.date_of_birth is not None and person.date_of_birth < today for person in people)
    assert min(person.date_of_birth or today for person in people) > today - timedelta(days=93 * 366)
    children = [person for person in people if (person.date_of_birth or today) > today - timedelta(days=15 * 366)]
    assert 60 < len(children) < 130
    long_ago = today - timedelta(days=400)
    assert all((one.date_of_birth or today) < long_ago for one in demo_people.people(300, today, until=long_ago))
