"""Holidays: what they look like, going in and coming out, and which appointments lie on closed days."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.visits import UPCOMING
from hms_web.models import Appointment, HospitalHoliday
from hms_web.services import appointments
from hms_web.services.appointments import AppointmentView, LocalRange


@dataclass(frozen=True, slots=True)
class HolidayView:
    """A holiday as lists and forms show it."""

    id: UUID
    name: str
    date: dt.date
    is_recurring: bool
    is_active: bool
    description: str | None

    @property
    def days(self) -> Holiday | None:
        """The days that it closes; None while it is not in force."""
        return Holiday(self.name, self.date, self.is_recurring) if self.is_active else None


@dataclass(frozen=True, slots=True)
class NewHoliday:
    """A holiday to be added; a recurring one closes the same month and day of every year."""

    name: str
    date: dt.date
    is_recurring: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class HolidayChange:
    """What to change of a holiday; UNSET leaves it."""

    name: str | Unset = UNSET
    date: dt.date | Unset = UNSET
    is_recurring: bool | Unset = UNSET
    is_active: bool | Unset = UNSET
    description: str | None | Unset = UNSET


def view(stored: HospitalHoliday) -> HolidayView:
    """Return a row as lists and forms show it."""
    columns = stored.name, stored.date, stored.is_recurring, stored.is_active, stored.description
    return HolidayView(stored.id, *columns)


def get(session: Session, actor: Actor, holiday_id: UUID) -> HolidayView:
    """Return one holiday; raises Refused HOLIDAY_NOT_FOUND."""
    return view(row(session, actor, holiday_id))


def row(session: Session, actor: Actor, holiday_id: UUID) -> HospitalHoliday:
    """Return the row itself, as it stands now; raises Refused HOLIDAY_NOT_FOUND."""
    query = select(HospitalHoliday).where(
        HospitalHoliday.hospital_id == actor.hospital_id, HospitalHoliday.id == holiday_id
    )
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise Refused(Code.HOLIDAY_NOT_FOUND)
    return found


def moved(
    session: Session, actor: Actor, before: Holiday | None, after: Holiday | None, *, now: datetime
) -> tuple[list[AppointmentView], list[AppointmentView]]:
    """Return the appointments on days that close, and those on days that open, when a holiday's days become others."""
    closing = standing(session, actor, after.falls_on, now=now) if after else []
    opening = standing(session, actor, before.falls_on, now=now) if before else []
    return (
        [view for view in closing if before is None or not before.falls_on(view.date)],
        [view for view in opening if after is None or not after.falls_on(view.date)],
    )


def standing(session: Session, actor: Actor, closes: Callable[[date], bool], *, now: datetime) -> list[AppointmentView]:
    """Return the appointments to come on the local days that `closes` says are closed."""
    booked = select(Appointment.date).distinct()
    booked = booked.where(
        Appointment.hospital_id == actor.hospital_id, Appointment.starts_at >= now, Appointment.status.in_(UPCOMING)
    )
    closed = sorted(day for day in {*session.scalars(booked), local_date(now, actor.zone)} if closes(day))
    return appointments.standing_in(session, actor, [LocalRange(day, day) for day in closed], now=now)
