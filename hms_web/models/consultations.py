"""What happens to a patient who came: vitals, and the consultation with the doctors who take part in it."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.consultations import OPEN, ConsultationStatus, ParticipantRole
from hms_web.models.base import Base, HospitalId, Id, in_hospital, one_of

_OPEN = text("status IN ({})".format(", ".join(f"'{status}'" for status in sorted(OPEN))))


class Vitals(Base):
    """One taking of readings; at least one of them is there. Units stand in the names."""

    __tablename__ = "vitals"
    __table_args__ = (
        in_hospital("appointment_id", "appointments"),
        CheckConstraint(
            "num_nonnulls(temperature_c, pulse_bpm, systolic_mm_hg, diastolic_mm_hg, respiratory_rate, spo2_percent, "
            "weight_kg, height_cm) > 0",
            name="a_reading",
        ),
        Index("ix_vitals_appointment_id_recorded_at", "appointment_id", "recorded_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    appointment_id: Mapped[UUID]
    temperature_c: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    pulse_bpm: Mapped[int | None]
    systolic_mm_hg: Mapped[int | None]
    diastolic_mm_hg: Mapped[int | None]
    respiratory_rate: Mapped[int | None]
    spo2_percent: Mapped[int | None]
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    height_cm: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    note: Mapped[str | None]
    recorded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[dt.datetime]


class Consultation(Base):
    """A doctor seeing a patient; an appointment has at most one that is open."""

    __tablename__ = "consultations"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        in_hospital("appointment_id", "appointments"),
        in_hospital("doctor_id", "doctors"),
        one_of("status", ConsultationStatus),
        Index("uq_consultations_open", "appointment_id", unique=True, postgresql_where=_OPEN),
        Index("ix_consultations_appointment_id", "appointment_id"),
        Index("ix_consultations_doctor_id_started_at", "doctor_id", "started_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    appointment_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(default=ConsultationStatus.STARTED)
    chief_complaint: Mapped[str | None]
    diagnosis: Mapped[list[str]] = mapped_column(ARRAY(TEXT), default=list, server_default=text("'{}'"))
    notes: Mapped[str | None]
    prescription: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    started_at: Mapped[dt.datetime]
    completed_at: Mapped[dt.datetime | None]
    abandoned_at: Mapped[dt.datetime | None]
    abandon_reason: Mapped[str | None]


class ConsultationParticipant(Base):
    """A doctor who takes part beside the primary one, never twice in one consultation."""

    __tablename__ = "consultation_participants"
    __table_args__ = (
        in_hospital("consultation_id", "consultations"),
        in_hospital("doctor_id", "doctors"),
        one_of("role", ParticipantRole),
        CheckConstraint("role <> 'PRIMARY'", name="not_primary"),
        UniqueConstraint("consultation_id", "doctor_id"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    consultation_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    role: Mapped[str]
    note: Mapped[str | None]
    added_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime]
