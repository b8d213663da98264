"""A hospital of any size, to see what the product does with as much as years bring: `hms demo seed --scale N`.

The database makes the rows by itself, a few days of all doctors in one statement, so that five million appointments
take minutes. Unlike the demo's season (services/demo_season) they tell no story: every doctor works the same hours
every day, and who comes follows from the number of the appointment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import first_instant, local_date
from hms_web.services import asking, demo_people, hospitals, unit_of_work, users
from hms_web.services.demo_house import PASSWORD, ZONE

NAME = "Large Hospital"
STAFF = [
    ("Neha Kapoor", "admin@large.test", Role.ADMIN),
    ("Rosa Fernandes", "reception@large.test", Role.RECEPTIONIST),
    ("Grace Mwangi", "nurse@large.test", Role.NURSE),
]
DOCTORS_A_DEPARTMENT = 10
SLOTS_A_DAY = 14
"""Half hours from 9 to 13 and from 14 to 17."""

# Every fourth slot of the days to come is booked; which one differs from doctor to doctor and from day to day.
_EVERY = 4
# Whole rounds of that, so that every doctor has the same number.
_DAYS_AHEAD = 28
_DAYS_AT_ONCE = 7
_PATIENTS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to be. A doctor gets the `doctors`-th part of the appointments."""

    doctors: int
    patients: int
    appointments: int

    @classmethod
    def of_scale(cls, scale: int) -> "Size":
        """Return a scale's: 1 is ten doctors with 50,000 appointments, 100 a thousand with 5,000,000."""
        return cls(10 * scale, 20_000 * scale, 50_000 * scale)

    @property
    def of_each(self) -> int:
        """How many appointments each doctor has."""
        return self.appointments // self.doctors


def seed(session: Session, size: Size, *, now: datetime, advance: Callable[[int], object] = lambda _: None) -> Actor:
    """Make the hospital, all or nothing; return the actor for what the product does in it.

    `advance` is told of appointments as they are written. Raises Refused EMAIL_TAKEN where it exists already.
    """
    return unit_of_work.run(session, lambda: _Large(session, size, now, advance).make())


# Ids that go up with time, as those of the product do, and that follow from a number: what belongs to an appointment is
# written without looking it up.
_KEY = """
CREATE OR REPLACE FUNCTION pg_temp.large_key(at timestamptz, number bigint, kind text) RETURNS uuid LANGUAGE sql STABLE
RETURN (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(number & 4095), 3, '0')
        || '8' || substr(md5(kind || number), 1, 15))::uuid
"""

_DOCTORS = """
WITH made AS (
    INSERT INTO users (id, hospital_id, name, email, role, created_at)
    SELECT pg_temp.large_key(:opened, n, 'user'), :hospital, 'Dr. ' || (CAST(:given AS text[]))[n % :givens + 1] || ' '
           || (CAST(:family AS text[]))[n / :givens % :families + 1], 'doctor' || n || '@large.test', 'DOCTOR', :opened
      FROM generate_series(0, :doctors - 1) n)
INSERT INTO doctors (id, hospital_id, user_id, department, slot_duration, max_patients_per_day, created_at)
SELECT pg_temp.large_key(:opened, n, 'doctor'), :hospital, pg_temp.large_key(:opened, n, 'user'),
       'Department ' || lpad(CAST(n / :together + 1 AS text), 3, '0'), 30, 30, :opened
  FROM generate_series(0, :doctors - 1) n
"""

_WEEKS = """
INSERT INTO doctor_schedules (id, hospital_id, doctor_id, day_of_week, start_time, end_time, break_start, break_end)
SELECT gen_random_uuid(), :hospital, d.id, day, '09:00', '17:00', '13:00', '14:00'
  FROM doctors d,
       unnest(ARRAY['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']) AS day
 WHERE d.hospital_id = :hospital
"""

# As the product numbers its patients: six digits, and more for whoever comes after the first million.
NUMBERED = "lpad(CAST({n} AS text), greatest(6, length(CAST({n} AS text))), '0')"
_PATIENTS = f"""
INSERT INTO patients (id, hospital_id, mrn, name, phone, date_of_birth, sex, created_at)
SELECT pg_temp.large_key(:opened, n, 'patient'), :hospital, {NUMBERED.format(n="n + 1")},
       (CAST(:given AS text[]))[n * 7 % :givens + 1] || ' ' || (CAST(:family AS text[]))[n / 3 % :families + 1],
       '+91 9' || lpad(CAST(n * 7919 % 1000000000 AS text), 9, '0'), date '1940-01-01' + CAST(n * 31 % 30000 AS int),
       CASE n % 2 WHEN 0 THEN 'FEMALE' ELSE 'MALE' END, :opened
  FROM generate_series(CAST(:first AS bigint), :last) n
"""  # noqa: S608 words of our own

# One row for each half hour of each doctor in a range of days; `number` counts them through.
_TIMES = """
CREATE TEMPORARY TABLE large_times ON COMMIT DROP AS
SELECT d AS doctor, day, half, at, (day * 14 + half) * CAST(:doctors AS bigint) + d AS number,
       CAST(:origin AS date) + day AS date, (CAST(:origin AS date) + day + at) AT TIME ZONE :zone AS starts_at
  FROM generate_series(CAST(:first AS int), :last) day,
       generate_series(0, 13) half,
       generate_series(0, :doctors - 1) d,
       LATERAL (SELECT time '09:00' + (half + CASE WHEN half >= 8 THEN 2 ELSE 0 END) * interval '30 minutes' AS at) t
"""

_VISITS = """
CREATE TEMPORARY TABLE large_visits ON COMMIT DROP AS
SELECT t.*, pg_temp.large_key(starts_at, number, 'visit') AS id,
       pg_temp.large_key(:opened, number % :patients, 'patient') AS patient_id,
       pg_temp.large_key(:opened, doctor, 'doctor') AS doctor_id,
       greatest(least(starts_at - interval '2 days', :now), :opened) AS booked_at,
       CASE WHEN starts_at + interval '30 minutes' > :now THEN 'SCHEDULED'
            ELSE CASE (number + number / :patients) % 20 WHEN 0 THEN 'NO_SHOW' WHEN 1 THEN 'CANCELLED'
                 ELSE 'COMPLETED' END
       END AS status
  FROM large_times t
 WHERE CASE WHEN day <= :today THEN day > 0 OR half < :rest
            ELSE day <= :today + :ahead AND (doctor + day + half) % :every = 0 END
"""

_WRITTEN = (
    """
INSERT INTO doctor_slots (id, hospital_id, doctor_id, date, start_time, end_time, starts_at, ends_at)
SELECT pg_temp.large_key(starts_at, number, 'slot'), :hospital, pg_temp.large_key(:opened, doctor, 'doctor'), date,
       at, at + interval '30 minutes', starts_at, starts_at + interval '30 minutes'
  FROM large_times ORDER BY number
""",
    """
INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                          slot_minutes, status, type, token_number, checked_in_at, cancelled_at, created_at)
SELECT id, :hospital, patient_id, doctor_id, date, at, at + interval '30 minutes', starts_at,
       starts_at + interval '30 minutes', 30, status, 'CONSULTATION', half + 1,
       CASE status WHEN 'COMPLETED' THEN starts_at END, CASE status WHEN 'CANCELLED' THEN booked_at END, booked_at
  FROM large_visits ORDER BY number
""",
    # What has just grown from nothing is else believed to be empty, and each reference to it is looked up row by row.
    "ANALYZE appointments",
    """
INSERT INTO consultations (id, hospital_id, appointment_id, doctor_id, status, started_at, completed_at)
SELECT pg_temp.large_key(starts_at, number, 'seen'), :hospital, id, doctor_id, 'COMPLETED', starts_at,
       starts_at + interval '20 minutes' FROM large_visits WHERE status = 'COMPLETED' ORDER BY number
""",
    """
INSERT INTO no_show_logs (id, hospital_id, appointment_id, patient_id, doctor_id, reason, slot_time, timeout_minutes,
                          slot_released, previous_status, created_at)
SELECT pg_temp.large_key(starts_at, number, 'missed'), :hospital, id, patient_id, doctor_id, 'AUTO_TIMEOUT', starts_at,
       30, false, 'SCHEDULED', starts_at + interval '30 minutes'
  FROM large_visits WHERE status = 'NO_SHOW' ORDER BY number
""",
    """
INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
SELECT pg_temp.large_key(booked_at, number, 'event'), :hospital, booked_at, 'System', 'appointment.booked',
       'appointment', id, '{}' FROM large_visits ORDER BY number
""",
    r"""
INSERT INTO notifications (id, hospital_id, dedupe_key, event, channel, priority, state, patient_id, appointment_id,
                           title, body, created_at, sent_at)
SELECT pg_temp.large_key(booked_at, number, 'told'), :hospital, concat('appointment.booked\:', id, '\:1\:in_app'),
       'appointment.booked', 'in_app', 'NORMAL', 'SENT', patient_id, id, 'Appointment booked',
       'Your appointment is booked.', booked_at, booked_at FROM large_visits ORDER BY number
""",
    """
INSERT INTO token_counters (doctor_id, date, hospital_id, last_number)
SELECT doctor_id, date, :hospital, 14 FROM large_visits GROUP BY doctor_id, date
""",
    "DROP TABLE large_visits, large_times",
)

# Nobody becomes blocked by what was only counted out: the hospital is there to be worked in.
_MISSED = """
UPDATE patients p SET no_show_count = least(l.missed, 2), lifetime_no_shows = l.missed
  FROM (SELECT patient_id, count(*) AS missed FROM no_show_logs WHERE hospital_id = :hospital GROUP BY patient_id) l
 WHERE p.id = l.patient_id
"""
_TABLES = (
    "users",
    "doctors",
    "doctor_schedules",
    "doctor_slots",
    "patients",
    "appointments",
    "consultations",
    "no_show_logs",
    "audit_events",
    "notifications",
    "token_counters",
)


class _Large:
    """The making of one such hospital, inside a unit of work."""

    def __init__(self, session: Session, size: Size, now: datetime, advance: Callable[[int], object]) -> None:
        self.session, self.size, self.now, self.advance = session, size, now, advance
        today = local_date(now, ZONE)
        behind = size.of_each - _DAYS_AHEAD * SLOTS_A_DAY // _EVERY
        days, rest = divmod(max(behind, SLOTS_A_DAY), SLOTS_A_DAY)
        # The first day holds what is left over when all others up to today are full.
        self.origin = today - timedelta(days=days)
        self.last = days + BOOKING_WINDOW_DAYS
        given, family = demo_people.name_parts()
        self.given: dict[str, object] = {
            "opened": first_instant(self.origin, time(0), ZONE),
            "origin": self.origin,
            "now": now,
            "today": days,
            "rest": rest,
            "ahead": _DAYS_AHEAD,
            "every": _EVERY,
            "zone": str(ZONE),
            "doctors": size.doctors,
            "patients": size.patients,
            "together": DOCTORS_A_DEPARTMENT,
            "given": given,
            "givens": len(given),
            "family": family,
            "families": len(family),
        }

    def make(self) -> Actor:
        """Fill the hospital."""
        self._do("SET LOCAL statement_timeout = 0")
        system = hospitals.add(self.session, NAME, str(ZONE), now=self.now)
        for name, email, role in STAFF:
            users.add(self.session, system, users.NewUser(name, email, role, PASSWORD), now=self.now)
        self.given["hospital"] = system.hospital_id
        for statement in (_KEY, _DOCTORS, _WEEKS):
            self._do(statement)
        for first in range(0, self.size.patients, _PATIENTS_AT_ONCE):
            self._do(_PATIENTS, first=first, last=min(first + _PATIENTS_AT_ONCE, self.size.patients) - 1)
        self._do("ANALYZE users, doctors, patients")
        for first in range(0, self.last + 1, _DAYS_AT_ONCE):
            self._write_days(first, min(first + _DAYS_AT_ONCE - 1, self.last))
        self._do(_MISSED)
        self._do("UPDATE hospitals SET last_mrn = :patients WHERE id = :hospital")
        self._do(f"ANALYZE {', '.join(_TABLES)}")
        return system

    def _write_days(self, first: int, last: int) -> None:
        for statement in (_TIMES, _VISITS):
            self._do(statement, first=first, last=last)
        written = self.session.scalar(text("SELECT count(*) FROM large_visits"))
        for statement in _WRITTEN:
            self._do(statement)
        asking.after_ddl(self.session)
        self.advance(written or 0)

    def _do(self, statement: str, **more: object) -> None:
        asked = text(statement)
        named = asked.compile().params
        self.session.execute(asked, {name: value for name, value in (self.given | more).items() if name in named})
