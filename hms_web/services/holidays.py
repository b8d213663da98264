"""The hospital's holidays, and what they do to appointments (product.md, Holidays)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.shown import Shown
from hms_web.models import HospitalHoliday, new_id
from hms_web.services import (
    appointments,
    audit,
    changes,
    holiday_checks,
    holiday_records,
    locks,
    paging,
    settling,
    unit_of_work,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.holiday_previews import HolidayForeseen, foresee, preview, preview_change, preview_delete
from hms_web.services.holiday_records import HolidayChange, HolidayView, NewHoliday, get

__all__ = [
    "HolidayChange",
    "HolidayEffect",
    "HolidayForeseen",
    "HolidayView",
    "NewHoliday",
    "change",
    "create",
    "delete",
    "get",
    "list_holidays",
    "preview",
    "preview_change",
    "preview_delete",
]


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
    rows = session.scalars(query.order_by(HospitalHoliday.date, HospitalHoliday.id).limit(paging.one_more(limit))).all()
    return paging.page(rows, limit, holiday_records.view, lambda row: (row.date, row.id))


def _settle(
    session: Session, actor: Actor, before: Holiday | None, after: Holiday | None, *, now: datetime
) -> list[AppointmentView]:
    """Mark what lies on the days that close, let go what lies on days that open; return what is newly affected."""
    closing, opening = holiday_records.moved(session, actor, before, after, now=now)
    settling.lift(session, actor, opening, AffectedCause.HOLIDAY, now=now)
    settling.mark(session, actor, closing, AffectedCause.HOLIDAY, MessageEvent.AFFECTED_BY_HOLIDAY, now=now)
    return appointments.by_ids(session, actor, [view.id for view in closing])


def create(
    session: Session, actor: Actor, wanted: NewHoliday, *, now: datetime, shown: Shown | None = None
) -> HolidayEffect:
    """Add a holiday; appointments on it are affected.

    Raises InvalidInput, or Refused HOLIDAY_EXISTS, or MORE_CONCERNED when it concerns others than were `shown`.
    """

    def work() -> HolidayEffect:
        locks.all_doctors(session, actor)
        foreseen = preview(session, actor, wanted, now=now)
        if shown is not None:
            shown.refuse_unseen(foreseen.concerned)
        columns = holiday_checks.tidied(wanted)
        row = HospitalHoliday(id=new_id(), hospital_id=actor.hospital_id, is_active=True, created_at=now, **columns)
        session.add(row)
        session.flush()
        view = holiday_records.view(row)
        affected = _settle(session, actor, None, view.days, now=now)
        details = columns | {"affected": len(affected)}
        audit.record_all(session, actor, [audit.Entry("holiday.created", "holiday", row.id, details)], now=now)
        return HolidayEffect(view, affected)

    return unit_of_work.run(session, work)


def change(
    session: Session,
    actor: Actor,
    holiday_id: UUID,
    wanted: HolidayChange,
    *,
    now: datetime,
    seen: Mapping[str, object] | None = None,
    shown: Shown | None = None,
) -> HolidayEffect:
    """Change a holiday; appointments on days that close are affected, those on days that open not any more.

    Raises InvalidInput, or Refused HOLIDAY_NOT_FOUND, HOLIDAY_EXISTS, STALE_VERSION where the record no longer says
    what was `seen`, or MORE_CONCERNED when it concerns others than were `shown`.
    """
    holiday_checks.refuse_wrong(wanted)

    def work() -> HolidayEffect:
        locks.all_doctors(session, actor)
        row = holiday_records.row(session, actor, holiday_id)
        before = holiday_records.view(row)
        after = holiday_checks.checked_change(session, actor, before, wanted, now=now)
        if shown is not None:
            shown.refuse_unseen(foresee(session, actor, before.days, after.days, now=now).concerned)
        changed = changes.apply(row, holiday_checks.tidied(wanted), seen)
        session.flush()
        affected = _settle(session, actor, before.days, after.days, now=now)
        if changed:
            audit.record(session, actor, "holiday.changed", "holiday", holiday_id, now=now, changes=changed)
        return HolidayEffect(after, affected)

    return unit_of_work.run(session, work)


def delete(session: Session, actor: Actor, holiday_id: UUID, *, now: datetime, shown: Shown | None = None) -> None:
    """Delete a holiday; appointments on it are no longer affected.

    Raises Refused HOLIDAY_NOT_FOUND, or MORE_CONCERNED when it lets others stand than were `shown`.
    """

    def work() -> None:
        locks.all_doctors(session, actor)
        row = holiday_records.row(session, actor, holiday_id)
        view = holiday_records.view(row)
        if shown is not None:
            shown.refuse_unseen(foresee(session, actor, view.days, None, now=now).concerned)
        session.delete(row)
        session.flush()
        _settle(session, actor, view.days, None, now=now)
        details = {"name": view.name, "date": view.date, "is_recurring": view.is_recurring}
        audit.record_all(session, actor, [audit.Entry("holiday.deleted", "holiday", holiday_id, details)], now=now)

    unit_of_work.run(session, work)
