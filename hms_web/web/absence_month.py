"""The month calendar of a doctor's leave: what its cells show, and which days are picked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date, may_be_meant
from hms_web.services import absence_slots
from hms_web.services.absence_slots import CalendarDay
from hms_web.web import asked, formats, language
from hms_web.web.language import gettext, ngettext

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Picked:
    """The month that is looked at, and the days that were picked in it, as the address says them."""

    month: date
    first: date | None
    last: date | None

    @classmethod
    def read(cls, values: Mapping[str, str], today: date) -> "Picked":
        """Read an address. Without a month it is that of the first day, or else the present one."""
        first, last = asked.day(values, "first"), asked.day(values, "last")
        if first is None or (last is not None and last < first):
            last = None
        shown = asked.day({"month": f"{values.get('month', '')}-01"}, "month")
        return cls((shown or first or today).replace(day=1), first, last)

    @property
    def wants_last(self) -> bool:
        """Whether the next day that is picked is the last one."""
        return self.first is not None and self.last is None


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the calendar."""

    of: CalendarDay
    is_over: bool
    is_today: bool
    is_picked: bool
    name: str

    @property
    def day(self) -> date:
        """Its date."""
        return self.of.day

    @property
    def leave(self) -> list[tuple[UUID, str, str]]:
        """The absences on it: id, short words, and the words with their day for those who do not see the cell."""
        long = language.long_date(self.day)
        return [
            (span.absence_id, words(span), gettext("%(leave)s, %(day)s", leave=words(span), day=long))
            for span in self.of.absences
            if span.absence_id is not None
        ]

    @property
    def load_words(self) -> str:
        """How full it is, in words."""
        return load_words(self.of)


@dataclass(frozen=True, slots=True)
class Month:
    """A month as a table of weeks; None stands for days of the months beside it."""

    first: date
    weeks: Sequence[Sequence[Cell | None]]
    before: date | None
    after: date | None
    is_present: bool

    @property
    def name(self) -> str:
        """The month and its year."""
        return language.month_name(self.first)


def words(span: AbsenceSpan) -> str:
    """Leave in a few words: its kind, and its hours where it has some."""
    kind = formats.words(span.absence_type)
    if span.start_time is None or span.end_time is None:
        return kind
    hours = f"{formats.clock_time(span.start_time)}–{formats.clock_time(span.end_time)}"  # noqa: RUF001 from to
    return f"{kind} {hours}"


def load_words(day: CalendarDay) -> str:
    """How full a day is: booked of what can be booked, and who lies in closed time."""
    load = day.load
    said = []
    if load.offered or load.booked:
        said.append(gettext("%(booked)s of %(offered)s booked", booked=load.booked, offered=load.offered))
    if load.is_full:
        said.append(gettext("full"))
    if load.stranded:
        said.append(ngettext("%(num)d booked in closed time", "%(num)d booked in closed time", load.stranded))
    return ", ".join(said)


def month(session: Session, actor: Actor, doctor_id: UUID, picked: Picked, *, now: datetime) -> Month:
    """Return the month that is looked at. Raises Refused DOCTOR_NOT_FOUND."""
    first = picked.month
    after = _later(first)
    last = after - timedelta(days=1)
    today = local_date(now, actor.zone)
    days = absence_slots.calendar(session, actor, doctor_id, first, last, now=now)
    cells: list[Cell | None] = [None] * language.days_before(first)
    cells += [_cell(day, picked, today) for day in days]
    cells += [None] * (-len(cells) % DAYS_A_WEEK)
    before = (first - timedelta(days=1)).replace(day=1)
    return Month(
        first=first,
        weeks=[cells[at : at + DAYS_A_WEEK] for at in range(0, len(cells), DAYS_A_WEEK)],
        before=before if may_be_meant(before) else None,
        after=after if may_be_meant(after) else None,
        is_present=first == today.replace(day=1),
    )


def _later(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _cell(day: CalendarDay, picked: Picked, today: date) -> Cell:
    is_picked = picked.first is not None and picked.first <= day.day <= (picked.last or picked.first)
    said = [language.long_date(day.day)]
    if day.day == today:
        said.append(gettext("today"))
    if day.holiday:
        said.append(gettext("closed: %(name)s", name=day.holiday))
    said += [words(span) for span in day.absences]
    if not day.is_working_day and not day.holiday:
        said.append(gettext("day off"))
    said += filter(None, [load_words(day)])
    return Cell(day, day.day < today, day.day == today, is_picked, ", ".join(said))
