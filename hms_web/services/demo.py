"""A hospital to try things out in: "City Clinic", with staff, doctors, patients and a believable week.

Everything goes through the same use cases as in real life. The passwords are public, so this is for demos only; the
command that calls it sees to that.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceType
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Refusal
from hms_web.domain.schedules import DayHours, DayOfWeek, hours_on
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Hospital
from hms_web.services import (
    absences,
    booking,
    cancelling,
    demo_messages,
    demo_people,
    demo_visits,
    doctors,
    holidays,
    hospitals,
    patients,
    schedules,
    slot_keeping,
    slots,
    unit_of_work,
    users,
    visits,
)
from hms_web.services.appointments import AppointmentView

PASSWORD = "demo-password"  # noqa: S105 public, and only in a demo
PATIENTS = 300
BUSY_DAYS, BUSY_SHARE = 6, 0.6
LATER_DAYS, LATER_SHARE = 8, 0.15
_A_DAY = timedelta(days=1)
_AFTERNOON = time(14), time(17)

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
_REASONS = [
    "Follow-up",
    "Fever and cough",
    "Knee pain",
    "Blood pressure",
    "Vaccination",
    "Test results",
    "Headache",
    None,
]


@dataclass(frozen=True, slots=True)
class _Clinic:
    session: Session
    dice: random.Random
    now: datetime
    desk: Actor
    admin: Actor
    nurse: Actor
    doctors: list[doctors.DoctorView]
    patient_ids: list[UUID]

    @property
    def today(self) -> date:
        return local_date(self.now, self.desk.zone)


def seed_if_empty(session: Session, *, now: datetime) -> bool:
    """Make the demo unless there is a hospital already; return whether it was made."""
    if session.scalar(select(Hospital.id).limit(1)) is not None:
        return False
    seed(session, now=now)
    return True


def seed(session: Session, *, now: datetime) -> None:
    """Make the demo, all or nothing; raises Refused EMAIL_TAKEN where it exists already."""

    def work() -> None:
        clinic = _open(session, now)
        _holiday(clinic)
        booked = [view for day, share in _days(clinic.today) for view in _book_day(clinic, day, share)]
        for view in booked:
            _live(clinic, view)
        _block_one(clinic)
        _leave_this_afternoon(clinic)
        demo_messages.live(session, clinic.admin, now=now)

    unit_of_work.run(session, work)


def _open(session: Session, now: datetime) -> _Clinic:
    system = hospitals.add(session, "City Clinic", "Asia/Kolkata", now=now)
    for name, email, role in _STAFF:
        users.add(session, system, users.NewUser(name, email, role, PASSWORD), now=now)
    staff = {user.email: user for user in users.list_users(session, system).items}
    emails = ("admin@demo.test", "reception@demo.test", "nurse@demo.test")
    admin, desk, nurse = (_acting(system, staff[email]) for email in emails)
    dice = random.Random(7)  # noqa: S311 nothing secret
    made = [_doctor(session, admin, entry, now) for entry in _DOCTORS]
    today = local_date(now, system.zone)
    people = demo_people.people(PATIENTS, today)
    ids = [patients.create(session, desk, person, now=now).patient.id for person in people]
    return _Clinic(session, dice, now, desk, admin, nurse, made, ids)


def _acting(system: Actor, user: users.UserView) -> Actor:
    return replace(system, user_id=user.id, name=user.name, role=user.role)


def _doctor(
    session: Session, admin: Actor, entry: tuple[str, str, str, int, DayOfWeek], now: datetime
) -> doctors.DoctorView:
    name, email, department, minutes, day_off = entry
    wanted = doctors.NewDoctor(name, email, department, minutes, max_patients_per_day=30, password=PASSWORD)
    doctor = doctors.add(session, admin, wanted, now=now).doctor
    free = {day_off} if name in _WORKS_ON_SUNDAYS else {day_off, DayOfWeek.SUNDAY}
    week = [DayHours(day, time(9), time(17), time(13), time(14)) for day in DayOfWeek if day not in free]
    schedules.replace(session, admin, doctor.id, week, now=now - _A_DAY)  # so that this morning has its slots too
    return doctors.get(session, admin, doctor.id)


def _days(today: date) -> Iterator[tuple[date, float]]:
    """Yield the days to fill, with the share of their slots to book: a busy week, then a thin one."""
    for ahead in range(BUSY_DAYS + LATER_DAYS):
        yield today + timedelta(days=ahead), BUSY_SHARE if ahead < BUSY_DAYS else LATER_SHARE


def _book_day(clinic: _Clinic, day: date, share: float) -> Iterator[AppointmentView]:
    """Book a share of a day's slots, as if it had been done the day before today."""
    yesterday = clinic.now - _A_DAY
    ids = [doctor.id for doctor in clinic.doctors]
    offered = slots.of_day(clinic.session, clinic.desk, ids, day, now=yesterday)
    free = [slot for column in offered.values() for slot in column.items if slot.status is SlotStatus.AVAILABLE]
    for slot in free:
        if clinic.dice.random() < share:
            yield from _book(clinic, slot, yesterday)


def _book(clinic: _Clinic, slot: slots.SlotView, at: datetime) -> Iterator[AppointmentView]:
    request = booking.BookingRequest(
        patient_id=clinic.dice.choice(clinic.patient_ids),
        doctor_id=slot.doctor_id,
        date=slot.date,
        time=slot.start_time,
        reason=clinic.dice.choice(_REASONS),
    )
    booked = booking.book(clinic.session, clinic.desk, request, now=at)
    if not isinstance(booked, Refusal):  # that patient may be elsewhere then
        yield booked


def _live(clinic: _Clinic, view: AppointmentView) -> None:
    """Give an appointment the life that it would have had by now."""
    luck = clinic.dice.random()
    if luck < 0.04:  # noqa: PLR2004 a few
        cancelling.cancel(clinic.session, clinic.desk, view.id, reason="Patient called", now=clinic.now)
        return
    arrives = view.starts_at - timedelta(minutes=clinic.dice.randrange(2, 25))
    if arrives <= clinic.now and luck < 0.9:  # noqa: PLR2004 nearly all come
        _set(clinic, view, AppointmentStatus.CHECKED_IN, arrives)
        _go_on(clinic, replace(view, checked_in_at=arrives))
    elif luck < 0.35:  # noqa: PLR2004 a third answered the reminder
        _set(clinic, view, AppointmentStatus.CONFIRMED, clinic.now)


def _go_on(clinic: _Clinic, view: AppointmentView) -> None:
    doctor = next(one for one in clinic.doctors if one.id == view.doctor_id)
    acting = replace(clinic.desk, user_id=doctor.user_id, name=doctor.name, role=Role.DOCTOR, doctor_id=doctor.id)
    demo_visits.go_on(clinic.session, clinic.nurse, acting, view, clinic.dice, now=clinic.now)


def _set(clinic: _Clinic, view: AppointmentView, status: AppointmentStatus, at: datetime) -> None:
    visits.set_status(clinic.session, clinic.desk, view.id, status, now=at)


def _holiday(clinic: _Clinic) -> None:
    day = clinic.today + timedelta(days=17)
    wanted = holidays.NewHoliday("Founders' Day", day, description="The clinic is closed; emergencies only.")
    holidays.create(clinic.session, clinic.admin, wanted, now=clinic.now)


def _working(clinic: _Clinic, day: date) -> list[doctors.DoctorView]:
    return [doctor for doctor in clinic.doctors if hours_on(day, doctor.schedules) is not None]


def _block_one(clinic: _Clinic) -> None:
    """Close the next free slot of one of today's doctors."""
    doctor = next(iter(_working(clinic, clinic.today)[1:]), clinic.doctors[0])
    free = slots.available(clinic.session, clinic.admin, doctor.id, now=clinic.now)
    slot_keeping.block(
        clinic.session, clinic.admin, free[0].id, blocked=True, reason="Department meeting", now=clinic.now
    )


def _leave_this_afternoon(clinic: _Clinic) -> None:
    """One doctor is away this afternoon; on a day without doctors, nobody has to be."""
    for doctor in _working(clinic, clinic.today)[2:3]:
        start, end = _AFTERNOON
        leave = absences.NewAbsence(
            AbsenceType.TRAINING,
            clinic.today,
            clinic.today,
            is_full_day=False,
            start_time=start,
            end_time=end,
            reason="Resuscitation course",
        )
        absences.create(clinic.session, clinic.admin, doctor.id, leave, now=clinic.now)
