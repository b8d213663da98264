"""Taking over a country's public holidays, with whom that concerns beforehand (product.md, Holidays)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.holiday_import import Candidate, ImportState, KnownHoliday, candidates, year_mistake
from hms_web.domain.holidays import Holiday
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.shown import Fate, Shown
from hms_web.domain.validation import refuse_invalid
from hms_web.models import HospitalHoliday, new_id
from hms_web.services import appointments, audit, holiday_records, locks, public_holidays, settling, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.holiday_records import HolidayView


@dataclass(frozen=True, slots=True)
class Source:
    """A country by its two letters, perhaps a part of it, and a year."""

    country: str
    year: int
    subdivision: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A public holiday, what becomes of it, and the appointments that lie on a new one."""

    candidate: Candidate
    affected: list[AppointmentView]

    @property
    def is_new(self) -> bool:
        """Whether it can be taken over."""
        return self.candidate.state is ImportState.NEW


@dataclass(frozen=True, slots=True)
class Imported:
    """The holidays that were added, those that were left out, and the appointments that newly lie on one."""

    added: list[HolidayView]
    left_out: list[Candidate]
    affected: list[AppointmentView]


def preview(session: Session, actor: Actor, source: Source, *, now: datetime) -> list[Proposal]:
    """Return a year's public holidays with whom each would concern. Raises InvalidInput: country, subdivision, year."""
    found = _candidates(session, actor, source, now=now)
    days = {item.holiday.date for item in found if item.state is ImportState.NEW}
    standing = holiday_records.standing(session, actor, days.__contains__, now=now)
    return [Proposal(item, [view for view in standing if view.date == item.holiday.date]) for item in found]


def run(
    session: Session,
    actor: Actor,
    source: Source,
    *,
    only: Collection[date] | None = None,
    now: datetime,
    shown: Shown | None = None,
) -> Imported:
    """Add a year's public holidays, or those of them on the days `only`, in one transaction; twice changes nothing.

    Appointments on them are affected and their patients told. Raises InvalidInput: country, subdivision, year, or
    Refused MORE_CONCERNED when they concern others than were `shown`.
    """
    _candidates(session, actor, source, now=now)

    def work() -> Imported:
        locks.all_doctors(session, actor)
        found = _candidates(session, actor, source, now=now)
        wanted = [
            item.holiday
            for item in found
            if item.state is ImportState.NEW and (only is None or item.holiday.date in only)
        ]
        if shown is not None:
            shown.refuse_unseen((view.id, Fate.CONCERNED) for view in _standing(session, actor, wanted, now=now))
        rows = [_row(actor, holiday, now) for holiday in wanted]
        session.add_all(rows)
        session.flush()
        affected = _settle(session, actor, wanted, now=now)
        entries = [_entry(row, source, affected) for row in rows]
        audit.record_all(session, actor, entries, now=now)
        left_out = [item for item in found if item.holiday not in wanted]
        return Imported([holiday_records.view(row) for row in rows], left_out, affected)

    return unit_of_work.run(session, work)


def _candidates(session: Session, actor: Actor, source: Source, *, now: datetime) -> list[Candidate]:
    today = local_date(now, actor.zone)
    refuse_invalid(("year", year_mistake(source.year, today)))
    found = public_holidays.of_year(source.country, source.subdivision, source.year)
    rows = session.scalars(select(HospitalHoliday).where(HospitalHoliday.hospital_id == actor.hospital_id))
    known = [KnownHoliday(Holiday(row.name, row.date, row.is_recurring), row.is_active) for row in rows]
    return candidates(found, known, today)


def _row(actor: Actor, holiday: Holiday, now: datetime) -> HospitalHoliday:
    return HospitalHoliday(
        id=new_id(),
        hospital_id=actor.hospital_id,
        name=holiday.name,
        date=holiday.date,
        is_recurring=False,
        is_active=True,
        created_at=now,
    )


def _standing(session: Session, actor: Actor, days: list[Holiday], *, now: datetime) -> list[AppointmentView]:
    return holiday_records.standing(session, actor, {holiday.date for holiday in days}.__contains__, now=now)


def _settle(session: Session, actor: Actor, added: list[Holiday], *, now: datetime) -> list[AppointmentView]:
    standing = _standing(session, actor, added, now=now)
    settling.mark(session, actor, standing, AffectedCause.HOLIDAY, MessageEvent.AFFECTED_BY_HOLIDAY, now=now)
    return appointments.by_ids(session, actor, [view.id for view in standing])


def _entry(row: HospitalHoliday, source: Source, affected: list[AppointmentView]) -> audit.Entry:
    details = {
        "name": row.name,
        "date": row.date,
        "is_recurring": False,
        "source": "-".join(filter(None, (source.country, source.subdivision))),
        "affected": sum(view.date == row.date for view in affected),
    }
    return audit.Entry("holiday.created", "holiday", row.id, details)
