"""The demo's hospital itself: staff, doctors with their weeks, and patients, as they were when it opened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.patients import PatientStatus, given_mrn
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.vitals import age_in_years
from hms_web.models import Hospital, Patient, new_id
from hms_web.services import audit, bulk, demo_people, doctors, hospitals, patients, schedules, users

PASSWORD = "demo-password"  # noqa: S105 public, and only in a demo
ZONE = ZoneInfo("Asia/Kolkata")
_PLACES = tuple(map(ZoneInfo, ("Asia/Kolkata", "Africa/Accra", "America/Bogota", "Pacific/Honolulu", "Pacific/Noumea")))
_BUSY = time(9, 30), time(15, 30)

_STAFF = [
    ("Neha Kapoor", "admin@demo.test", Role.ADMIN),
    ("Rosa Fernandes", "reception@demo.test", Role.RECEPTIONIST),
    ("Vivek Shetty", "reception2@demo.test", Role.RECEPTIONIST),
    ("Halima Yusuf", "reception3@demo.test", Role.RECEPTIONIST),
    ("Grace Mwangi", "nurse@demo.test", Role.NURSE),
]
# Name, e-mail, department, minutes, the day off.
_DOCTORS = [
    ("Dr. Anjali Mehta", "doctor@demo.test", "General Medicine", 15, DayOfWeek.SUNDAY),
    ("Dr. Daniel Okafor", "daniel.okafor@demo.test", "General Medicine", 20, DayOfWeek.WEDNESDAY),
    ("Dr. Farah Siddiqui", "farah.siddiqui@demo.test", "General Medicine", 30, DayOfWeek.FRIDAY),
    ("Dr. Ravi Krishnan", "ravi.krishnan@demo.test", "Cardiology", 30, DayOfWeek.SATURDAY),
    ("Dr. Elena Petrova", "elena.petrova@demo.test", "Cardiology", 45, DayOfWeek.MONDAY),
    ("Dr. Meera Nair", "meera.nair@demo.test", "Paediatrics", 20, DayOfWeek.THURSDAY),
    ("Dr. Thomas Becker", "thomas.becker@demo.test", "Paediatrics", 15, DayOfWeek.TUESDAY),
    ("Dr. Sanjay Rao", "sanjay.rao@demo.test", "Orthopaedics", 30, DayOfWeek.SUNDAY),
    ("Dr. Aisha Rahman", "aisha.rahman@demo.test", "Orthopaedics", 45, DayOfWeek.WEDNESDAY),
    ("Dr. Lucas Moreau", "lucas.moreau@demo.test", "Orthopaedics", 20, DayOfWeek.FRIDAY),
]
_WORKS_ON_SUNDAYS = frozenset({"Dr. Daniel Okafor", "Dr. Meera Nair", "Dr. Lucas Moreau"})


@dataclass(frozen=True, slots=True)
class House:
    """The hospital with its people; doctors' actors stand in the order of `doctors`, patients' ages in that of ids."""

    system: Actor
    admin: Actor
    desks: Sequence[Actor]
    nurse: Actor
    doctors: Sequence[doctors.DoctorView]
    doctor_actors: Sequence[Actor]
    patient_ids: Sequence[UUID]
    ages: Sequence[int]


def zone_at_work(now: datetime) -> ZoneInfo:
    """Where a working day is under way at an instant: some have been seen, some wait, some are still to come.

    At home, if it is one there. Between them the places work round the clock; none of them ever changes its own.
    """
    begins, ends = _BUSY
    return next(zone for zone in _PLACES if begins <= now.astimezone(zone).time() < ends)


def open_house(session: Session, people: int, *, opened: datetime, today: date, zone: ZoneInfo = ZONE) -> House:
    """Open the hospital at an instant and a place, inside the caller's unit of work; raises Refused EMAIL_TAKEN.

    Ages follow `today`, which is when somebody looks at them.
    """
    system = hospitals.add(session, "City Clinic", str(zone), now=opened)
    for name, email, role in _STAFF:
        users.add(session, system, users.NewUser(name, email, role, PASSWORD), now=opened)
    staff = {user.email: user for user in users.list_users(session, system).items}
    admin, *desks, nurse = (_acting(system, staff[email]) for _, email, _ in _STAFF)
    made = [_doctor(session, admin, entry, opened) for entry in _DOCTORS]
    actors = [replace(system, user_id=one.user_id, name=one.name, role=Role.DOCTOR, doctor_id=one.id) for one in made]
    ids, ages = _patients(session, desks[0], people, opened, today)
    return House(system, admin, desks, nurse, made, actors, ids, ages)


def _acting(system: Actor, user: users.UserView) -> Actor:
    return replace(system, user_id=user.id, name=user.name, role=user.role)


def _doctor(
    session: Session, admin: Actor, entry: tuple[str, str, str, int, DayOfWeek], opened: datetime
) -> doctors.DoctorView:
    name, email, department, minutes, day_off = entry
    wanted = doctors.NewDoctor(name, email, department, minutes, max_patients_per_day=30, password=PASSWORD)
    doctor = doctors.add(session, admin, wanted, now=opened).doctor
    free = {day_off} if name in _WORKS_ON_SUNDAYS else {day_off, DayOfWeek.SUNDAY}
    week = [DayHours(day, time(9), time(17), time(13), time(14)) for day in DayOfWeek if day not in free]
    schedules.replace(session, admin, doctor.id, week, now=opened)
    return doctors.get(session, admin, doctor.id)


def _patients(session: Session, desk: Actor, count: int, opened: datetime, today: date) -> tuple[list[UUID], list[int]]:
    """Write the patients and what their entry leaves behind; return their ids and their ages in years."""
    people = demo_people.people(count, today, until=local_date(opened, desk.zone))
    fresh = {"status": PatientStatus.ACTIVE, "no_show_count": 0, "lifetime_no_shows": 0, "created_at": opened}
    given = [
        patients.checked(person, today) | {"mrn": given_mrn(number)} for number, person in enumerate(people, start=1)
    ]
    ids = [new_id() for _ in given]
    pairs = list(zip(ids, given, strict=True))
    bulk.insert(session, Patient, [{"id": key, "hospital_id": desk.hospital_id} | one | fresh for key, one in pairs])
    session.execute(update(Hospital).where(Hospital.id == desk.hospital_id).values(last_mrn=len(given)))
    entries = [audit.Entry("patient.created", "patient", key, one) for key, one in pairs]
    audit.record_all(session, desk, entries, now=opened)
    return ids, [age_in_years(person.date_of_birth, today) or 0 for person in people]
