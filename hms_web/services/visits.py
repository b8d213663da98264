"""The statuses that people set by hand: confirmed, checked in and its undo (product.md, Statuses)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import note_mistake, refuse_invalid
from hms_web.domain.visits import AppointmentStatus, may_set_by_hand
from hms_web.services import appointments, audit, cancelling, locks, no_show, settling, stage_alerts, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import LONGEST_REASON


def set_status(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    status: AppointmentStatus,
    *,
    now: datetime,
    note: str | None = None,
    version: int | None = None,
) -> AppointmentView | Refusal:
    """Set an appointment's status by hand; CANCELLED and NO_SHOW run their own use cases, with `note` as the words.

    Refuses APPOINTMENT_NOT_FOUND, STALE_VERSION, and INVALID_TRANSITION: an edge that is not in the table, a status
    that is only reached through a consultation, a way out of the no-show list, a check-in on another day than the
    appointment's; and what those use cases refuse.
    """
    refuse_invalid(("note", note_mistake(note, LONGEST_REASON)))
    if status is AppointmentStatus.CANCELLED:
        return cancelling.cancel(session, actor, appointment_id, reason=note, now=now, version=version)
    if status is AppointmentStatus.NO_SHOW:
        reason = NoShowReason.MANUAL_DOCTOR if actor.role is Role.DOCTOR else NoShowReason.MANUAL_STAFF
        return no_show.mark(session, actor, appointment_id, reason=reason, notes=note, now=now, version=version)
    return unit_of_work.run(
        session, lambda: _set_status(session, actor, appointment_id, status, note=note, version=version, now=now)
    )


def _set_status(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    status: AppointmentStatus,
    *,
    note: str | None,
    version: int | None,
    now: datetime,
) -> AppointmentView | Refusal:
    appointment = locks.visit(session, actor, appointment_id)
    if appointment is None:
        return Refusal(Code.APPOINTMENT_NOT_FOUND)
    if version is not None and version != appointment.version:
        return Refusal(Code.STALE_VERSION)
    before = AppointmentStatus(appointment.status)
    if not may_set_by_hand(before, status):
        return Refusal(Code.INVALID_TRANSITION, {"from": before, "to": status})
    is_check_in = status is AppointmentStatus.CHECKED_IN
    if is_check_in and appointment.date != local_date(now, actor.zone):
        return Refusal(Code.INVALID_TRANSITION, {"from": before, "to": status, "day": appointment.date})
    appointment.status = status
    # What was measured stays in the record; whoever comes in again goes through the visit from its beginning.
    appointment.checked_in_at, appointment.vitals_recorded_at = (now if is_check_in else None), None
    appointment.version += 1
    session.flush()
    details = {"status": {"from": before, "to": status}, "note": note}
    audit.record(session, actor, f"appointment.{status.lower()}", "appointment", appointment_id, now=now, **details)
    stage_alerts.resolve_for(session, actor, appointment_id, now=now)
    if status is AppointmentStatus.SCHEDULED:
        settling.catch_up(session, actor, appointments.get(session, actor, appointment_id), now=now)
    return appointments.get(session, actor, appointment_id)
