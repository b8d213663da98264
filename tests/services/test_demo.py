"""The demo hospital."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.slots import SlotStatus
from hms_web.models import Appointment, DoctorAbsence, Hospital, HospitalHoliday, Patient, SlotBlock
from hms_web.services import demo, demo_people, doctors, identity, slots
from tests import invariants

NOON = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # a Monday, 12:30 in Kolkata
SUNDAY_NIGHT = datetime(2026, 3, 8, 17, 30, tzinfo=UTC)  # 23:00


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller demo tells as much."""
    monkeypatch.setattr(demo, "PATIENTS", 60)
    monkeypatch.setattr(demo, "BUSY_DAYS", 2)
    monkeypatch.setattr(demo, "LATER_DAYS", 1)


def count(session: Session, table: type, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0


def test_a_believable_day(session: Session) -> None:
    assert demo.seed_if_empty(session, now=NOON)
    for login in ("admin", "reception", "nurse", "doctor"):
        assert identity.sign_in(session, f"{login}@demo.test", "demo-password", now=NOON)
    assert count(session, Patient) == 60
    today = count(session, Appointment, Appointment.date == date(2026, 3, 2))
    assert 60 < today < 160
    statuses = Counter(session.scalars(sa.select(Appointment.status)))
    assert set(statuses) == {"SCHEDULED", "CONFIRMED", "CHECKED_IN", "IN_PROGRESS", "COMPLETED", "CANCELLED"}
    invariants.check(session.connection())
    arrived = session.execute(
        sa.select(Appointment.checked_in_at, Appointment.starts_at).where(Appointment.checked_in_at.is_not(None))
    ).all()
    assert all(at is not None and at <= min(NOON, starts_at) for at, starts_at in arrived)
    assert count(session, DoctorAbsence) == count(session, SlotBlock) == count(session, HospitalHoliday) == 1
    assert session.scalars(sa.select(HospitalHoliday.date)).one() == date(2026, 3, 19)


def test_a_grid_has_taken_and_free_slots_of_every_length(session: Session) -> None:
    demo.seed(session, now=NOON)
    secret = identity.sign_in(session, "reception@demo.test", "demo-password", now=NOON)
    who = identity.actor_of_session(session, secret, now=NOON)
    assert who is not None
    everybody = doctors.all_of(session, who.actor)
    assert {doctor.slot_duration for doctor in everybody} == {15, 20, 30, 45}
    assert len(doctors.departments(session, who.actor)) == 4
    days = slots.of_day(session, who.actor, [doctor.id for doctor in everybody], date(2026, 3, 2), now=NOON)
    seen = Counter(slot.status for day in days.values() for slot in day.items)
    assert {SlotStatus.AVAILABLE, SlotStatus.BOOKED, SlotStatus.BLOCKED, SlotStatus.PAST} <= set(seen)


def test_a_late_sunday_works_too(session: Session) -> None:
    demo.seed(session, now=SUNDAY_NIGHT)
    assert count(session, Appointment) > 60
    assert count(session, Appointment, Appointment.date == date(2026, 3, 8)) > 5


def test_a_day_without_doctors_works_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_WORKS_ON_SUNDAYS", frozenset())
    demo.seed(session, now=SUNDAY_NIGHT)
    assert count(session, Appointment, Appointment.date == date(2026, 3, 8)) == 0
    assert count(session, DoctorAbsence) == 0
    assert count(session, SlotBlock) == 1


def test_a_demo_is_made_once_and_only_beside_nothing(session: Session) -> None:
    demo.seed(session, now=NOON)
    assert not demo.seed_if_empty(session, now=NOON)
    with pytest.raises(Refused) as caught:
        demo.seed(session, now=NOON)
    assert caught.value.refusal.code is Code.EMAIL_TAKEN
    assert count(session, Hospital) == 1


def test_invented_people_are_the_same_every_time_and_can_exist() -> None:
    today = local_date(NOON, UTC)
    people = demo_people.people(300, today)
    assert people == demo_people.people(300, today)
    assert people != demo_people.people(300, today, seed=1)
    assert len({person.name for person in people}) > 150
    assert all(person.date_of_birth is not None and person.date_of_birth < today for person in people)
    assert min(person.date_of_birth or today for person in people) > today - timedelta(days=93 * 366)
