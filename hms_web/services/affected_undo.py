"""Takes back a plan that was applied (docs/decisions/0041)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedAction, AffectedCause
from hms_web.domain.booking import GOING_BACK, Wanted, first_refusal
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span
from hms_web.domain.messages import AFFECTED_EVENTS, MessageEvent
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.still_affected import due_causes
from hms_web.domain.visits import UPCOMING
from hms_web.models import AffectedStep, Appointment
from hms_web.services import (
    affected_messages,
    affected_records,
    appointments,
    audit,
    facts,
    locks,
    outbox,
    placing,
    refusal_facts,
    slot_making,
    stage_alerts,
    unit_of_work,
)
from hms_web.services.affected_batches import changed_meanwhile
from hms_web.services.affected_records import BatchView
from hms_web.services.facts import DoctorFacts


def undo(session: Session, actor: Actor, batch_id: UUID, *, now: datetime) -> BatchView:
    """Take a plan back: who was moved goes back to the old time, onto the list; so does who was kept.

    What cannot be taken back says why: a cancellation, an appointment that somebody changed since, a time that somebody
    else has by now, or that has begun although nothing speaks against it any more. Twice is harmless.
    Raises Refused PLAN_NOT_FOUND or FORBIDDEN, Busy.
    """
    return unit_of_work.run(session, lambda: _undo(session, actor, batch_id, now))


def _undo(session: Session, actor: Actor, batch_id: UUID, now: datetime) -> BatchView:
    batch = affected_records.row(session, actor, batch_id, lock=True)
    if batch.undone_at is not None:
        return affected_records.get(session, actor, batch_id)
    steps = [step for step in affected_records.steps_of(session, batch_id) if step.refusal is None]
    before = {step.from_doctor_id for step in steps}
    rows = locks.visits(session, actor, [step.appointment_id for step in steps], also_doctors=before)
    for step in reversed(steps):
        refusal = _undo_step(session, actor, step, rows[step.appointment_id], now)
        if refusal is None:
            step.undone_at = now
        else:
            step.undo_refusal, step.undo_refusal_facts = refusal.code, refusal_facts.packed(refusal)
    batch.undone_at, batch.undone_by_id = now, actor.user_id
    session.flush()
    counts = {"undone": sum(step.undone_at is not None for step in steps), "of": len(steps)}
    audit.record_all(session, actor, [audit.Entry("plan.undone", "plan", batch_id, counts)], now=now)
    return affected_records.get(session, actor, batch_id)


def _undo_step(session: Session, actor: Actor, step: AffectedStep, row: Appointment, now: datetime) -> Refusal | None:
    """Take one step back, or return why that cannot be."""
    if step.action == AffectedAction.CANCEL:
        return Refusal(Code.STAYS_CANCELLED)
    if row.version != step.version:
        return changed_meanwhile(session, actor, row.id)
    starts_at, ends_at = (at.astimezone(actor.zone) for at in (step.from_starts_at, step.from_ends_at))
    span = Span(step.from_starts_at, step.from_ends_at)
    wanted = Wanted(starts_at.date(), starts_at.time(), ends_at.time(), span)
    doctor = facts.load(session, actor, [step.from_doctor_id], wanted.day, wanted.day)[step.from_doctor_id]
    if step.action == AffectedAction.MOVE:
        refusal = _begun(row, wanted, doctor, now) or _taken_since(session, actor, row, wanted, doctor, now)
        if refusal is not None:
            return refusal
    _put_back(session, actor, step, row, wanted, doctor, now)
    return None


def _begun(row: Appointment, wanted: Wanted, doctor: DoctorFacts, now: datetime) -> Refusal | None:
    """Refuse an old time that has begun and that nothing speaks against any more: it would be an ordinary one, whose
    patient could not be told in time to come, and would end as their no-show. Whoever is here can be spoken to.
    """
    if row.status not in UPCOMING or wanted.span.starts_at > now:
        return None
    due = due_causes(doctor.on(wanted.day), wanted.day, wanted.start, wanted.end)
    return None if due else Refusal(Code.DATE_IN_PAST)


def _taken_since(
    session: Session, actor: Actor, row: Appointment, wanted: Wanted, doctor: DoctorFacts, now: datetime
) -> Refusal | None:
    """Return why the old time is not to be had again: somebody else has it, or the patient is elsewhere then."""
    there = [slot for slot in doctor.slots_on(wanted.day) if slot.time.span.overlaps(wanted.span)]
    there.sort(key=lambda slot: slot.hold is None or not slot.hold.keeps_out(actor.user_id, now))
    patient = locks.patient(session, actor, row.patient_id)
    then = placing.doctor_then(doctor, wanted.day, without=row.id)
    place = placing.Place(then, there[0] if there else None, wanted)
    asked = placing.facts_of(
        session, actor, row.patient_id, patient, place, now=now, overlook_block=True, without=row.id
    )
    return first_refusal(replace(asked, is_slot=True), now, GOING_BACK)


def _put_back(
    session: Session,
    actor: Actor,
    step: AffectedStep,
    row: Appointment,
    wanted: Wanted,
    doctor: DoctorFacts,
    now: datetime,
) -> None:
    """Write an appointment as it stood before a step, with what speaks against it now, and tell its patient."""
    due = due_causes(doctor.on(wanted.day), wanted.day, wanted.start, wanted.end)
    cause = AffectedCause(step.cause) if step.cause in due else next(iter(due), None)
    left = row.doctor_id, row.date
    columns = {
        "doctor_id": step.from_doctor_id,
        "date": wanted.day,
        "start_time": wanted.start,
        "end_time": wanted.end,
        "starts_at": wanted.span.starts_at,
        "ends_at": wanted.span.ends_at,
        "slot_minutes": step.from_slot_minutes,
        "token_number": step.from_token_number,
        "affected_cause": cause,
        "affected_at": step.affected_at if cause else None,
        "kept_cause": None,
    }
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    details: dict[str, object] = {name: {"from": getattr(row, name), "to": value} for name, value in changed.items()}
    for name, value in changed.items():
        setattr(row, name, value)
    row.version += 1
    session.flush()
    is_move = step.action == AffectedAction.MOVE
    if is_move:
        for doctor_id, day in {left, (step.from_doctor_id, wanted.day)}:
            slot_making.settle_days(session, actor, doctor_id, [day], now=now)
        stage_alerts.follow(session, actor, row.id, row.doctor_id)
    told = _tell(session, actor, step, cause, now)
    action = "appointment.move_undone" if is_move else "appointment.keep_undone"
    audit.record(session, actor, action, "appointment", row.id, now=now, **details, told=told)


def _tell(
    session: Session, actor: Actor, step: AffectedStep, cause: AffectedCause | None, now: datetime
) -> MessageEvent | None:
    """Take back what a step told the patient, or tell them what is true again; return what they are told now."""
    said = MessageEvent.RESCHEDULED if step.action == AffectedAction.MOVE else MessageEvent.KEPT
    assert step.version is not None  # noqa: S101 it was carried out
    is_told = affected_messages.take_back(session, actor, said, step.appointment_id, step.version, now=now)
    view = appointments.get(session, actor, step.appointment_id)
    if cause is None:
        has_heard = bool(affected_messages.have_heard(session, actor, [view]))
        event = said if is_told else MessageEvent.KEPT if has_heard else None
    else:
        is_known = not is_told and affected_messages.is_waiting_told(session, actor, view, cause)
        event = None if is_known else AFFECTED_EVENTS[cause]
    if event is not None:
        outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, event)], now=now)
    return event
