"""Cancelling: one appointment by hand, or many because the hospital had to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import UPCOMING, AppointmentStatus, may_follow
from hms_web.models import Appointment
from hms_web.services import appointments, audit, locks, outbox, slot_making, stage_alerts, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import LONGEST_REASON


def cancel(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    reason: str | None,
    now: datetime,
    version: int | None = None,
) -> AppointmentView | Refusal:
    """Cancel an appointment and let its slot go. Doing it twice is harmless and notifies once.

    Refuses APPOINTMENT_NOT_FOUND, STALE_VERSION, and INVALID_TRANSITION for one that can no longer be cancelled.
    Raises InvalidInput, Busy.
    """
    refuse_invalid(("reason", note_mistake(reason, LONGEST_REASON)))

    def work() -> AppointmentView | Refusal:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            return Refusal(Code.APPOINTMENT_NOT_FOUND)
        status = AppointmentStatus(appointment.status)
        if status is AppointmentStatus.CANCELLED:
            return appointments.get(session, actor, appointment_id)
        if version is not None and version != appointment.version:
            return Refusal(Code.STALE_VERSION)
        if not may_follow(status, AppointmentStatus.CANCELLED):
            return Refusal(Code.INVALID_TRANSITION, {"from": status, "to": AppointmentStatus.CANCELLED})
        words = tidy(reason)
        _cancel_rows(session, actor, [appointment_id], reason=words, now=now)
        view = appointments.get(session, actor, appointment_id)
        _follow_up(session, actor, [view], MessageEvent.CANCELLED, {appointment_id: status}, now=now)
        stage_alerts.resolve_for(session, actor, appointment_id, now=now)
        return view

    return unit_of_work.run(session, work)


def cancel_affected(
    session: Session, actor: Actor, appointment_ids: Sequence[UUID], *, note: str, event: MessageEvent, now: datetime
) -> list[AppointmentView]:
    """Cancel those that are still SCHEDULED or CONFIRMED among many, inside the caller's transaction and the doctor's
    lock.

    Each patient is told with `event`; `note` becomes the reason that staff read. Returns what was cancelled.
    """
    before = {
        key: AppointmentStatus(status)
        for key, status in session.execute(
            select(Appointment.id, Appointment.status)
            .where(
                Appointment.hospital_id == actor.hospital_id,
                Appointment.id.in_(appointment_ids),
                Appointment.status.in_(UPCOMING),
            )
            .order_by(Appointment.id)
            .with_for_update(key_share=True)
        )
    }
    _cancel_rows(session, actor, list(before), reason=note, now=now)
    views = appointments.by_ids(session, actor, list(before))
    _follow_up(session, actor, views, event, before, now=now)
    return views


def _cancel_rows(session: Session, actor: Actor, ids: Sequence[UUID], *, reason: str | None, now: datetime) -> None:
    session.execute(
        update(Appointment)
        .where(Appointment.hospital_id == actor.hospital_id, Appointment.id.in_(ids))
        .values(
            status=AppointmentStatus.CANCELLED,
            cancelled_at=now,
            cancel_reason=reason,
            affected_cause=None,
            affected_at=None,
            version=Appointment.version + 1,
        )
        .execution_options(synchronize_session=False)
    )


def _follow_up(
    session: Session,
    actor: Actor,
    views: Sequence[AppointmentView],
    event: MessageEvent,
    before: dict[UUID, AppointmentStatus],
    *,
    now: datetime,
) -> None:
    """Audit, tell the patients, and put right the days that lost appointments."""
    entries = [
        audit.Entry(
            "appointment.cancelled",
            "appointment",
            view.id,
            {"status": {"from": before[view.id], "to": view.status}, "reason": view.cancel_reason},
        )
        for view in views
    ]
    audit.record_all(session, actor, entries, now=now)
    outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, event) for view in views], now=now)
    for doctor_id in {view.doctor_id for view in views}:
        days = {view.date for view in views if view.doctor_id == doctor_id}
        slot_making.settle_days(session, actor, doctor_id, days, now=now)
