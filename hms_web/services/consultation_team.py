"""Who takes part in a consultation beside the appointment's own doctor (product.md, Consultations)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.consultations import LONGEST_REASON, ParticipantRole
from hms_web.domain.identity import Actor
from hms_web.domain.notifications import Priority
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.models import ConsultationParticipant, new_id
from hms_web.services import audit, consultation_records, consultations, doctors, outbox, unit_of_work
from hms_web.services.consultation_records import ConsultationView, ParticipantView

ASKED = {
    ParticipantRole.CONSULTING: phrase("{name} has requested your opinion on a patient"),
    ParticipantRole.ASSISTING: phrase("{name} has requested your help with a patient"),
    ParticipantRole.SUPERVISING: phrase("{name} has requested your supervision of a consultation"),
}
TO_DO = phrase("Open the consultation to take part in it.")


def add(
    session: Session,
    actor: Actor,
    consultation_id: UUID,
    doctor_id: UUID,
    role: ParticipantRole,
    *,
    note: str | None = None,
    now: datetime,
) -> ParticipantView:
    """Ask another doctor to take part while the consultation is open, and tell them at once.

    Raises InvalidInput, Busy, or Refused CONSULTATION_NOT_FOUND, DOCTOR_NOT_FOUND, FORBIDDEN, INVALID_TRANSITION,
    ALREADY_PARTICIPANT, DOCTOR_INACTIVE.
    """
    is_primary = phrase("The primary doctor is the appointment's own; choose another role.")
    refuse_invalid(
        ("role", is_primary if role is ParticipantRole.PRIMARY else None),
        ("note", note_mistake(note, LONGEST_REASON)),
    )

    def work() -> ParticipantView:
        consultations.lock_open(session, actor, consultation_id)
        view = consultation_records.get(session, actor, consultation_id)
        if not view.team.may_lead(actor.doctor_id):
            raise Refused(Code.FORBIDDEN)
        doctor = doctors.get(session, actor, doctor_id)
        if view.team.may_write(doctor_id):
            raise Refused(Code.ALREADY_PARTICIPANT, name=doctor.name)
        if not doctor.is_active:
            raise Refused(Code.DOCTOR_INACTIVE)
        row = ConsultationParticipant(
            id=new_id(),
            hospital_id=actor.hospital_id,
            consultation_id=consultation_id,
            doctor_id=doctor_id,
            role=role,
            note=tidy(note),
            added_by_id=actor.user_id,
            created_at=now,
        )
        session.add(row)
        session.flush()
        details = {"doctor_id": doctor_id, "role": role}
        audit.record(
            session, actor, "consultation.participant_added", "consultation", consultation_id, now=now, **details
        )
        _tell(session, actor, view, row, doctor.user_id, now=now)
        return ParticipantView(row.id, doctor_id, doctor.name, role, row.note)

    return unit_of_work.run(session, work)


def _tell(
    session: Session,
    actor: Actor,
    view: ConsultationView,
    row: ConsultationParticipant,
    user_id: UUID,
    *,
    now: datetime,
) -> None:
    """Tell the doctor who was asked. The words name no patient: they may show on a screen that others see."""
    asked = ASKED[ParticipantRole(row.role)].format(name=actor.name)
    outbox.queue_staff(
        session,
        actor.hospital_id,
        [user_id],
        title=asked,
        body=f"{asked}. {TO_DO}",
        link=f"/consultations/{view.id}",
        priority=Priority.HIGH,
        dedupe=f"consultation.requested:{row.id}",
        event="consultation.requested",
        now=now,
    )


def remove(session: Session, actor: Actor, consultation_id: UUID, participant_id: UUID, *, now: datetime) -> None:
    """Let a doctor take part no longer: by who leads the consultation, or by themselves.

    Raises Busy, or Refused CONSULTATION_NOT_FOUND, PARTICIPANT_NOT_FOUND, FORBIDDEN, INVALID_TRANSITION.
    """

    def work() -> None:
        consultations.lock_open(session, actor, consultation_id)
        view = consultation_records.get(session, actor, consultation_id)
        row = session.scalars(
            select(ConsultationParticipant).where(
                ConsultationParticipant.hospital_id == actor.hospital_id,
                ConsultationParticipant.consultation_id == consultation_id,
                ConsultationParticipant.id == participant_id,
            )
        ).one_or_none()
        if row is None:
            raise Refused(Code.PARTICIPANT_NOT_FOUND)
        if not view.team.may_lead(actor.doctor_id) and row.doctor_id != actor.doctor_id:
            raise Refused(Code.FORBIDDEN)
        details = {"doctor_id": row.doctor_id, "role": row.role}
        session.delete(row)
        session.flush()
        audit.record(
            session, actor, "consultation.participant_removed", "consultation", consultation_id, now=now, **details
        )

    unit_of_work.run(session, work)
