"""The hospital's holidays, and what they do to appointments (product.md, Holidays)."""

import datetime as dt
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, extract, select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import LONGEST_NAME, line_mistake, note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import UPCOMING
from hms_web.models import Appointment, HospitalHoliday, new_id
from hms_web.services import appointments, audit, changes, locks, paging, settling, unit_of_work
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


@dataclass(frozen=True, slots=True)
class HolidayEffect:
    """A holiday, and the appointments that newly lie on it."""

    holiday: HolidayView
    affected: list[AppointmentView]


def _view(row: HospitalHoliday) -> HolidayView:
    return HolidayView(row.id, row.name, row.date, row.is_recurring, row.is_active, row.description)


def list_holidays(
    session: Session, actor: Actor, *, limit: int | None = None, cursor: str | None = None
) -> paging.Page[HolidayView]:
    """Return the hospital's holidays by date, those that are not in force too."""
    limit = paging.checked_limit(limit)
    query = select(HospitalHoliday).where(HospitalHoliday.hospital_id == actor.hospital_id)
    if cursor is not None:
        after = paging.read_cursor(cursor, date, UUID)
        query = query.where(tuple_(HospitalHoliday.date, HospitalHoliday.id) > after)
    rows = session.scalars(query.order_by(HospitalHoliday.date, HospitalHoliday.id).limit(limit + 1)).all()
    return paging.page(rows, limit, _view, lambda row: (row.date, row.id))


def get(session: Session, actor: Actor, holiday_id: UUID) -> HolidayView:
    """Return one holiday; raises Refused HOLIDAY_NOT_FOUND."""
    return _view(_row(session, actor, holiday_id))


def _row(session: Session, actor: Actor, holiday_id: UUID) -> HospitalHoliday:
    query = select(HospitalHoliday).where(
        HospitalHoliday.hospital_id == actor.hospital_id, HospitalHoliday.id == holiday_id
    )
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise Refused(Code.HOLIDAY_NOT_FOUND)
    return row


def _refuse_wrong(wanted: NewHoliday | HolidayChange) -> None:
    refuse_invalid(
        ("name", None if isinstance(wanted.name, Unset) else line_mistake(wanted.name, LONGEST_NAME)),
        ("description", None if isinstance(wanted.description, Unset) else note_mistake(wanted.description)),
    )


def _tidied(wanted: NewHoliday | HolidayChange) -> dict[str, object]:
    return {name: tidy(value) if isinstance(value, str) else value for name, value in asdict(wanted).items()}


def _refuse_twice(session: Session, actor: Actor, day: date, *, is_recurring: bool, but: UUID | None = None) -> None:
    """Raise Refused when a holiday of the same kind closes that day already."""
    others = select(HospitalHoliday).where(
        HospitalHoliday.hospital_id == actor.hospital_id,
        HospitalHoliday.is_active,
        HospitalHoliday.is_recurring == is_recurring,
        _same_day(day, is_recurring=is_recurring),
    )
    other = next((row for row in session.scalars(others) if row.id != but), None)
    if other is not None:
        raise Refused(Code.HOLIDAY_EXISTS, name=other.name)


def _same_day(day: date, *, is_recurring: bool) -> ColumnElement[bool]:
    column = HospitalHoliday.date
    if not is_recurring:
        return column == day
    return and_(extract("month", column) == day.month, extract("day", column) == day.day)


def _standing(session: Session, actor: Actor, days: Holiday | None, *, now: datetime) -> list[AppointmentView]:
    """Return the appointments to come that lie on a holiday."""
    if days is None:
        return []
    booked = select(Appointment.date).distinct()
    booked = booked.where(
        Appointment.hospital_id == actor.hospital_id, Appointment.starts_at >= now, Appointment.status.in_(UPCOMING)
    )
    closed = sorted(day for day in {*session.scalars(booked), local_date(now, actor.zone)} if days.falls_on(day))
    return appointments.standing_in(session, actor, [LocalRange(day, day) for day in closed], now=now)


def _settle(
    session: Session, actor: Actor, before: Holiday | None, after: Holiday | None, *, now: datetime
) -> list[AppointmentView]:
    """Mark what lies on the days that close, let go what lies on days that open; return what is newly affected."""
    left = [
        view for view in _standing(session, actor, before, now=now) if after is None or not after.falls_on(view.date)
    ]
    settling.lift(session, actor, left, AffectedCause.HOLIDAY, now=now)
    added = [
        view for view in _standing(session, actor, after, now=now) if before is None or not before.falls_on(view.date)
    ]
    settling.mark(session, actor, added, AffectedCause.HOLIDAY, MessageEvent.AFFECTED_BY_HOLIDAY, now=now)
    return appointments.by_ids(session, actor, [view.id for view in added])


def preview(session: Session, actor: Actor, wanted: NewHoliday, *, now: datetime) -> list[AppointmentView]:
    """Return the appointments that a holiday would affect, with nothing changed; raises what `create` would raise."""
    _refuse_wrong(wanted)
    _refuse_twice(session, actor, wanted.date, is_recurring=wanted.is_recurring)
    return _standing(session, actor, Holiday(wanted.name, wanted.date, wanted.is_recurring), now=now)


def create(session: Session, actor: Actor, wanted: NewHoliday, *, now: datetime) -> HolidayEffect:
    """Add a holiday; appointments on it are affected. Raises InvalidInput, or Refused HOLIDAY_EXISTS."""
    _refuse_wrong(wanted)

    def work() -> HolidayEffect:
        locks.all_doctors(session, actor)
        _refuse_twice(session, actor, wanted.date, is_recurring=wanted.is_recurring)
        row = HospitalHoliday(
            id=new_id(), hospital_id=actor.hospital_id, is_active=True, created_at=now, **_tidied(wanted)
        )
        session.add(row)
        session.flush()
        view = _view(row)
        affected = _settle(session, actor, None, view.days, now=now)
        details = _tidied(wanted) | {"affected": len(affected)}
        audit.record_all(session, actor, [audit.Entry("holiday.created", "holiday", row.id, details)], now=now)
        return HolidayEffect(view, affected)

    return unit_of_work.run(session, work)


def change(session: Session, actor: Actor, holiday_id: UUID, wanted: HolidayChange, *, now: datetime) -> HolidayEffect:
    """Change a holiday; appointments on days that close are affected, those on days that open not any more.

    Raises InvalidInput, or Refused HOLIDAY_NOT_FOUND or HOLIDAY_EXISTS.
    """
    _refuse_wrong(wanted)

    def work() -> HolidayEffect:
        locks.all_doctors(session, actor)
        row = _row(session, actor, holiday_id)
        before = _view(row)
        changed = changes.apply(row, _tidied(wanted))
        session.flush()
        after = _view(row)
        if after.is_active:
            _refuse_twice(session, actor, after.date, is_recurring=after.is_recurring, but=holiday_id)
        affected = _settle(session, actor, before.days, after.days, now=now)
        if changed:
            audit.record(session, actor, "holiday.changed", "holiday", holiday_id, now=now, changes=changed)
        return HolidayEffect(after, affected)

    return unit_of_work.run(session, work)


def delete(session: Session, actor: Actor, holiday_id: UUID, *, now: datetime) -> None:
    """Delete a holiday; appointments on it are no longer affected. Raises Refused HOLIDAY_NOT_FOUND."""

    def work() -> None:
        locks.all_doctors(session, actor)
        row = _row(session, actor, holiday_id)
        view = _view(row)
        session.delete(row)
        session.flush()
        _settle(session, actor, view.days, None, now=now)
        details = {"name": view.name, "date": view.date, "is_recurring": view.is_recurring}
        audit.record_all(session, actor, [audit.Entry("holiday.deleted", "holiday", holiday_id, details)], now=now)

    unit_of_work.run(session, work)
