"""The grid of slots as a template shows it: flat and put into words, so that nothing is left for it to decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.schedules import DayHours
from hms_web.domain.slots import ClosedReason
from hms_web.services import doctor_choice
from hms_web.services.doctor_choice import Choice, Places
from hms_web.services.doctor_names import DoctorName
from hms_web.services.slots import DaySlots, SlotView
from hms_web.web import language
from hms_web.web.front_desk import timeline
from hms_web.web.front_desk.address import ON_DAY, WEEK_OF, Address, short
from hms_web.web.front_desk.cells import Cells, minute
from hms_web.web.front_desk.timeline import Cell, Ruler
from hms_web.web.language import gettext

# More doctors than this are shown by department, unless somebody asks for one.
MOST_COLUMNS = 12
# So many stand side by side; of a larger department there is more than one such page.
MOST_BESIDE = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A doctor's day. `note` is about the day as a whole, in the tone of what it says; `leads` is
    what its head sends: whose week is wanted, or which day of all.
    """

    name: str
    leads: tuple[str, str]
    minutes: int
    css: str
    note: str
    tone: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Grid:
    """Everything the grid's template shows. `closed` is why nobody has slots that day."""

    day: date
    title: str
    columns: list[Column]
    ruler: Ruler | None
    now: list[str]
    closed: str
    is_week: bool = False


@dataclass(frozen=True, slots=True)
class Doctors:
    """Whom the filters offer, and those whom an address shows: one, or those of a department from a place on."""

    choice: Choice
    shown: Sequence[DoctorName]
    skip: int = 0
    is_one: bool = False

    @property
    def department(self) -> str | None:
        """The department of which doctors are shown and offered; None where it is the whole of a small hospital."""
        return self.choice.department

    @property
    def has_more(self) -> bool:
        """Whether there are doctors before or after those shown."""
        return not self.is_one and (self.skip > 0 or len(self.shown) < self.choice.count)

    @property
    def ids(self) -> list[UUID]:
        """The ids of those shown."""
        return [doctor.id for doctor in self.shown]


def choose_doctors(session: Session, actor: Actor, address: Address) -> Doctors:
    """Find whom an address shows, with one statement; where that would be too many, the first department."""
    choice = doctor_choice.choice(
        session,
        actor,
        department=address.department,
        few=MOST_COLUMNS,
        chosen=address.doctor_id,
        shown=Places(MOST_BESIDE, address.skip),
    )
    if choice.chosen is not None and choice.chosen.is_active:
        return Doctors(choice, [choice.chosen], is_one=True)
    return Doctors(choice, choice.shown, address.skip)


def week_around(day: date) -> tuple[date, date]:
    """The first and the last day of a date's week, as the language's calendars begin a week."""
    first = day - timedelta(days=language.days_before(day))
    return first, first + timedelta(days=6)


def lay_out(actor: Actor, address: Address, days: Sequence[DaySlots], *, now: datetime, is_week: bool = False) -> Grid:
    """Lay out doctors' days side by side, or with `is_week` those of one doctor."""
    make = Cells(actor, now, is_week=is_week)
    cells = [[make.cell(item, day) for item in _once(day.items)] for day in days]
    shared = timeline.ruler(cells, min((day.slot_duration for day in days if day.items), default=30))
    local = now.astimezone(actor.zone)
    columns = [
        _column(day, column, shared, make, is_today=is_week and day.date == local.date())
        for day, column in zip(days, cells, strict=True)
        if shared
    ]
    is_today = any(day.date == local.date() for day in days)
    return Grid(
        day=address.day,
        title=language.long_date(address.day),
        columns=columns,
        ruler=shared,
        now=shared.until(local.hour * 60 + local.minute) if shared and is_today else [],
        closed="" if shared else _why_nothing(days, address.day, is_week=is_week),
        is_week=is_week,
    )


def _once(items: Sequence[SlotView]) -> list[SlotView]:
    """Leave out slots that lie under an appointment that has been shown already."""
    found: list[SlotView] = []
    last: UUID | None = None
    for item in items:
        if item.taken is None or item.taken.appointment_id != last:
            found.append(item)
        last = item.taken.appointment_id if item.taken else None
    return found


def _column(day: DaySlots, cells: list[Cell], shared: Ruler, make: Cells, *, is_today: bool) -> Column:
    is_empty = not cells
    if is_empty:
        cells = [Cell(shared.whole.start, shared.whole.end, "x", _closed_words(day), is_closed=True)]
    note, tone = make.summary(day)
    css = "col t" if shared.has_two_lines(day.slot_duration) else "col"
    css += " off" if is_empty and make.is_week else ""
    return Column(
        make.head(day),
        (ON_DAY, day.date.isoformat()) if make.is_week else (WEEK_OF, short(day.doctor_id)),
        day.slot_duration,
        f"{css} today" if is_today else css,
        note,
        tone,
        timeline.pile(cells, shared, _pause(day.hours, make)),
    )


def _pause(hours: DayHours | None, make: Cells) -> Cell | None:
    if hours is None or hours.break_start is None or hours.break_end is None:
        return None
    return Cell(minute(hours.break_start), minute(hours.break_end), "x", make.words.pause)


def _closed_words(day: DaySlots) -> str:
    reasons: dict[ClosedReason | None, Callable[[], str]] = {
        ClosedReason.HOLIDAY: lambda: gettext("holiday: %(name)s", name=day.closed_note),
        ClosedReason.DAY_OFF: lambda: gettext("day off"),
        ClosedReason.PAST: lambda: gettext("no slots that day"),
        ClosedReason.BEYOND_BOOKING_WINDOW: lambda: gettext("not open for booking yet"),
    }
    return reasons.get(day.closed_reason, reasons[ClosedReason.DAY_OFF])()


def _why_nothing(days: Sequence[DaySlots], day: date, *, is_week: bool) -> str:
    if not days:
        return gettext("No doctors match. Choose another department or doctor.")
    if is_week:
        return _why_nothing_that_week(days)
    holiday = next((found.closed_note for found in days if found.closed_reason is ClosedReason.HOLIDAY), None)
    if holiday:
        return gettext("The hospital is closed: %(name)s.", name=holiday)
    if all(found.closed_reason is ClosedReason.BEYOND_BOOKING_WINDOW for found in days):
        return gettext("Appointments can be booked up to 30 days ahead; this day opens later.")
    if all(found.closed_reason is ClosedReason.PAST for found in days):
        return gettext("This day has gone by, and there are no slots of it.")
    return gettext("None of these doctors works on %(day)s.", day=language.long_date(day))


def _why_nothing_that_week(days: Sequence[DaySlots]) -> str:
    if all(found.closed_reason is ClosedReason.BEYOND_BOOKING_WINDOW for found in days):
        return gettext("Appointments can be booked up to 30 days ahead; this week opens later.")
    if all(found.closed_reason is ClosedReason.PAST for found in days):
        return gettext("This week has gone by, and there are no slots of it.")
    return gettext("%(doctor)s has no times that week.", doctor=days[0].doctor_name)
