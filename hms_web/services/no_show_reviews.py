"""The review list after a long outage: appointments of which a person has to say whether the patient came."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import UPCOMING
from hms_web.models import Appointment
from hms_web.services import appointments, audit, locks, paging, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.no_show import LONGEST_NOTE


def _unanswered(actor: Actor) -> ColumnElement[bool]:
    return and_(
        Appointment.hospital_id == actor.hospital_id,
        Appointment.status.in_(UPCOMING),
        Appointment.no_show_review_at.is_not(None),
        Appointment.no_show_answered_at.is_(None),
    )


def entries(
    session: Session, actor: Actor, *, limit: int | None = None, cursor: str | None = None
) -> paging.Page[AppointmentView]:
    """Return the appointments that nobody has answered for, earliest first. Raises InvalidInput."""
    limit = paging.checked_limit(limit)
    query = select(Appointment.id, Appointment.starts_at).where(_unanswered(actor))
    if cursor is not None:
        after = paging.read_cursor(cursor, datetime, UUID)
        query = query.where(tuple_(Appointment.starts_at, Appointment.id) > after)
    rows = session.execute(query.order_by(Appointment.starts_at, Appointment.id).limit(paging.one_more(limit))).all()
    views = {view.id: view for view in appointments.by_ids(session, actor, [row.id for row in rows])}
    return paging.page(rows, limit, lambda row: views[row.id], lambda row: (row.starts_at, row.id))


def counted(actor: Actor) -> ScalarSelect[int]:
    """Return the number of appointments that nobody has answered for."""
    return select(func.count()).select_from(Appointment).where(_unanswered(actor)).scalar_subquery()


def count(session: Session, actor: Actor) -> int:
    """Return how many appointments nobody has answered for."""
    return session.scalars(select(counted(actor))).one()


def came(
    session: Session, actor: Actor, appointment_id: UUID, *, note: str | None, now: datetime
) -> AppointmentView | Refusal:
    """Note that the patient had come: the appointment leaves the list and never becomes a no-show by itself.

    Its status stays, since what happened in the visit was not written down. Doing it twice is harmless. Refuses
    APPOINTMENT_NOT_FOUND, and NOT_ON_REVIEW for one that nobody is asked about. Raises InvalidInput, Busy.
    """
    refuse_invalid(("note", note_mistake(note, LONGEST_NOTE)))

    def work() -> AppointmentView | Refusal:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            return Refusal(Code.APPOINTMENT_NOT_FOUND)
        if appointment.no_show_review_at is None or appointment.status not in UPCOMING:
            return Refusal(Code.NOT_ON_REVIEW)
        if appointment.no_show_answered_at is None:
            appointment.no_show_answered_at = now
            appointment.version += 1
            session.flush()
            audit.record(
                session, actor, "appointment.had_come", "appointment", appointment_id, now=now, note=tidy(note)
            )
        return appointments.get(session, actor, appointment_id)

    return unit_of_work.run(session, work)
