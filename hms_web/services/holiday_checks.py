"""What has to be right of a holiday before it is foretold or saved."""

from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, extract, select
from sqlalchemy.orm import Session

from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.unset import Unset
from hms_web.domain.validation import LONGEST_NAME, line_mistake, note_mistake, refuse_invalid, tidy
from hms_web.models import HospitalHoliday
from hms_web.services.holiday_records import HolidayChange, HolidayView, NewHoliday

PAST = phrase("This day has gone by. Enter a day from today on, or let it recur every year.")


def refuse_wrong(wanted: NewHoliday | HolidayChange) -> None:
    """Raise InvalidInput for a name or a description that cannot be stored."""
    refuse_invalid(
        ("name", None if isinstance(wanted.name, Unset) else line_mistake(wanted.name, LONGEST_NAME)),
        ("description", None if isinstance(wanted.description, Unset) else note_mistake(wanted.description)),
    )


def refuse_past(days: Holiday, today: date) -> None:
    """Raise InvalidInput for a single day that is over: it would close nothing."""
    if not days.is_recurring and days.date < today:
        raise InvalidInput([("date", PAST)])


def refuse_twice(session: Session, actor: Actor, day: date, *, is_recurring: bool, but: UUID | None = None) -> None:
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


def tidied(wanted: NewHoliday | HolidayChange) -> dict[str, object]:
    """Return the columns that are wanted, without surrounding space."""
    return {name: tidy(value) if isinstance(value, str) else value for name, value in asdict(wanted).items()}


def checked_change(
    session: Session, actor: Actor, before: HolidayView, wanted: HolidayChange, *, now: datetime
) -> HolidayView:
    """Return a holiday as it will be after a change. Raises InvalidInput, or Refused HOLIDAY_EXISTS."""
    given = {name: value for name, value in tidied(wanted).items() if not isinstance(value, Unset)}
    after = replace(before, **given)  # type: ignore[arg-type]  # the same fields
    if (before.date, before.is_recurring) != (after.date, after.is_recurring):
        refuse_past(Holiday(after.name, after.date, after.is_recurring), local_date(now, actor.zone))
    if after.is_active:
        refuse_twice(session, actor, after.date, is_recurring=after.is_recurring, but=before.id)
    return after
