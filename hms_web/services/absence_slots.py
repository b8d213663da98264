"""The slots that leave closes and opens, and a doctor's month with its leave, holidays and how full each day is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.absence_slots import DayLoad, TouchedDay, load, touched
from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import hours_on
from hms_web.domain.slots import SlotTime, slots_of_day
from hms_web.services import facts
from hms_web.services.facts import DoctorFacts


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One local day of a doctor: how full it is, the leave on it, its holiday, and whether hours are set."""

    day: date
    load: DayLoad
    absences: tuple[AbsenceSpan, ...]
    holiday: str | None
    is_working_day: bool


def closing(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    span: AbsenceSpan,
    *,
    but: Sequence[AbsenceSpan] = (),
    without: UUID | None = None,
    now: datetime,
) -> list[TouchedDay]:
    """Return the slots that an absence in `span` closes, or opens when it goes, day by day.

    Asked only for the booking window, since later days have no slots yet. `but` is time that stays closed, and the
    stored absence `without` is not counted.
    """
    today = local_date(now, actor.zone)
    first, last = max(span.start_date, today), min(span.end_date, today + timedelta(days=BOOKING_WINDOW_DAYS))
    if last < first:
        return []
    doctor = facts.load(session, actor, [doctor_id], first, last)[doctor_id]
    others = [*but, *(absence for absence in doctor.absences if absence.absence_id != without)]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = (touched(_slots(doctor, day, actor), doctor.on(day), span, others, now) for day in days)
    return [day for day in found if day is not None]


def calendar(
    session: Session, actor: Actor, doctor_id: UUID, first: date, last: date, *, now: datetime
) -> list[CalendarDay]:
    """Return every day from one to another, both included, with two statements. Raises Refused DOCTOR_NOT_FOUND."""
    known = facts.load(session, actor, [doctor_id], first, last)
    if doctor_id not in known:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    doctor, today = known[doctor_id], local_date(now, actor.zone)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [_calendar_day(doctor, day, actor, is_over=day < today) for day in days]


def _calendar_day(doctor: DoctorFacts, day: date, actor: Actor, *, is_over: bool) -> CalendarDay:
    facts_of_day = doctor.on(day)
    # What was never offered on a day that has gone by is not offered any more.
    slots = [slot.time for slot in doctor.slots_on(day)] if is_over else _slots(doctor, day, actor)
    return CalendarDay(
        day=day,
        load=load(slots, facts_of_day),
        absences=tuple(absence for absence in doctor.absences if absence.start_date <= day <= absence.end_date),
        holiday=facts_of_day.holiday.name if facts_of_day.holiday else None,
        is_working_day=facts_of_day.hours is not None,
    )


def _slots(doctor: DoctorFacts, day: date, actor: Actor) -> Sequence[SlotTime]:
    """Return the stored slots of a day, or those that its hours will give once they are made."""
    stored = [slot.time for slot in doctor.slots_on(day)]
    return stored or slots_of_day(day, hours_on(day, doctor.week), doctor.slot_duration, actor.zone)
