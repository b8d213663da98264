"""Applies a whole plan for affected appointments in one transaction (docs/decisions/0040)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import first_instant
from hms_web.domain.messages import MessageEvent
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import UNFINISHED
from hms_web.models import AffectedBatch, AffectedStep, Appointment, AuditEvent, Doctor, new_id
from hms_web.services import (
    affected,
    affected_messages,
    affected_records,
    audit,
    booking,
    cancelling,
    keeping,
    locks,
    refusal_facts,
    unit_of_work,
)
from hms_web.services.affected_records import BatchView
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import LONGEST_REASON, AppointmentChange

MOST_STEPS = 100
"""Steps of one plan: so many hold their doctors' locks for about a second."""

_Sent = tuple[UUID, str, UUID | None, datetime | None]

_TOLD = {AffectedAction.MOVE: MessageEvent.RESCHEDULED, AffectedAction.KEEP: MessageEvent.KEPT}


@dataclass(frozen=True, slots=True)
class Step:
    """What shall become of one appointment, and the version of it that somebody saw.

    A MOVE has the doctor, local date and time it goes to.
    """

    appointment_id: UUID
    action: AffectedAction
    version: int
    doctor_id: UUID | None = None
    date: dt.date | None = None
    time: dt.time | None = None


def apply(
    session: Session, actor: Actor, batch_id: UUID, steps: Sequence[Step], *, reason: str | None = None, now: datetime
) -> BatchView:
    """Carry out a plan: each step by the checks of its own action; those that are refused say why, the others are done.

    `batch_id` is made by whoever shows the plan: sending it again gives the first result, and with other steps is
    refused IDEMPOTENCY_KEY_REUSED. `reason` is that of every CANCEL. Raises InvalidInput, Busy, or Refused
    APPOINTMENT_NOT_FOUND, PLAN_NOT_FOUND or FORBIDDEN; then nothing is changed.
    """
    affected.refuse_others(actor)
    refuse_invalid(("reason", note_mistake(reason, LONGEST_REASON)), ("steps", _mistake(steps)))
    return unit_of_work.run(session, lambda: _apply(session, actor, batch_id, steps, tidy(reason), now))


def _mistake(steps: Sequence[Step]) -> str | None:
    if not 1 <= len(steps) <= MOST_STEPS:
        return phrase("Send 1 to %(most)s steps.", most=MOST_STEPS)
    if len({step.appointment_id for step in steps}) < len(steps):
        return phrase("Name each appointment once.")
    moves = [step for step in steps if step.action is AffectedAction.MOVE]
    if any(step.doctor_id is None or step.date is None or step.time is None for step in moves):
        return phrase("A move needs its doctor, date and time.")
    return None


def _apply(
    session: Session, actor: Actor, batch_id: UUID, steps: Sequence[Step], reason: str | None, now: datetime
) -> BatchView:
    if not any(step.action is AffectedAction.CANCEL for step in steps):
        reason = None
    values = {
        "id": batch_id,
        "hospital_id": actor.hospital_id,
        "created_by_id": actor.user_id,
        "created_at": now,
        "reason": reason,
    }
    targets = {step.doctor_id for step in steps if step.doctor_id is not None}
    known = _known(session, actor, targets)
    claim = insert(AffectedBatch).values(values).on_conflict_do_nothing(index_elements=["id"])
    if unit_of_work.wait_for(session, claim.returning(AffectedBatch.id)).first() is None:
        return _again(session, actor, batch_id, {_sent(actor, step, known) for step in steps}, reason)
    rows = locks.visits(session, actor, [step.appointment_id for step in steps], also_doctors=targets)
    if len(rows) < len(steps):
        raise Refused(Code.APPOINTMENT_NOT_FOUND)
    told: list[tuple[MessageEvent, AppointmentView]] = []
    for step in steps:
        record = _record(actor, batch_id, step, rows[step.appointment_id], known)
        outcome = _carry_out(session, actor, step, rows[step.appointment_id], reason, now)
        if isinstance(outcome, Refusal):
            record["refusal"], record["refusal_facts"] = outcome.code, refusal_facts.packed(outcome)
        else:
            record["version"] = outcome.version
            told += [(_TOLD[step.action], outcome)] if step.action in _TOLD else []
        session.execute(insert(AffectedStep).values(record))
    affected_messages.hold_back(session, actor, told, now=now)
    done = affected_records.get(session, actor, batch_id)
    counts = {"done": len(done.done), "refused": len(done.refused)}
    audit.record_all(session, actor, [audit.Entry("plan.applied", "plan", batch_id, counts)], now=now)
    return done


def _known(session: Session, actor: Actor, doctor_ids: set[UUID]) -> set[UUID]:
    wanted = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id, Doctor.id.in_(doctor_ids))
    return set(session.scalars(wanted))


def _again(session: Session, actor: Actor, batch_id: UUID, sent: set[_Sent], reason: str | None) -> BatchView:
    """Return what the first sending of a plan did. Raises Refused IDEMPOTENCY_KEY_REUSED for another plan."""
    first = affected_records.get(session, actor, batch_id)
    kept = {
        (row.appointment_id, row.action, row.to_doctor_id, row.to_starts_at)
        for row in affected_records.steps_of(session, batch_id)
    }
    if sent != kept or reason != session.get_one(AffectedBatch, batch_id).reason:
        raise Refused(Code.IDEMPOTENCY_KEY_REUSED)
    return first


def _sent(actor: Actor, step: Step, known: set[UUID]) -> _Sent:
    return step.appointment_id, str(step.action), *_target(actor, step, known)


def _target(actor: Actor, step: Step, known: set[UUID]) -> tuple[UUID | None, datetime | None]:
    """Return where a step goes as it is written down: a doctor of another hospital is nobody."""
    if step.action is not AffectedAction.MOVE or step.date is None or step.time is None:
        return None, None
    doctor_id = step.doctor_id if step.doctor_id in known else None
    return doctor_id, first_instant(step.date, step.time, actor.zone)


def _record(actor: Actor, batch_id: UUID, step: Step, row: Appointment, known: set[UUID]) -> dict[str, Any]:
    """Return the columns of a step, with where the appointment stands before it."""
    to_doctor_id, to_starts_at = _target(actor, step, known)
    return {
        "id": new_id(),
        "hospital_id": actor.hospital_id,
        "batch_id": batch_id,
        "appointment_id": row.id,
        "action": step.action,
        "cause": row.affected_cause,
        "affected_at": row.affected_at,
        "from_doctor_id": row.doctor_id,
        "from_starts_at": row.starts_at,
        "from_ends_at": row.ends_at,
        "from_slot_minutes": row.slot_minutes,
        "from_token_number": row.token_number,
        "to_doctor_id": to_doctor_id,
        "to_starts_at": to_starts_at,
    }


def _objection(session: Session, actor: Actor, step: Step, row: Appointment) -> Refusal | None:
    """Return why a step is not even tried."""
    if not affected.may_see(actor, row.doctor_id):
        return Refusal(Code.FORBIDDEN)
    if step.version != row.version:
        return changed_meanwhile(session, actor, row.id)
    if row.affected_cause is None or row.status not in UNFINISHED:
        return Refusal(Code.NOT_AFFECTED)
    stays = (step.doctor_id, step.date, step.time) == (row.doctor_id, row.date, row.start_time)
    return Refusal(Code.SLOT_TAKEN) if stays and step.action is AffectedAction.MOVE else None


def _carry_out(
    session: Session, actor: Actor, step: Step, row: Appointment, reason: str | None, now: datetime
) -> AppointmentView | Refusal:
    objection = _objection(session, actor, step, row)
    if objection is not None:
        return objection
    if step.action is AffectedAction.KEEP:
        return keeping.keep(session, actor, row.id, version=step.version, now=now)
    if step.action is AffectedAction.CANCEL:
        return cancelling.cancel(session, actor, row.id, reason=reason, now=now, version=step.version)
    assert step.date and step.time and step.doctor_id  # noqa: S101, PT018 as `apply` has seen
    change = AppointmentChange(date=step.date, time=step.time, doctor_id=step.doctor_id, version=step.version)
    return booking.change(session, actor, row.id, change, now=now)


def changed_meanwhile(session: Session, actor: Actor, appointment_id: UUID) -> Refusal:
    """Return the refusal that names who changed an appointment last."""
    events: Sequence[AuditEvent] = audit.history(session, actor, "appointment", appointment_id)
    return Refusal(Code.STALE_VERSION, {"by": events[-1].actor_name} if events else {})
