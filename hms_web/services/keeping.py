"""Keeping an appointment in spite of what speaks against it (product.md: the affected list)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.visits import UNFINISHED
from hms_web.services import appointments, audit, locks, outbox, settling, unit_of_work
from hms_web.services.appointments import AppointmentView


def keep(
    session: Session, actor: Actor, appointment_id: UUID, *, version: int | None = None, now: datetime
) -> AppointmentView | Refusal:
    """Take an appointment off the affected list as it is, and tell its patient that it stays.

    From then on it is like any other, until something new speaks against it. Refuses APPOINTMENT_NOT_FOUND,
    STALE_VERSION, and NOT_AFFECTED for one that nothing speaks against.
    """

    def work() -> AppointmentView | Refusal:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            return Refusal(Code.APPOINTMENT_NOT_FOUND)
        if version is not None and version != appointment.version:
            return Refusal(Code.STALE_VERSION)
        if appointment.affected_cause is None or appointment.status not in UNFINISHED:
            return Refusal(Code.NOT_AFFECTED)
        cause = AffectedCause(appointment.affected_cause)
        # Who has begun stays on the list when the reason goes; there is nothing then in spite of which they are kept.
        due = settling.due_against(session, actor, appointments.get(session, actor, appointment_id))
        in_spite_of = cause if cause in due else next(iter(due), None)
        appointment.kept_cause, appointment.affected_cause, appointment.affected_at = in_spite_of, None, None
        appointment.version += 1
        session.flush()
        details = {"affected_cause": {"from": cause, "to": None}, "kept_cause": {"from": None, "to": in_spite_of}}
        audit.record(session, actor, "appointment.kept", "appointment", appointment_id, now=now, **details)
        view = appointments.get(session, actor, appointment_id)
        outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, MessageEvent.KEPT)], now=now)
        return view

    return unit_of_work.run(session, work)
