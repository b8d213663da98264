"""Who was checked in on an earlier day and never seen: somebody has to say what became of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment
from hms_web.services import appointments, paging
from hms_web.services.appointments import AppointmentView
from hms_web.services.stage_alerts import today_span


def _waiting(actor: Actor, now: datetime) -> ColumnElement[bool]:
    wanted = and_(
        Appointment.hospital_id == actor.hospital_id,
        Appointment.status == AppointmentStatus.CHECKED_IN,
        Appointment.starts_at < today_span(actor, now).starts_at,
    )
    return and_(wanted, Appointment.doctor_id == actor.doctor_id) if actor.role is Role.DOCTOR else wanted


def entries(
    session: Session, actor: Actor, *, now: datetime, limit: int | None = None, cursor: str | None = None
) -> paging.Page[AppointmentView]:
    """Return those who are still checked in from before today, the earliest first; a doctor sees their own patients.

    Nothing happens to them by itself: whether they left, were seen or never came, only somebody who was there can say.
    Raises InvalidInput.
    """
    limit = paging.checked_limit(limit)
    query = select(Appointment.id, Appointment.starts_at).where(_waiting(actor, now))
    if cursor is not None:
        after = paging.read_cursor(cursor, datetime, UUID)
        query = query.where(tuple_(Appointment.starts_at, Appointment.id) > after)
    rows = session.execute(query.order_by(Appointment.starts_at, Appointment.id).limit(paging.one_more(limit))).all()
    views = {view.id: view for view in appointments.by_ids(session, actor, [row.id for row in rows])}
    return paging.page(rows, limit, lambda row: views[row.id], lambda row: (row.starts_at, row.id))


def counted(actor: Actor, now: datetime) -> ScalarSelect[int]:
    """Return the number of them."""
    return select(func.count()).select_from(Appointment).where(_waiting(actor, now)).scalar_subquery()
