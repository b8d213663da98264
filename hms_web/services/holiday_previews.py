"""What adding, changing or deleting a holiday would do, with nothing changed (product.md, Holidays)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.shown import Concern, Fate
from hms_web.domain.still_affected import due_cause
from hms_web.services import facts, holiday_checks, holiday_records
from hms_web.services.appointments import AppointmentView
from hms_web.services.holiday_records import HolidayChange, NewHoliday


@dataclass(frozen=True, slots=True)
class HolidayForeseen:
    """Whom a change of the closed days concerns.

    `affected` lie on days that close, `settled` need no attention any more. `remaining` stay on the list although their
    day opens: because of another cause, or, where it is None, because their time has begun and nobody can be told.
    """

    affected: tuple[AppointmentView, ...] = ()
    settled: tuple[AppointmentView, ...] = ()
    remaining: tuple[tuple[AppointmentView, AffectedCause | None], ...] = ()

    @property
    def concerned(self) -> list[Concern]:
        """Everybody whom this does something to, and what."""
        return [
            *((view.id, Fate.CONCERNED) for view in self.affected),
            *((view.id, Fate.SETTLED) for view in self.settled),
            *((view.id, Fate.CONCERNED) for view, _cause in self.remaining),
        ]


def preview(session: Session, actor: Actor, wanted: NewHoliday, *, now: datetime) -> HolidayForeseen:
    """Return what adding a holiday would do; raises what `create` would raise."""
    holiday_checks.refuse_wrong(wanted)
    days = Holiday(wanted.name, wanted.date, wanted.is_recurring)
    holiday_checks.refuse_past(days, local_date(now, actor.zone))
    holiday_checks.refuse_twice(session, actor, wanted.date, is_recurring=wanted.is_recurring)
    return foresee(session, actor, None, days, now=now)


def preview_change(
    session: Session, actor: Actor, holiday_id: UUID, wanted: HolidayChange, *, now: datetime
) -> HolidayForeseen:
    """Return what a change would do; raises what `change` would raise."""
    holiday_checks.refuse_wrong(wanted)
    before = holiday_records.get(session, actor, holiday_id)
    after = holiday_checks.checked_change(session, actor, before, wanted, now=now)
    return foresee(session, actor, before.days, after.days, now=now)


def preview_delete(session: Session, actor: Actor, holiday_id: UUID, *, now: datetime) -> HolidayForeseen:
    """Return what deleting would do. Raises Refused HOLIDAY_NOT_FOUND."""
    before = holiday_records.get(session, actor, holiday_id)
    return foresee(session, actor, before.days, None, now=now)


def foresee(
    session: Session, actor: Actor, before: Holiday | None, after: Holiday | None, *, now: datetime
) -> HolidayForeseen:
    """Return what it would do that the days of a holiday, None for none, become others."""
    closing, opening = holiday_records.moved(session, actor, before, after, now=now)
    marked = [view for view in opening if view.affected_cause is AffectedCause.HOLIDAY]
    if not marked:
        return HolidayForeseen(tuple(closing))
    days = [view.date for view in marked]
    doctors = facts.load(session, actor, sorted({view.doctor_id for view in marked}), min(days), max(days))
    closed = _without(facts.active_holidays(session, actor), before) + ([after] if after else [])
    settled: list[AppointmentView] = []
    remaining: list[tuple[AppointmentView, AffectedCause | None]] = []
    for view in marked:
        day = replace(doctors[view.doctor_id], holidays=closed).on(view.date)
        cause = due_cause(day, view.date, view.start_time, view.end_time)
        if cause is None and view.can_stand_again(now):
            settled.append(view)
        else:
            remaining.append((view, cause))
    return HolidayForeseen(tuple(closing), tuple(settled), tuple(remaining))


def _without(holidays: list[Holiday], gone: Holiday | None) -> list[Holiday]:
    """Return holidays without one of them; another that is just like it stays."""
    first = next((place for place, one in enumerate(holidays) if one == gone), None)
    return [one for place, one in enumerate(holidays) if place != first]
