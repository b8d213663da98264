"""The hospital's holidays, and what they do to appointments (product.md, Holidays)."""

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
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.unset import Unset
from hms_web.domain.validation import LONGEST_NAME, line_mistake, note_mistake, refuse_invalid, tidy
from hms_web.models import HospitalHoliday, new_id
from hms_web.services import appointments, audit, changes, holiday_records, locks, paging, settling, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.holiday_records import HolidayChange, HolidayView, NewHoliday

__all__ = [
    "HolidayChange",
    "HolidayEffect",
    "HolidayView",
    "NewHoliday",
    "change",
    "create",
    "delete",
    "get",
    "list_holidays",
    "preview",
]

PAST = "This day has gone by. Enter a day from today on, or let it recur every year."


@dataclass(frozen=True, slots=True)
class HolidayEffect:
    """A holiday, and the appointments that newly lie on it."""

    holiday: HolidayView
    affected: list[AppointmentView]


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
    return paging.page(rows, limit, holiday_records.view, lambda row: (row.date, row.id))


def get(session: Session, actor: Actor, holiday_id: UUID) -> HolidayView:
    """Return one holiday; raises Refused HOLIDAY_NOT_FOUND."""
    return holiday_records.view(_row(session, actor, holiday_id))


def _row(session: Session, actor: Actor, holiday_id: UUID) -> HospitalHoliday:
    query = select(HospitalHoliday).where(
        HospitalHoliday.hospital_id == actor.hospital_id, HospitalHoliday.id == holiday_id
    )
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise Refused(Code.HOLIDAY_NOT_FOUND)
    return row


def _refuse_past(days: Holiday, today: date) -> None:
    """Raise InvalidInput for a single day that is over: it would close nothing."""
    if not days.is_recurring and days.date < today:
        raise InvalidInput([("date", PAST)])


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
    return holiday_records.standing(session, actor, days.falls_on, now=now) if days else []


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
    _refuse_past(Holiday(wanted.name, wanted.date, wanted.is_recurring), local_date(now, actor.zone))
    _refuse_twice(session, actor, wanted.date, is_recurring=wanted.is_recurring)
    return _standing(session, actor, Holiday(wanted.name, wanted.date, wanted.is_recurring), now=now)


def create(session: Session, actor: Actor, wanted: NewHoliday, *, now: datetime) -> HolidayEffect:
    """Add a holiday; appointments on it are affected. Raises InvalidInput, or Refused HOLIDAY_EXISTS."""
    _refuse_wrong(wanted)
    _refuse_past(Holiday(wanted.name, wanted.date, wanted.is_recurring), local_date(now, actor.zone))

    def work() -> HolidayEffect:
        locks.all_doctors(session, actor)
        _refuse_twice(session, actor, wanted.date, is_recurring=wanted.is_recurring)
        row = HospitalHoliday(
            id=new_id(), hospital_id=actor.hospital_id, is_active=True, created_at=now, **_tidied(wanted)
        )
        session.add(row)
        session.flush()
        view = holiday_records.view(row)
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
        before = holiday_records.view(row)
        changed = changes.apply(row, _tidied(wanted))
        session.flush()
        after = holiday_records.view(row)
        if {"date", "is_recurring"} & changed.keys():
            _refuse_past(Holiday(after.name, after.date, after.is_recurring), local_date(now, actor.zone))
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
        view = holiday_records.view(row)
        session.delete(row)
        session.flush()
        _settle(session, actor, view.days, None, now=now)
        details = {"name": view.name, "date": view.date, "is_recurring": view.is_recurring}
        audit.record_all(session, actor, [audit.Entry("holiday.deleted", "holiday", holiday_id, details)], now=now)

    unit_of_work.run(session, work)
