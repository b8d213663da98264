"""Doctors' leave: asking for it with a preview, changing and cancelling it (product.md, Absences).

Nothing is stored on slots: whether one is closed follows from the absences themselves.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceSpan, AbsenceStatus, AbsenceType, mistakes
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.unset import UNSET
from hms_web.domain.validation import note_mistake, tidy
from hms_web.domain.visits import UPCOMING
from hms_web.models import Doctor, DoctorAbsence, new_id
from hms_web.services import absence_records, appointments, audit, cancelling, changes, locks, settling, unit_of_work
from hms_web.services.absence_records import AbsenceChange, AbsenceView, NewAbsence, get, list_absences
from hms_web.services.appointments import AppointmentView, LocalRange

__all__ = [
    "AbsenceChange",
    "AbsenceEffect",
    "AbsenceView",
    "NewAbsence",
    "cancel",
    "change",
    "create",
    "get",
    "list_absences",
    "preview",
    "preview_change",
]

EMERGENCY_NOTE = "Auto-cancelled due to doctor emergency"


@dataclass(frozen=True, slots=True)
class AbsenceEffect:
    """What an absence does, or would do: then `absence` is None.

    `affected` are the appointments in its time, `warning_count` those of them that are left for people to see to.
    """

    absence: AbsenceView | None
    affected: list[AppointmentView]
    warning_count: int
    cancelled_appointments: int
    notified_patients: int


def _refuse_wrong(wanted: NewAbsence, today: date, before: AbsenceView | None = None) -> None:
    """Raise InvalidInput for what is wrong; a first day in the past may stay when the absence had it before."""
    wrong = mistakes(wanted.span, is_full_day=wanted.is_full_day, today=today)
    if before is not None and before.start_date == wanted.start_date and wanted.start_date < today:
        wrong = [item for item in wrong if item[0] != "startDate"]
    sentence = note_mistake(wanted.reason)
    if sentence is not None:
        wrong.append(("reason", sentence))
    if wrong:
        raise InvalidInput(wrong)


def _refuse_overlap(session: Session, doctor_id: UUID, wanted: AbsenceSpan, but: UUID | None = None) -> None:
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


def _refuse_others(session: Session, actor: Actor, doctor_id: UUID) -> None:
    """Raise Refused when there is no such doctor, or the actor may not change their time."""
    doctor = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id, Doctor.id == doctor_id)
    if session.scalar(doctor) is None:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    if not actor.may_manage_doctor(doctor_id):
        raise Refused(Code.FORBIDDEN)


def _lock(session: Session, actor: Actor, doctor_id: UUID) -> None:
    locks.doctor(session, actor, doctor_id)
    _refuse_others(session, actor, doctor_id)


def _standing(
    session: Session, actor: Actor, doctor_id: UUID, span: AbsenceSpan, *, but: AbsenceSpan | None = None, now: datetime
) -> list[AppointmentView]:
    """Return the doctor's appointments in the time of an absence, without those in the time `but`."""
    wanted = LocalRange(span.start_date, span.end_date, span.start_time, span.end_time)
    standing = appointments.standing_in(session, actor, [wanted], doctor_id=doctor_id, now=now)
    if but is None:
        return standing
    return [view for view in standing if not but.covers(view.date, view.start_time, view.end_time)]


def _foretold(standing: list[AppointmentView], absence_type: AbsenceType) -> AbsenceEffect:
    """Return what an absence of that type would do to appointments, with nothing changed."""
    coming = [view for view in standing if view.status in UPCOMING]
    if absence_type is AbsenceType.EMERGENCY:
        people = {view.patient_id for view in coming}
        return AbsenceEffect(None, standing, len(standing) - len(coming), len(coming), len(people))
    told = {view.patient_id for view in coming if view.affected_cause is None}
    return AbsenceEffect(None, standing, len(standing), 0, len(told))


def _carry_out(
    session: Session, actor: Actor, standing: list[AppointmentView], absence_type: AbsenceType, *, now: datetime
) -> AbsenceEffect:
    """Cancel in an emergency, otherwise mark, what stands in the time of an absence; tell the patients."""
    if absence_type is AbsenceType.EMERGENCY:
        coming = [view.id for view in standing if view.status in UPCOMING]
        changed = cancelling.cancel_affected(
            session, actor, coming, note=EMERGENCY_NOTE, event=MessageEvent.CANCELLED_BY_EMERGENCY, now=now
        )
        cancelled = len(changed)
    else:
        changed = settling.mark(
            session, actor, standing, AffectedCause.ABSENCE, MessageEvent.AFFECTED_BY_ABSENCE, now=now
        )
        cancelled = 0
    told = {view.patient_id for view in changed}
    affected = appointments.by_ids(session, actor, [view.id for view in standing])
    return AbsenceEffect(None, affected, len(affected) - cancelled, cancelled, len(told))


def preview(session: Session, actor: Actor, doctor_id: UUID, wanted: NewAbsence, *, now: datetime) -> AbsenceEffect:
    """Return what creating an absence would do, with nothing changed; raises what `create` would raise."""
    _refuse_wrong(wanted, local_date(now, actor.zone))
    _refuse_others(session, actor, doctor_id)
    _refuse_overlap(session, doctor_id, wanted.span)
    return _foretold(_standing(session, actor, doctor_id, wanted.span, now=now), wanted.absence_type)


def create(session: Session, actor: Actor, doctor_id: UUID, wanted: NewAbsence, *, now: datetime) -> AbsenceEffect:
    """Enter a doctor's absence, with all that follows from it, in one transaction.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND, FORBIDDEN or ABSENCE_OVERLAP.
    """
    _refuse_wrong(wanted, local_date(now, actor.zone))

    def work() -> AbsenceEffect:
        _lock(session, actor, doctor_id)
        _refuse_overlap(session, doctor_id, wanted.span)
        row = DoctorAbsence(
            id=new_id(),
            hospital_id=actor.hospital_id,
            doctor_id=doctor_id,
            status=AbsenceStatus.ACTIVE,
            created_by_id=actor.user_id,
            created_at=now,
            **_columns(wanted),
        )
        session.add(row)
        session.flush()
        standing = _standing(session, actor, doctor_id, wanted.span, now=now)
        effect = replace(
            _carry_out(session, actor, standing, wanted.absence_type, now=now), absence=absence_records.view(row)
        )
        audit.record(
            session,
            actor,
            "absence.created",
            "absence",
            row.id,
            now=now,
            doctor_id=doctor_id,
            **_columns(wanted),
            **_counts(effect),
        )
        return effect

    return unit_of_work.run(session, work)


def _columns(wanted: NewAbsence) -> dict[str, Any]:
    columns = asdict(wanted)
    del columns["is_full_day"]
    return columns | {"reason": tidy(wanted.reason)}


def _counts(effect: AbsenceEffect) -> dict[str, int]:
    return {"affected": len(effect.affected), "cancelled": effect.cancelled_appointments}


def _wanted(before: AbsenceView, change: AbsenceChange) -> NewAbsence:
    """Return an absence as it would be after a change."""
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    old = {name: getattr(before, name) for name in asdict(change)}
    merged = NewAbsence(**(old | given))
    if given.get("is_full_day") is True:
        return replace(merged, start_time=given.get("start_time"), end_time=given.get("end_time"))
    if "is_full_day" not in given and merged.start_time is not None:
        return replace(merged, is_full_day=False)
    return merged


def preview_change(
    session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, wanted: AbsenceChange, *, now: datetime
) -> AbsenceEffect:
    """Return what a change would do, with nothing changed; raises what `change` would raise."""
    _refuse_others(session, actor, doctor_id)
    before = get(session, actor, doctor_id, absence_id)
    after = _checked_change(session, actor, before, wanted, now=now)
    return _foretold(_added(session, actor, before, after, now=now), after.absence_type)


def _checked_change(
    session: Session, actor: Actor, before: AbsenceView, wanted: AbsenceChange, *, now: datetime
) -> NewAbsence:
    if before.status is AbsenceStatus.CANCELLED:
        raise Refused(Code.ABSENCE_NOT_FOUND)
    after = _wanted(before, wanted)
    _refuse_wrong(after, local_date(now, actor.zone), before)
    _refuse_overlap(session, before.doctor_id, after.span, but=before.id)
    return after


def _added(
    session: Session, actor: Actor, before: AbsenceView, after: NewAbsence, *, now: datetime
) -> list[AppointmentView]:
    """Return the appointments that a change touches: those in the added time, or all when it becomes an emergency."""
    becomes = after.absence_type is AbsenceType.EMERGENCY and before.absence_type is not AbsenceType.EMERGENCY
    return _standing(session, actor, before.doctor_id, after.span, but=None if becomes else before.span, now=now)


def change(
    session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, wanted: AbsenceChange, *, now: datetime
) -> AbsenceEffect:
    """Change an absence; appointments in added time are affected, those in time that it leaves are not any more.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND, FORBIDDEN, ABSENCE_OVERLAP, or ABSENCE_NOT_FOUND, which is also
    said
    of one that is cancelled.
    """

    def work() -> AbsenceEffect:
        _lock(session, actor, doctor_id)
        row = absence_records.row(session, actor, doctor_id, absence_id)
        before = absence_records.view(row)
        after = _checked_change(session, actor, before, wanted, now=now)
        changed = changes.apply(row, _columns(after))
        session.flush()
        left = _standing(session, actor, doctor_id, before.span, but=after.span, now=now)
        settling.lift(session, actor, left, AffectedCause.ABSENCE, now=now)
        added = _added(session, actor, before, after, now=now)
        effect = replace(
            _carry_out(session, actor, added, after.absence_type, now=now), absence=absence_records.view(row)
        )
        if changed:
            audit.record(
                session, actor, "absence.changed", "absence", absence_id, now=now, changes=changed, **_counts(effect)
            )
        return effect

    return unit_of_work.run(session, work)


def cancel(session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, *, now: datetime) -> AbsenceView:
    """Cancel an absence: its time opens again and its appointments are no longer affected. Twice is harmless.

    Raises Refused DOCTOR_NOT_FOUND, FORBIDDEN or ABSENCE_NOT_FOUND.
    """

    def work() -> AbsenceView:
        _lock(session, actor, doctor_id)
        row = absence_records.row(session, actor, doctor_id, absence_id)
        changed = changes.apply(row, {"status": AbsenceStatus.CANCELLED})
        view = absence_records.view(row)
        if changed:
            session.flush()
            left = _standing(session, actor, doctor_id, view.span, now=now)
            lifted = settling.lift(session, actor, left, AffectedCause.ABSENCE, now=now)
            audit.record(
                session,
                actor,
                "absence.cancelled",
                "absence",
                absence_id,
                now=now,
                changes=changed,
                no_longer_affected=len(lifted),
            )
        return view

    return unit_of_work.run(session, work)
