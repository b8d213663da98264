"""When doctors can be booked: weekly hours, slots, manual blocks, absences, and the hospital's holidays."""

import datetime as dt
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.absences import AbsenceStatus, AbsenceType
from hms_web.domain.schedules import DayOfWeek
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, in_hospital, one_of


class DoctorSchedule(Base):
    """One weekday's hours and break, in the hospital's local time; at most one a weekday."""

    __tablename__ = "doctor_schedules"
    __table_args__ = (
        in_hospital("doctor_id", "doctors"),
        UniqueConstraint("doctor_id", "day_of_week"),
        one_of("day_of_week", DayOfWeek),
        CheckConstraint("start_time < end_time", name="hours"),
        CheckConstraint(
            "(break_start IS NULL AND break_end IS NULL) OR "
            "(start_time <= break_start AND break_start < break_end AND break_end <= end_time)",
            name="break",
        ),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    doctor_id: Mapped[UUID]
    day_of_week: Mapped[str]
    start_time: Mapped[dt.time]
    end_time: Mapped[dt.time]
    break_start: Mapped[dt.time | None]
    break_end: Mapped[dt.time | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class DoctorSlot(Base):
    """A bookable stretch of a doctor's day. Its status is not stored: it follows from appointments, blocks, absences,
    the hold below and the clock. A hold that lapsed stays in its columns until the next one overwrites it, or the
    clean-up an hour later.
    """

    __tablename__ = "doctor_slots"
    __table_args__ = (
        in_hospital("doctor_id", "doctors"),
        UniqueConstraint("doctor_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index("ix_doctor_slots_held_until", "held_until", postgresql_where=text("held_until IS NOT NULL")),
    )

    id: Mapped[Id]
    hospital_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    date: Mapped[dt.date]
    start_time: Mapped[dt.time]
    end_time: Mapped[dt.time]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    held_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    held_until: Mapped[dt.datetime | None]
    hold_token_hash: Mapped[str | None]


class DoctorChange(Base):
    """What was last changed about a doctor's days: triggers take it for a new one in the transaction that changes them.

    What is told of many doctors has the hospital's own id instead, and so has which doctors there are: who adds a
    holiday cannot see the doctor whom another transaction is just adding. Two such transactions at once leave one each,
    until the next. There is no foreign key: it is nothing but a mark.
    """

    __tablename__ = "doctor_changes"

    doctor_id: Mapped[UUID] = mapped_column(primary_key=True)
    change: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))


class SlotBlock(Base):
    """Time that somebody closed by hand. It is a span and not a slot, so that it outlives a change of slot length."""

    __tablename__ = "slot_blocks"
    __table_args__ = (
        in_hospital("doctor_id", "doctors"),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index("ix_slot_blocks_doctor_id_starts_at", "doctor_id", "starts_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    doctor_id: Mapped[UUID]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    reason: Mapped[str | None]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]


class DoctorAbsence(Base):
    """Leave, in local days or in hours of one local day. Two active ones of a doctor never share any time."""

    __tablename__ = "doctor_absences"
    __table_args__ = (
        in_hospital("doctor_id", "doctors"),
        UniqueConstraint("hospital_id", "id"),
        one_of("absence_type", AbsenceType),
        one_of("status", AbsenceStatus),
        CheckConstraint("start_date <= end_date", name="dates"),
        CheckConstraint(
            "(start_time IS NULL AND end_time IS NULL) OR (start_date = end_date AND start_time < end_time)",
            name="hours",
        ),
        ExcludeConstraint(
            ("doctor_id", "="),
            (
                text(
                    "tsrange(start_date + coalesce(start_time, time '00:00'), "
                    "CASE WHEN end_time IS NULL THEN end_date + interval '1 day' ELSE end_date + end_time END)"
                ),
                "&&",
            ),
            where=text("status = 'ACTIVE'"),
            name="ex_doctor_absences_overlap",
            using="gist",
        ),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    doctor_id: Mapped[UUID]
    absence_type: Mapped[str]
    start_date: Mapped[dt.date]
    end_date: Mapped[dt.date]
    start_time: Mapped[dt.time | None]
    end_time: Mapped[dt.time | None]
    reason: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=AbsenceStatus.ACTIVE)
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]


class HospitalHoliday(Base):
    """A day on which the whole hospital is closed."""

    __tablename__ = "hospital_holidays"
    __table_args__ = (Index("ix_hospital_holidays_hospital_id_date", "hospital_id", "date"),)

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    name: Mapped[str]
    date: Mapped[dt.date]
    is_recurring: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    description: Mapped[str | None]
    created_at: Mapped[CreatedAt]
