"""What is told from memory is what the database would say: whatever changes it gives its doctor a new change."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.models import Doctor, new_id
from hms_web.services import facts, kept, slots, told_before
from tests.scenes import MONDAY, NOW, Clinic

FRIDAY = MONDAY + timedelta(days=4)
DEPARTMENT = "Told"


class Seen(NamedTuple):
    """What the database says of the department's days, and its changes."""

    told: facts.Told
    changes: str | None


class Days:
    """A doctor's day with everything in it that can be told, and a colleague of the same department."""

    def __init__(self, here: Clinic) -> None:
        self.here, self.session = here, here.session
        self.doctor, self.colleague = here.doctor(), here.doctor()
        in_one = sa.update(Doctor).where(Doctor.id.in_([self.doctor, self.colleague])).values(department=DEPARTMENT)
        self.session.execute(in_one)
        self.patient = here.patient()
        self.booked = here.book(self.doctor, self.patient, time(9)).id
        for each in (self.doctor, self.colleague):
            slots.of_date(self.session, here.actor, each, MONDAY, now=NOW)
        self.values = {
            "doctor": self.doctor,
            "colleague": self.colleague,
            "patient": self.patient,
            "booked": self.booked,
            "hospital": here.actor.hospital_id,
            "holder": here.other.user_id,
            "day": MONDAY,
            "until": NOW + timedelta(minutes=5),
            "new": new_id(),
        }
        self.do(ABSENT)
        self.do(CLOSED)
        self.do(HOLIDAY)
        self.do(HELD)
        self.session.commit()

    def do(self, statement: str) -> None:
        """Carry a statement out; who sees it meanwhile is this session."""
        assert self.session.execute(sa.text(statement), self.values).rowcount >= 1, statement  # type: ignore[attr-defined]

    def seen(self, session: Session | None = None) -> Seen:
        """What a session sees now."""
        session, actor = session or self.session, self.here.actor
        also = told_before.about_department(DEPARTMENT)
        query = sa.text(f"SELECT {also.expression} FROM hospitals h WHERE h.id = :hospital")
        changes = session.scalar(query, {**also.given, "hospital": actor.hospital_id})
        return Seen(facts.tell_department(session, actor, DEPARTMENT, MONDAY, FRIDAY), changes)


ABSENT = """
INSERT INTO doctor_absences (id, hospital_id, doctor_id, absence_type, status, start_date, end_date,
                             start_time, end_time)
VALUES (gen_random_uuid(), :hospital, :doctor, 'ANNUAL_LEAVE', 'ACTIVE', :day, :day, '16:00', '17:00')
"""
CLOSED = """INSERT INTO slot_blocks (id, hospital_id, doctor_id, starts_at, ends_at)
            SELECT gen_random_uuid(), hospital_id, doctor_id, starts_at, ends_at FROM doctor_slots
             WHERE doctor_id = :doctor AND start_time = '15:00'"""
HOLIDAY = """INSERT INTO hospital_holidays (id, hospital_id, name, date, is_recurring, is_active, created_at)
             VALUES (gen_random_uuid(), :hospital, 'Founding day', :day + 1, false, true, now())"""
HELD = """UPDATE doctor_slots SET held_by_id = :holder, held_until = :until
           WHERE doctor_id = :doctor AND start_time = '10:00'"""
OF_IT = "WHERE appointment_id = :booked"
OF_SLOT = "WHERE doctor_id = :doctor AND start_time = '10:00'"
BOOKED = """
INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                          slot_minutes, status, type, token_number, created_at)
SELECT :new, hospital_id, :patient, doctor_id, date, start_time, end_time, starts_at, ends_at, 30, 'SCHEDULED',
       'CONSULTATION', 9, now() FROM doctor_slots WHERE doctor_id = :doctor AND start_time = '11:00'
"""
MADE = """
INSERT INTO doctor_slots (id, hospital_id, doctor_id, date, start_time, end_time, starts_at, ends_at)
SELECT :new, hospital_id, doctor_id, date, '18:00', '18:30', starts_at + interval '8 hours',
       ends_at + interval '8 hours'
  FROM doctor_slots WHERE doctor_id = :doctor AND start_time = '10:00'
"""
# Everything that can be told, and each way in which it can become something else.
CHANGES = {
    "booked": BOOKED,
    "checked in": "UPDATE appointments SET status = 'CHECKED_IN', checked_in_at = now() WHERE id = :booked",
    "listed": "UPDATE appointments SET affected_cause = 'ABSENCE' WHERE id = :booked",
    "vitals": "UPDATE appointments SET vitals_recorded_at = now() WHERE id = :booked",
    "cancelled": "UPDATE appointments SET status = 'CANCELLED', cancelled_at = now() WHERE id = :booked",
    "with a colleague": "UPDATE appointments SET doctor_id = :colleague WHERE id = :booked",
    "removed": f"WITH told AS (DELETE FROM notifications {OF_IT}) DELETE FROM appointments WHERE id = :booked",
    "let go": f"UPDATE doctor_slots SET held_by_id = NULL, held_until = NULL {OF_SLOT}",
    "held longer": f"UPDATE doctor_slots SET held_until = held_until + interval '1 minute' {OF_SLOT}",
    "slot gone": f"DELETE FROM doctor_slots {OF_SLOT}",
    "slots made": MADE,
    "away": ABSENT.replace("16:00", "08:00").replace("17:00", "08:30"),
    "away longer": "UPDATE doctor_absences SET end_time = '17:30' WHERE doctor_id = :doctor",
    "back": "UPDATE doctor_absences SET status = 'CANCELLED' WHERE doctor_id = :doctor",
    "never away": "DELETE FROM doctor_absences WHERE doctor_id = :doctor",
    "closed": CLOSED.replace("15:00", "14:00"),
    "closed why": "UPDATE slot_blocks SET reason = 'Training' WHERE doctor_id = :doctor",
    "opened": "DELETE FROM slot_blocks WHERE doctor_id = :doctor",
    "hours": "UPDATE doctor_schedules SET end_time = '18:00' WHERE doctor_id = :doctor AND day_of_week = 'MONDAY'",
    "a day less": "DELETE FROM doctor_schedules WHERE doctor_id = :doctor AND day_of_week = 'SUNDAY'",
    "holiday": HOLIDAY.replace("Founding day", "Harvest").replace(":day + 1", ":day + 2"),
    "holiday named": "UPDATE hospital_holidays SET name = 'Feast' WHERE hospital_id = :hospital",
    "no holiday": "DELETE FROM hospital_holidays WHERE hospital_id = :hospital",
    "unavailable": "UPDATE doctors SET is_available = false WHERE id = :doctor",
    "fewer a day": "UPDATE doctors SET max_patients_per_day = 3 WHERE id = :doctor",
    "slot length": "UPDATE doctors SET slot_duration = 20 WHERE id = :doctor",
    "moved away": "UPDATE doctors SET department = 'Elsewhere' WHERE id = :doctor",
    "doctor renamed": "UPDATE users SET name = 'Dr. Zuri' WHERE id = (SELECT user_id FROM doctors WHERE id = :doctor)",
    "doctor gone": "UPDATE users SET is_active = false WHERE id = (SELECT user_id FROM doctors WHERE id = :colleague)",
    "holder renamed": "UPDATE users SET name = 'Somebody Else' WHERE id = :holder",
    "patient renamed": "UPDATE patients SET name = 'Renamed' WHERE id = :patient",
}


@pytest.fixture
def days(here: Clinic) -> Days:
    return Days(here)


def test_what_changes_the_days_changes_their_changes(days: Days) -> None:
    for how, statement in CHANGES.items():
        before = days.seen()
        days.do(statement)
        after = days.seen()
        assert after.told != before.told, f"{how}: the database says the same, so this shows nothing"
        assert after.changes != before.changes, how
        days.session.rollback()


def test_every_table_that_is_told_of_is_watched(days: Days) -> None:
    """A table that is asked for newly needs triggers, and cases above."""
    named = set(sa.text(facts.OF_ONE_DOCTOR).text.split())
    tables = days.session.scalars(sa.text("SELECT relname FROM pg_class WHERE relkind = 'r'")).all()
    watched = days.session.scalars(
        sa.text("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_noted'")
    ).all()
    assert named & set(tables) == set(watched)


def test_others_see_a_change_when_they_see_what_was_changed(days: Days, engine: sa.Engine) -> None:
    before = days.seen()
    with Session(engine) as other:
        days.session.execute(sa.text(CHANGES["checked in"]), days.values)
        assert days.seen(other) == before
        days.session.commit()
        after = days.seen(other)
    assert after.told != before.told
    assert after.changes != before.changes


def test_what_is_undone_has_changed_nothing(days: Days) -> None:
    before = days.seen()
    days.session.execute(sa.text(CHANGES["checked in"]), days.values)
    days.session.rollback()
    assert days.seen() == before


def test_two_who_change_a_doctors_days_at_once_do_not_wait_for_each_other(days: Days, engine: sa.Engine) -> None:
    """Whatever is committed last, those who looked in between find it changed."""
    seen = [days.seen()]
    with Session(engine) as one, Session(engine) as another, Session(engine) as onlooker:
        one.execute(sa.text(CHANGES["checked in"]), days.values)
        another.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        another.execute(sa.text(CHANGES["held longer"]), days.values)  # would be refused the lock
        another.commit()
        seen.append(days.seen(onlooker))
        one.commit()
        seen.append(days.seen(onlooker))
    assert len({one.told for one in seen}) == len({one.changes for one in seen}) == 3


def test_changes_do_not_pile_up(days: Days) -> None:
    for _ in range(5):
        days.do(CHANGES["held longer"])
        days.session.commit()
    assert len((days.seen().changes or "").split()) == 2, "one of each doctor"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the database though it may be known, with nothing known from before."""
    done: list[str] = []

    def noted(name: str, ask: Callable[..., facts.Told]) -> Callable[..., facts.Told]:
        def asking(*given: Any, **more: Any) -> facts.Told:
            done.append(name)
            return ask(*given, **more)

        return asking

    for name in ("tell", "tell_department"):
        monkeypatch.setattr(facts, name, noted(name, getattr(facts, name)))
    monkeypatch.setattr(told_before, "DEPARTMENTS", kept.Kept(10))
    monkeypatch.setattr(told_before, "DOCTORS", kept.Kept(10))
    return done


def test_the_same_changes_are_told_from_memory(days: Days, asked: list[str]) -> None:
    session, actor = days.session, days.here.actor

    def told(changes: str | None, day: date = MONDAY, doctor: UUID = days.doctor) -> facts.Told:
        of_doctor = told_before.of_doctor(session, actor, doctor, day, day, changes=changes)
        assert told_before.of_department(session, actor, DEPARTMENT, day, day, changes=changes) != of_doctor
        return of_doctor

    first = told("1")
    assert asked == ["tell", "tell_department"]
    assert told("1") is first
    assert len(asked) == 2
    assert told("2") == first
    told("1", day=FRIDAY)
    told("1", doctor=days.colleague)
    assert asked.count("tell") == 4
    assert asked.count("tell_department") == 3, "the department is the same for both doctors"
    told(None)
    told(None)
    assert asked.count("tell") == 6, "nobody knows whether it is the same"


def test_nobody_is_told_of_another_hospitals_department(days: Days, elsewhere: Clinic) -> None:
    also = told_before.about_department(DEPARTMENT)
    query = sa.text(f"SELECT {also.expression} FROM hospitals h WHERE h.id = :hospital")
    assert days.session.scalar(query, {**also.given, "hospital": elsewhere.actor.hospital_id}) is None
    about = told_before.about_doctor(days.doctor)
    query = sa.text(f"SELECT {about.expression} FROM hospitals h WHERE h.id = :hospital")
    assert days.session.scalar(query, {**about.given, "hospital": elsewhere.actor.hospital_id}) is None
    assert days.session.scalar(query, {**about.given, "hospital": days.here.actor.hospital_id})
