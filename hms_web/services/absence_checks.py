"""What has to be right of an absence before it is foretold or entered, and which appointments lie in its time."""

from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceSpan, AbsenceStatus, AbsenceType, mistakes
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.unset import UNSET
from hms_web.domain.validation import note_mistake
from hms_web.models import Doctor, DoctorAbsence
from hms_web.services import absence_records, appointments
from hms_web.services.absence_records import AbsenceChange, AbsenceView, NewAbsence
from hms_web.services.appointments import AppointmentView, LocalRange


def refuse_wrong(wanted: NewAbsence, today: date, before: AbsenceView | None = None) -> None:
    """Raise InvalidInput for what is wrong; a first day in the past may stay when the absence had it before."""
    wrong = mistakes(wanted.span, is_full_day=wanted.is_full_day, today=today)
    if before is not None and before.start_date == wanted.start_date and wanted.start_date < today:
        wrong = [item for item in wrong if item[0] != "startDate"]
    sentence = note_mistake(wanted.reason)
    if sentence is not None:
        wrong.append(("reason", sentence))
    if wrong:
        raise InvalidInput(wrong)


def refuse_overlap(session: Session, doctor_id: UUID, wanted: AbsenceSpan, but: UUID | None = None) -> None:
    """Raise Refused ABSENCE_OVERLAP when another active absence than `but` shares time with a wanted one."""
    others = session.scalars(
        select(DoctorAbsence).where(
            DoctorAbsence.doctor_id == doctor_id,
            DoctorAbsence.status == AbsenceStatus.ACTIVE,
            DoctorAbsence.start_date <= wanted.end_date,
            DoctorAbsence.end_date >= wanted.start_date,
        )
    )
    for other in others:
        if other.id != but and absence_records.view(other).span.overlaps(wanted):
            raise Refused(Code.ABSENCE_OVERLAP, first_day=other.start_date, last_day=other.end_date)


def refuse_others(session: Session, actor: Actor, doctor_id: UUID) -> None:
    """Raise Refused when there is no such doctor, or the actor may not change their time."""
    doctor = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id, Doctor.id == doctor_id)
    if session.scalar(doctor) is None:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    if not actor.may_manage_doctor(doctor_id):
        raise Refused(Code.FORBIDDEN)


def checked_change(
    session: Session, actor: Actor, before: AbsenceView, wanted: AbsenceChange, *, now: datetime
) -> NewAbsence:
    """Return an absence as it will be after a change; raises what is wrong with that."""
    if before.status is AbsenceStatus.CANCELLED:
        raise Refused(Code.ABSENCE_NOT_FOUND)
    after = _merged(before, wanted)
    refuse_wrong(after, local_date(now, actor.zone), before)
    refuse_overlap(session, before.doctor_id, after.span, but=before.id)
    return after


def _merged(before: AbsenceView, change: AbsenceChange) -> NewAbsence:
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    old = {name: getattr(before, name) for name in asdict(change)}
    merged = NewAbsence(**(old | given))
    if given.get("is_full_day") is True:
        return replace(merged, start_time=given.get("start_time"), end_time=given.get("end_time"))
    if "is_full_day" not in given and merged.start_time is not None:
        return replace(merged, is_full_day=False)
    return merged


def standing(
    session: Session, actor: Actor, doctor_id: UUID, span: AbsenceSpan, *, but: AbsenceSpan | None = None, now: datetime
) -> list[AppointmentView]:
    """Return the doctor's appointments in the time of an absence, without those in the time `but`."""
    wanted = LocalRange(span.start_date, span.end_date, span.start_time, span.end_time)
    found = appointments.standing_in(session, actor, [wanted], doctor_id=doctor_id, now=now)
    if but is None:
        return found
    return [view for view in found if not but.covers(view.date, view.start_time, view.end_time)]


def added(
    session: Session, actor: Actor, before: AbsenceView, after: NewAbsence, *, now: datetime
) -> list[AppointmentView]:
    """Return the appointments that a change touches: those in the added time, or all when it becomes an emergency."""
    becomes = after.absence_type is AbsenceType.EMERGENCY and before.absence_type is not AbsenceType.EMERGENCY
    return standing(session, actor, before.doctor_id, after.span, but=None if becomes else before.span, now=now)
