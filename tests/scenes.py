"""A small clinic for tests of slots and bookings.

Its rows are written straight into the tables, so that nothing under test builds what it is tested with.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor, Role
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.visits import AppointmentType
from hms_web.models import (
    Appointment,
    Doctor,
    DoctorAbsence,
    DoctorSchedule,
    DoctorSlot,
    Hospital,
    HospitalHoliday,
    Patient,
    User,
    new_id,
)
from hms_web.services import booking
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
"""A Monday, 08:00 in Kolkata."""
MONDAY = date(2026, 3, 2)
LAST_DAY = MONDAY + timedelta(days=BOOKING_WINDOW_DAYS)


@dataclass
class Clinic:
    """A hospital with people to act for and functions that add to it."""

    session: Session
    actor: Actor
    admin: Actor
    other: Actor
    numbers: list[int] = field(default_factory=lambda: [0])

    def _next(self) -> int:
        self.numbers[0] += 1
        return self.numbers[0]

    def doctor(
        self,
        minutes: int = 30,
        maximum: int = 30,
        start: time = time(9),
        end: time = time(17),
        pause: tuple[time, time] | None = (time(13), time(14)),
        days: tuple[DayOfWeek, ...] = tuple(DayOfWeek),
    ) -> UUID:
        """Add a doctor who works the same hours on `days`."""
        user = User(
            id=new_id(),
            hospital_id=self.actor.hospital_id,
            name=f"Dr. {self._next():03}",
            email=f"{new_id()}@test",
            role=Role.DOCTOR,
        )
        doctor = Doctor(
            id=new_id(),
            hospital_id=self.actor.hospital_id,
            user_id=user.id,
            department="Cardiology",
            slot_duration=minutes,
            max_patients_per_day=maximum,
        )
        self._add(user, doctor, [self._row_of_hours(doctor.id, day, start, end, pause) for day in days])
        return doctor.id

    def hours(
        self, doctor_id: UUID, day: DayOfWeek, start: time, end: time, pause: tuple[time, time] | None = None
    ) -> None:
        """Set the hours of one weekday."""
        self.session.execute(
            sa.delete(DoctorSchedule).where(DoctorSchedule.doctor_id == doctor_id, DoctorSchedule.day_of_week == day)
        )
        self._add(self._row_of_hours(doctor_id, day, start, end, pause))

    def _row_of_hours(
        self, doctor_id: UUID, day: DayOfWeek, start: time, end: time, pause: tuple[time, time] | None
    ) -> DoctorSchedule:
        return DoctorSchedule(
            id=new_id(),
            hospital_id=self.actor.hospital_id,
            doctor_id=doctor_id,
            day_of_week=day,
            start_time=start,
            end_time=end,
            break_start=pause[0] if pause else None,
            break_end=pause[1] if pause else None,
        )

    def patient(self, **columns: object) -> UUID:
        """Add a patient."""
        number = self._next()
        row = Patient(
            **{
                "id": new_id(),
                "hospital_id": self.actor.hospital_id,
                "mrn": f"T{number:05}",
                "name": f"Patient {number}",
                "phone": f"98{number:08}",
            }
            | columns
        )
        self._add(row)
        return row.id

    def absence(self, doctor_id: UUID, first: date, last: date, hours: tuple[time, time] | None = None) -> UUID:
        """Add an active absence."""
        row = DoctorAbsence(
            id=new_id(),
            hospital_id=self.actor.hospital_id,
            doctor_id=doctor_id,
            absence_type="OTHER",
            start_date=first,
            end_date=last,
            start_time=hours[0] if hours else None,
            end_time=hours[1] if hours else None,
        )
        self._add(row)
        return row.id

    def holiday(self, day: date, *, is_recurring: bool = False) -> UUID:
        """Close the hospital for a day."""
        holiday = HospitalHoliday(
            id=new_id(), hospital_id=self.actor.hospital_id, name="Holi", date=day, is_recurring=is_recurring
        )
        self._add(holiday)
        return holiday.id

    def book(self, doctor_id: UUID, patient_id: UUID, at: time, day: date = MONDAY) -> AppointmentView:
        """Book, and fail if that is refused."""
        request = BookingRequest(patient_id, doctor_id, day, at, AppointmentType.CONSULTATION)
        booked = booking.book(self.session, self.actor, request, now=NOW)
        assert isinstance(booked, AppointmentView), booked
        return booked

    def slot(self, doctor_id: UUID, at: time, day: date = MONDAY) -> DoctorSlot:
        """Return a stored slot."""
        self.session.expire_all()
        return self.session.scalars(
            sa.select(DoctorSlot).where(
                DoctorSlot.doctor_id == doctor_id, DoctorSlot.date == day, DoctorSlot.start_time == at
            )
        ).one()

    def starts(self, doctor_id: UUID, day: date = MONDAY) -> list[str]:
        """Return the starts of a day's stored slots."""
        rows = self.session.scalars(
            sa.select(DoctorSlot.start_time)
            .where(DoctorSlot.doctor_id == doctor_id, DoctorSlot.date == day)
            .order_by(DoctorSlot.starts_at)
        )
        return [f"{at:%H:%M}" for at in rows]

    def row(self, appointment_id: UUID) -> Appointment:
        """Return an appointment as it is stored now."""
        self.session.expire_all()
        return self.session.get_one(Appointment, appointment_id)

    def count(self, table: type, **columns: object) -> int:
        """Count rows whose columns have these values."""
        conditions = [getattr(table, name) == value for name, value in columns.items()]
        return self.session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0

    def _add(self, *rows: object) -> None:
        """Write rows one after the other, for what refers to what; those of a list are sent together."""
        for row in rows:
            self.session.add_all(row if isinstance(row, list) else [row])
            self.session.flush()
        self.session.commit()


def clinic(session: Session, timezone: str = "Asia/Kolkata") -> Clinic:
    """Open a hospital with two receptionists and an admin."""
    hospital = Hospital(id=new_id(), name="Test Clinic", timezone=timezone)
    session.add(hospital)
    session.flush()
    people = []
    for name, role in (("Reception 1", Role.RECEPTIONIST), ("Admin", Role.ADMIN), ("Reception 2", Role.RECEPTIONIST)):
        user = User(id=new_id(), hospital_id=hospital.id, name=name, email=f"{new_id()}@test", role=role)
        session.add(user)
        people.append(Actor(hospital.id, timezone, user.id, name, role))
    session.commit()
    actor, admin, other = people
    return Clinic(session, actor, admin, other)
