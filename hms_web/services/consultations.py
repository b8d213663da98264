"""A doctor seeing a patient: starting, writing down, completing or abandoning it (product.md, Consultations)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.consultations import (
    LONGEST_REASON,
    OPEN,
    ConsultationStatus,
    diagnosis_mistake,
    missing,
    one_line_each,
    text_mistakes,
)
from hms_web.domain.identity import Actor
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import AppointmentStatus, may_follow
from hms_web.models import Appointment, Consultation, new_id
from hms_web.services import audit, changes, locks, stage_alerts, unit_of_work
from hms_web.services.consultation_records import ConsultationView, get

__all__ = ["ConsultationChange", "ConsultationView", "abandon", "change", "complete", "get", "lock_open", "start"]


@dataclass(frozen=True, slots=True)
class ConsultationChange:
    """What to write down; UNSET leaves it as it is, None or an empty list empties it."""

    chief_complaint: str | None | Unset = UNSET
    diagnosis: list[str] | Unset = UNSET
    notes: str | None | Unset = UNSET
    prescription: str | None | Unset = UNSET


def start(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime) -> ConsultationView:
    """Start seeing a patient who is here; the appointment becomes IN_PROGRESS in the same transaction.

    Only the appointment's own doctor starts. Raises Refused APPOINTMENT_NOT_FOUND, FORBIDDEN, INVALID_TRANSITION, Busy.
    """

    def work() -> ConsultationView:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            raise Refused(Code.APPOINTMENT_NOT_FOUND)
        if appointment.doctor_id != actor.doctor_id:
            raise Refused(Code.FORBIDDEN)
        row = Consultation(
            id=new_id(),
            hospital_id=actor.hospital_id,
            appointment_id=appointment_id,
            doctor_id=appointment.doctor_id,
            status=ConsultationStatus.STARTED,
            diagnosis=[],
            started_at=now,
        )
        _move(session, actor, appointment, AppointmentStatus.IN_PROGRESS, "consultation_started", now=now)
        session.add(row)
        session.flush()
        about = {"appointment_id": appointment_id}
        audit.record(session, actor, "consultation.started", "consultation", row.id, now=now, **about)
        return get(session, actor, row.id)

    return unit_of_work.run(session, work)


def change(
    session: Session,
    actor: Actor,
    consultation_id: UUID,
    wanted: ConsultationChange,
    *,
    now: datetime,
    version: int | None = None,
    seen: Mapping[str, object] | None = None,
) -> ConsultationView:
    """Write down what was found; the first change makes a STARTED consultation IN_PROGRESS.

    A given `version` has to be the present one; with `seen`, what the writer was shown in each field, only a field that
    somebody else has changed meanwhile is in the way. Raises InvalidInput, Busy, or Refused CONSULTATION_NOT_FOUND,
    FORBIDDEN, STALE_VERSION, and INVALID_TRANSITION once it is over.
    """
    columns = _tidy(wanted)

    def work() -> ConsultationView:
        row = lock_open(session, actor, consultation_id)
        if not get(session, actor, consultation_id).team.may_write(actor.doctor_id):
            raise Refused(Code.FORBIDDEN)
        if version is not None and version != row.version:
            raise Refused(Code.STALE_VERSION)
        changed = changes.apply(row, columns, seen)
        if changed:
            row.status = ConsultationStatus.IN_PROGRESS
            row.version += 1
            session.flush()
            # Which fields, never what they say: the trail is read by more people than the record.
            named = {"fields": sorted(changed)}
            audit.record(session, actor, "consultation.changed", "consultation", row.id, now=now, **named)
        return get(session, actor, consultation_id)

    return unit_of_work.run(session, work)


def _tidy(wanted: ConsultationChange) -> dict[str, Any]:
    """Return the columns to write. Raises InvalidInput."""
    texts = {
        "chiefComplaint": wanted.chief_complaint,
        "notes": wanted.notes,
        "prescription": wanted.prescription,
    }
    given = {name: _lines(text) for name, text in texts.items() if not isinstance(text, Unset)}
    diagnosis = wanted.diagnosis
    lines = UNSET if isinstance(diagnosis, Unset) else [line for one in diagnosis for line in one_line_each(one)]
    wrong = None if isinstance(lines, Unset) else diagnosis_mistake(lines)
    refuse_invalid(*text_mistakes(given), ("diagnosis", wrong))
    return {
        "chief_complaint": given.get("chiefComplaint", UNSET),
        "diagnosis": UNSET if isinstance(lines, Unset) else list(dict.fromkeys(lines)),
        "notes": given.get("notes", UNSET),
        "prescription": given.get("prescription", UNSET),
    }


def _lines(text: str | None) -> str | None:
    """Return text with one kind of line end: browsers send another than programs."""
    return tidy(text.replace("\r\n", "\n").replace("\r", "\n")) if text else None


def complete(session: Session, actor: Actor, consultation_id: UUID, *, now: datetime) -> ConsultationView:
    """Complete it together with its appointment.

    Raises Busy, or Refused CONSULTATION_NOT_FOUND, FORBIDDEN, INVALID_TRANSITION, CONSULTATION_INCOMPLETE with
    everything that is `missing`.
    """

    def work() -> ConsultationView:
        row, appointment = _to_be_ended(session, actor, consultation_id)
        lacking = missing(row.chief_complaint, row.diagnosis)
        if lacking:
            raise Refused(Code.CONSULTATION_INCOMPLETE, missing=lacking)
        _end(row, ConsultationStatus.COMPLETED)
        row.completed_at = now
        _move(session, actor, appointment, AppointmentStatus.COMPLETED, "consultation_completed", now=now)
        audit.record(session, actor, "consultation.completed", "consultation", row.id, now=now)
        return get(session, actor, consultation_id)

    return unit_of_work.run(session, work)


def abandon(session: Session, actor: Actor, consultation_id: UUID, *, reason: str, now: datetime) -> ConsultationView:
    """Break it off; the patient waits again, and what was written stays.

    Raises InvalidInput without a reason, Busy, or Refused CONSULTATION_NOT_FOUND, FORBIDDEN, INVALID_TRANSITION.
    """
    words = tidy(reason)
    refuse_invalid(
        ("reason", note_mistake(words, LONGEST_REASON) if words else phrase("Say why, so that others know."))
    )

    def work() -> ConsultationView:
        row, appointment = _to_be_ended(session, actor, consultation_id)
        _end(row, ConsultationStatus.ABANDONED)
        row.abandoned_at, row.abandon_reason = now, words
        _move(session, actor, appointment, AppointmentStatus.CHECKED_IN, "consultation_abandoned", now=now)
        audit.record(session, actor, "consultation.abandoned", "consultation", row.id, now=now)
        return get(session, actor, consultation_id)

    return unit_of_work.run(session, work)


def lock_open(session: Session, actor: Actor, consultation_id: UUID) -> Consultation:
    """Lock a consultation that still goes on, inside the caller's unit of work.

    Raises Refused CONSULTATION_NOT_FOUND, or INVALID_TRANSITION when it is over.
    """
    row = locks.consultation(session, actor, consultation_id)
    if row is None:
        raise Refused(Code.CONSULTATION_NOT_FOUND)
    if row.status not in OPEN:
        raise Refused(Code.INVALID_TRANSITION, **{"from": ConsultationStatus(row.status)}, consultation=True)
    return row


def _to_be_ended(session: Session, actor: Actor, consultation_id: UUID) -> tuple[Consultation, Appointment]:
    """Lock both for whoever may end it: the appointment first, as everywhere."""
    view = get(session, actor, consultation_id)
    appointment = locks.visit(session, actor, view.appointment_id)
    row = lock_open(session, actor, consultation_id)
    if not get(session, actor, consultation_id).team.may_lead(actor.doctor_id):
        raise Refused(Code.FORBIDDEN)
    assert appointment is not None  # noqa: S101 a consultation refers to it
    return row, appointment


def _end(row: Consultation, status: ConsultationStatus) -> None:
    row.status = status
    row.version += 1


def _move(
    session: Session, actor: Actor, appointment: Appointment, status: AppointmentStatus, action: str, *, now: datetime
) -> None:
    """Give the appointment its new status; raises Refused INVALID_TRANSITION."""
    before = AppointmentStatus(appointment.status)
    if not may_follow(before, status):
        raise Refused(Code.INVALID_TRANSITION, **{"from": before, "to": status})
    appointment.status = status
    if status is AppointmentStatus.COMPLETED:
        # Whatever spoke against it, its patient was seen.
        appointment.affected_cause = appointment.affected_at = None
    appointment.version += 1
    session.flush()
    details = {"status": {"from": before, "to": status}}
    audit.record(session, actor, f"appointment.{action}", "appointment", appointment.id, now=now, **details)
    stage_alerts.resolve_for(session, actor, appointment.id, now=now)
