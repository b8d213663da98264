"""A patient's appointments: those to come, and those that have been."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span, local_date
from hms_web.models import Appointment
from hms_web.services import appointments
from hms_web.services.appointments import AppointmentView

MOST = 50


def coming(
    session: Session, actor: Actor, patient_id: UUID, *, now: datetime, limit: int = MOST
) -> list[AppointmentView]:
    """Return a patient's appointments from today on, earliest first."""
    wanted = appointments.AppointmentFilter(first=local_date(now, actor.zone), patient_id=patient_id)
    return list(appointments.search(session, actor, wanted, limit=limit).items)


def gone(
    session: Session, actor: Actor, patient_id: UUID, *, now: datetime, limit: int = MOST
) -> list[AppointmentView]:
    """Return a patient's appointments of the days before today, the latest first."""
    today = day_span(local_date(now, actor.zone), actor.zone)
    query = (
        select(Appointment.id)
        .where(
            Appointment.hospital_id == actor.hospital_id,
            Appointment.patient_id == patient_id,
            Appointment.starts_at < today.starts_at,
        )
        .order_by(Appointment.starts_at.desc(), Appointment.id.desc())
        .limit(limit)
    )
    ids = session.scalars(query).all()
    return appointments.by_ids(session, actor, ids)[::-1]
