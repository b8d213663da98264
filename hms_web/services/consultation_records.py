"""Reading consultations, with those who take part, and what was found on a patient's earlier visits."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from hms_web.domain.consultations import OPEN, ConsultationStatus, ParticipantRole, Team
from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, Refused
from hms_web.models import Appointment, AuditEvent, Consultation, ConsultationParticipant, Doctor, Patient, User

MOST_EARLIER = 10


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """A doctor who takes part beside the appointment's own."""

    id: UUID
    doctor_id: UUID
    doctor_name: str
    role: ParticipantRole
    note: str | None


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """A consultation with its doctor's name and those who take part."""

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    doctor_id: UUID
    doctor_name: str
    status: ConsultationStatus
    chief_complaint: str | None
    diagnosis: tuple[str, ...]
    notes: str | None
    prescription: str | None
    version: int
    started_at: datetime
    completed_at: datetime | None
    abandoned_at: datetime | None
    abandon_reason: str | None
    participants: tuple[ParticipantView, ...] = ()

    @property
    def team(self) -> Team:
        """Who takes part, as the rules ask."""
        return Team(self.doctor_id, {one.doctor_id: one.role for one in self.participants})


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who wrote last, and when."""

    who: str
    at: datetime


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Consultation.id,
            Consultation.appointment_id,
            Appointment.patient_id,
            Consultation.doctor_id,
            User.name,
            Consultation.status,
            Consultation.chief_complaint,
            Consultation.diagnosis,
            Consultation.notes,
            Consultation.prescription,
            Consultation.version,
            Consultation.started_at,
            Consultation.completed_at,
            Consultation.abandoned_at,
            Consultation.abandon_reason,
        )
        .join(Appointment, Appointment.id == Consultation.appointment_id)
        .join(Doctor, Doctor.id == Consultation.doctor_id)
        .join(User, User.id == Doctor.user_id)
        .where(Consultation.hospital_id == actor.hospital_id)
    )


_COLLEAGUE, _COLLEAGUES_USER = aliased(Doctor), aliased(User)
_ASKED = ConsultationParticipant
# Those who take part, in the order in which they were asked, as one array: a consultation costs one statement.
_TAKING_PART = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(_ASKED.id, _ASKED.doctor_id, _COLLEAGUES_USER.name, _ASKED.role, _ASKED.note),
                _ASKED.created_at,
                _ASKED.id,
            )
        )
    )
    .join(_COLLEAGUE, _COLLEAGUE.id == _ASKED.doctor_id)
    .join(_COLLEAGUES_USER, _COLLEAGUES_USER.id == _COLLEAGUE.user_id)
    .where(_ASKED.consultation_id == Consultation.id)
    .correlate(Consultation)
    .scalar_subquery()
)


def _view(row: Iterable[Any]) -> ConsultationView:
    values = list(row)
    values[5], values[7] = ConsultationStatus(values[5]), tuple(values[7])
    return ConsultationView(*values)


def get(session: Session, actor: Actor, consultation_id: UUID) -> ConsultationView:
    """Return one consultation of the hospital. Raises Refused CONSULTATION_NOT_FOUND."""
    query = _selected(actor).add_columns(_TAKING_PART).where(Consultation.id == consultation_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise Refused(Code.CONSULTATION_NOT_FOUND)
    *columns, taking_part = row
    people = tuple(
        ParticipantView(UUID(key), UUID(doctor), name, ParticipantRole(role), note)
        for key, doctor, name, role, note in taking_part or ()
    )
    return replace(_view(columns), participants=people)


def earlier(
    session: Session, actor: Actor, consultation: ConsultationView, *, limit: int = MOST_EARLIER
) -> list[ConsultationView]:
    """Return what was found on the patient's earlier visits to this hospital, the latest first."""
    query = (
        _selected(actor)
        .where(
            Appointment.patient_id == consultation.patient_id,
            Consultation.status == ConsultationStatus.COMPLETED,
            Consultation.id != consultation.id,
            Consultation.started_at <= consultation.started_at,
        )
        .order_by(Appointment.starts_at.desc(), Consultation.id.desc())
    )
    return [_view(row) for row in session.execute(query.limit(limit))]


def broken_off(session: Session, actor: Actor, consultation: ConsultationView) -> list[ConsultationView]:
    """Return the consultations of the same appointment that were broken off before, the latest first."""
    query = (
        _selected(actor)
        .where(
            Consultation.appointment_id == consultation.appointment_id,
            Consultation.status == ConsultationStatus.ABANDONED,
            Consultation.id != consultation.id,
        )
        .order_by(Consultation.started_at.desc(), Consultation.id.desc())
    )
    return [_view(row) for row in session.execute(query)]


def last_change(session: Session, actor: Actor, consultation_id: UUID) -> LastChange | None:
    """Return who wrote into a consultation last, and when; None before anybody has."""
    query = (
        select(AuditEvent.actor_name, AuditEvent.at)
        .where(
            AuditEvent.hospital_id == actor.hospital_id,
            AuditEvent.record_type == "consultation",
            AuditEvent.record_id == consultation_id,
            AuditEvent.action == "consultation.changed",
        )
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    )
    row = session.execute(query.limit(1)).one_or_none()
    return LastChange(*row) if row else None


@dataclass(frozen=True, slots=True)
class OpenConsultation:
    """A consultation that goes on, as its doctors' list shows it."""

    id: UUID
    appointment_id: UUID
    patient_name: str
    doctor_id: UUID
    doctor_name: str
    started_at: datetime


def open_of(session: Session, actor: Actor) -> list[OpenConsultation]:
    """Return the consultations that go on in which the doctor takes part, the longest first."""
    asked = exists().where(
        ConsultationParticipant.consultation_id == Consultation.id,
        ConsultationParticipant.doctor_id == actor.doctor_id,
    )
    query = (
        select(
            Consultation.id,
            Consultation.appointment_id,
            Patient.name,
            Consultation.doctor_id,
            User.name,
            Consultation.started_at,
        )
        .join(Appointment, Appointment.id == Consultation.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Consultation.doctor_id)
        .join(User, User.id == Doctor.user_id)
        .where(
            Consultation.hospital_id == actor.hospital_id,
            Consultation.status.in_(OPEN),
            or_(Consultation.doctor_id == actor.doctor_id, asked),
        )
        .order_by(Consultation.started_at, Consultation.id)
    )
    return [OpenConsultation(*row) for row in session.execute(query)]
