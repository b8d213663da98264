"""Doctors' days with everything in them that can be told, and each way in which it can become something else."""

from datetime import time, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.models import Doctor, new_id
from hms_web.services import facts, slots, told_before
from hms_web.services.who_asks import Also
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
        changes = self.changes(session, told_before.about_department(DEPARTMENT))
        return Seen(facts.tell_department(session, actor, DEPARTMENT, MONDAY, FRIDAY), changes)

    def seen_of(self, session: Session, doctor_id: UUID) -> Seen:
        """The same of one doctor."""
        changes = self.changes(session, told_before.about_doctor(doctor_id))
        return Seen(facts.tell(session, self.here.actor, [doctor_id], MONDAY, FRIDAY), changes)

    def changes(self, session: Session, also: Also) -> str | None:
        """What a session is told of changes."""
        query = sa.text(f"SELECT {also.expression} FROM hospitals h WHERE h.id = :hospital")
        found: str | None = session.scalar(query, {**also.given, "hospital": self.here.actor.hospital_id})
        return found


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
# A doctor who is added to the department.
NEW_COLLEAGUE = """
WITH account AS (INSERT INTO users (id, hospital_id, name, email, role)
                 VALUES (:new, :hospital, 'Dr. Late', CAST(:new AS text), 'DOCTOR') RETURNING id, hospital_id)
INSERT INTO doctors (id, hospital_id, user_id, department, slot_duration, max_patients_per_day)
SELECT gen_random_uuid(), hospital_id, id, 'Told', 30, 30 FROM account
"""
