"""Whom a change of a doctor concerns, with nothing changed (product.md, Availability, Slots)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.shown import Concern, Fate
from hms_web.services import appointments, schedules
from hms_web.services.appointments import AppointmentView, LocalRange
from hms_web.services.doctor_records import get


def would_be_cancelled(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[AppointmentView]:
    """Return the appointments that making a doctor unavailable would cancel.

    Raises Refused DOCTOR_NOT_FOUND.
    """
    return [view for view in standing(session, actor, doctor_id, now=now) if not view.is_here]


def left_to_see_to(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[AppointmentView]:
    """Return the appointments of people who are here: making the doctor unavailable leaves them for staff to see to.

    Raises Refused DOCTOR_NOT_FOUND.
    """
    return [view for view in standing(session, actor, doctor_id, now=now) if view.is_here]


def standing(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[AppointmentView]:
    """Return all that a doctor has yet to do, from today on. Raises Refused DOCTOR_NOT_FOUND."""
    get(session, actor, doctor_id)
    everything = LocalRange(local_date(now, actor.zone), date.max)
    return appointments.standing_in(session, actor, [everything], doctor_id=doctor_id, now=now)


def by_availability(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[Concern]:
    """Return whom it concerns that a doctor takes no appointments any more, and how."""
    return [
        (view.id, Fate.CONCERNED if view.is_here else Fate.CANCELLED)
        for view in standing(session, actor, doctor_id, now=now)
    ]


def by_account(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[Concern]:
    """Return whom it concerns that a doctor's account is switched off: they need another time."""
    return [(view.id, Fate.CONCERNED) for view in standing(session, actor, doctor_id, now=now)]


def by_slot_length(session: Session, actor: Actor, doctor_id: UUID, minutes: int, *, now: datetime) -> list[Concern]:
    """Return whom another slot length newly leaves without a fitting time."""
    week = get(session, actor, doctor_id).schedules
    foreseen = schedules.preview(session, actor, doctor_id, week, slot_duration=minutes, now=now)
    return [(view.id, Fate.CONCERNED) for view in foreseen.affected if view.affected_cause is None]
