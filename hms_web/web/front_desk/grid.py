"""The grid of slots as a template shows it: flat and put into words, so that nothing is left for it to decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code
from hms_web.domain.schedules import DayHours
from hms_web.domain.slots import ClosedReason, SlotStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import doctors, slots
from hms_web.services.doctors import DoctorView
from hms_web.services.facts import Taken
from hms_web.services.slots import DaySlots, SlotView
from hms_web.web import language
from hms_web.web.front_desk import timeline
from hms_web.web.front_desk.address import Address, short
from hms_web.web.front_desk.timeline import Cell, Ruler
from hms_web.web.language import gettext

# More doctors than this are shown by department, unless somebody asks for one.
MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A doctor's day. `note` is about the day as a whole, in the tone of what it says."""

    doctor_id: UUID
    name: str
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


@dataclass(frozen=True, slots=True)
class Doctors:
    """The hospital's doctors, and those of them that an address shows."""

    everyone: list[DoctorView]
    shown: list[DoctorView]
    departments: list[str]
    department: str | None

    @property
    def of_department(self) -> list[DoctorView]:
        """The doctors that the filter offers."""
        return [doctor for doctor in self.everyone if self.department in {None, doctor.department}]

    @property
    def ids(self) -> list[UUID]:
        """The ids of those shown."""
        return [doctor.id for doctor in self.shown]


def choose_doctors(session: Session, actor: Actor, address: Address) -> Doctors:
    """Find whom an address shows; where that would be too many, the first department."""
    everyone = doctors.all_of(session, actor)
    departments = sorted({doctor.department for doctor in everyone})
    department = address.department if address.department in departments else None
    if address.doctor_id is not None:
        shown = [doctor for doctor in everyone if doctor.id == address.doctor_id]
        if shown:
            return Doctors(everyone, shown, departments, department)
    if department is None and len(everyone) > MOST_COLUMNS:
        department = departments[0]
    shown = [doctor for doctor in everyone if department in {None, doctor.department}]
    return Doctors(everyone, shown, departments, department)


def build(session: Session, actor: Actor, address: Address, doctor_ids: Sequence[UUID], *, now: datetime) -> Grid:
    """Read the doctors' days and lay them out."""
    days = slots.of_day(session, actor, doctor_ids, address.day, now=now)
    words = _Words(actor, now)
    cells = [[words.cell(item, day) for item in _once(day.items)] for day in days.values()]
    shared = timeline.ruler(cells, min((day.slot_duration for day in days.values() if day.items), default=30))
    columns = [_column(day, column, shared, words) for day, column in zip(days.values(), cells, strict=True) if shared]
    local = now.astimezone(actor.zone)
    is_today = local.date() == address.day
    return Grid(
        day=address.day,
        title=language.long_date(address.day),
        columns=columns,
        ruler=shared,
        now=shared.until(local.hour * 60 + local.minute) if shared and is_today else [],
        closed="" if shared else _why_nothing(list(days.values()), address.day),
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


def _column(day: DaySlots, cells: list[Cell], shared: Ruler, words: "_Words") -> Column:
    if not cells:
        cells = [Cell(shared.whole.start, shared.whole.end, "x", _closed_words(day), is_closed=True)]
    note, tone = words.summary(day)
    return Column(
        day.doctor_id,
        day.doctor_name,
        day.slot_duration,
        "col t" if shared.has_two_lines(day.slot_duration) else "col",
        note,
        tone,
        timeline.pile(cells, shared, _pause(day.hours, words)),
    )


def _pause(hours: DayHours | None, words: "_Words") -> Cell | None:
    if hours is None or hours.break_start is None or hours.break_end is None:
        return None
    return Cell(minute(hours.break_start), minute(hours.break_end), "x", words.pause)


def minute(at: time) -> int:
    """A time as a minute of the day."""
    return at.hour * 60 + at.minute


def _closed_words(day: DaySlots) -> str:
    reasons: dict[ClosedReason | None, Callable[[], str]] = {
        ClosedReason.HOLIDAY: lambda: gettext("holiday: %(name)s", name=day.closed_note),
        ClosedReason.DAY_OFF: lambda: gettext("day off"),
        ClosedReason.PAST: lambda: gettext("no slots that day"),
        ClosedReason.BEYOND_BOOKING_WINDOW: lambda: gettext("not open for booking yet"),
    }
    return reasons.get(day.closed_reason, reasons[ClosedReason.DAY_OFF])()


def _why_nothing(days: Sequence[DaySlots], day: date) -> str:
    if not days:
        return gettext("No doctors match. Choose another department or doctor.")
    holiday = next((found.closed_note for found in days if found.closed_reason is ClosedReason.HOLIDAY), None)
    if holiday:
        return gettext("The hospital is closed: %(name)s.", name=holiday)
    if all(found.closed_reason is ClosedReason.BEYOND_BOOKING_WINDOW for found in days):
        return gettext("Appointments can be booked up to 30 days ahead; this day opens later.")
    if all(found.closed_reason is ClosedReason.PAST for found in days):
        return gettext("This day has gone by, and there are no slots of it.")
    return gettext("None of these doctors works on %(day)s.", day=language.long_date(day))


class _Words:
    """The words of cells, asked of the translations once for a whole grid and not once for a cell."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        self.pause = gettext("break")
        self.free = gettext("free")
        self.mine = gettext("held for you")
        self.blocked = gettext("blocked")
        self.unavailable = gettext("not available")
        self.full = gettext("day full")
        self.leaves: dict[tuple[object, object], str] = {}
        self.closed = gettext("closed")
        self.past = gettext("not booked")
        self.move = gettext("to move")
        self.late = gettext("late")
        self.vitals = gettext("vitals done")
        self.places = {
            AppointmentStatus.SCHEDULED: (gettext("expected"), ""),
            AppointmentStatus.CONFIRMED: (gettext("confirmed"), ""),
            AppointmentStatus.CHECKED_IN: (gettext("here"), "good"),
            AppointmentStatus.IN_PROGRESS: (gettext("with doctor"), "accent"),
            AppointmentStatus.COMPLETED: (gettext("done"), "done"),
        }
        self.cells: dict[SlotStatus, Callable[[SlotView, DaySlots], Cell]] = {
            SlotStatus.AVAILABLE: self._free,
            SlotStatus.BOOKED: self._booked,
            SlotStatus.HELD: self._held,
            SlotStatus.PAST: self._past,
            SlotStatus.BLOCKED: self._closed,
        }

    def cell(self, slot: SlotView, day: DaySlots) -> Cell:
        """What stands in the grid for a slot."""
        return self.cells[slot.status](slot, day)

    @staticmethod
    def _span(slot: SlotView) -> tuple[int, int]:
        start = minute(slot.start_time)
        return start, start + (slot.ends_at - slot.starts_at) // timedelta(minutes=1)

    def _free(self, slot: SlotView, day: DaySlots) -> Cell:
        start, end = self._span(slot)
        at = timeline.clock(start)
        return Cell(
            start, end, "f", at, name="slot", value=short(slot.id), label=f"{at} {self.free}, {day.doctor_name}"
        )

    def _booked(self, slot: SlotView, day: DaySlots) -> Cell:
        taken = slot.taken
        if taken is None:
            return self._closed(slot, day)
        start = minute(taken.start)
        end = start + (taken.span.ends_at - taken.span.starts_at) // timedelta(minutes=1)
        note, tone = self._place(taken)
        css = "b d" if tone == "done" else "b"
        at = timeline.clock(start)
        label = f"{at} {taken.patient_name}, {note}, {day.doctor_name}"
        return Cell(start, end, css, taken.patient_name, note, tone, "appointment", short(taken.appointment_id), label)

    def _place(self, taken: Taken) -> tuple[str, str]:
        is_expected = taken.status in {AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED}
        if is_expected and taken.is_affected:
            return self.move, "warn"
        if is_expected and taken.span.starts_at < self.now:
            return self.late, "bad"
        if taken.status is AppointmentStatus.CHECKED_IN and taken.has_vitals:
            return self.vitals, "good"
        return self.places.get(taken.status, (str(taken.status), ""))

    def _held(self, slot: SlotView, day: DaySlots) -> Cell:
        start, end = self._span(slot)
        at = timeline.clock(start)
        if slot.held_by_id == self.actor.user_id:
            label = f"{at} {self.mine}, {day.doctor_name}"
            return Cell(start, end, "f mine", at, self.mine, "warn", "slot", short(slot.id), label)
        return Cell(start, end, "h", at, gettext("held by %(name)s", name=slot.held_by))

    def _past(self, slot: SlotView, _day: DaySlots) -> Cell:
        start, end = self._span(slot)
        return Cell(start, end, "p", timeline.clock(start))

    def _closed(self, slot: SlotView, day: DaySlots) -> Cell:
        start, end = self._span(slot)
        code = slot.refusal.code if slot.refusal else None
        if code is Code.SLOT_BLOCKED:
            return self._blocked(slot, day, start, end)
        return Cell(start, end, "x", self._closed_words(slot, code), is_closed=True)

    def _blocked(self, slot: SlotView, day: DaySlots, start: int, end: int) -> Cell:
        reason = slot.block_reason if slot.block_reason != Code.SLOT_BLOCKED else None
        words = f"{self.blocked}: {reason}" if reason else self.blocked
        if not self.actor.may_manage_doctor(day.doctor_id):
            return Cell(start, end, "x", words, is_closed=True)
        label = f"{timeline.clock(start)} {words}, {day.doctor_name}"
        return Cell(start, end, "x", words, name="slot", value=short(slot.id), label=label)

    def _closed_words(self, slot: SlotView, code: Code | None) -> str:
        facts = slot.refusal.facts if slot.refusal else {}
        if code is Code.DOCTOR_ABSENT:
            return self._leave_words(slot.date, facts.get("last_day"), facts.get("end_time"))
        known = {
            Code.DOCTOR_UNAVAILABLE: self.unavailable,
            Code.DOCTOR_INACTIVE: self.unavailable,
            Code.DOCTOR_FULLY_BOOKED: self.full,
        }
        return known.get(code, self.closed) if code else self.closed

    def _leave_words(self, day: date, last: object, until: object) -> str:
        asked = last, until
        if asked not in self.leaves:
            if isinstance(until, time):
                self.leaves[asked] = gettext("leave until %(time)s", time=f"{until:%H:%M}")
            elif isinstance(last, date) and last > day:
                self.leaves[asked] = gettext("leave until %(day)s", day=language.short_date(last))
            else:
                self.leaves[asked] = gettext("leave")
        return self.leaves[asked]

    def summary(self, day: DaySlots) -> tuple[str, str]:
        """What the head of a column says of the day, and its tone."""
        if not day.is_active or not day.is_available:
            return self.unavailable, "warn"
        if day.booked_count >= day.max_patients_per_day:
            return gettext("full at %(number)s", number=day.max_patients_per_day), "warn"
        if not day.items:
            return "", ""
        free = sum(slot.status is SlotStatus.AVAILABLE for slot in day.items)
        if free == 0:
            return gettext("nothing free"), ""
        return gettext("%(free)s of %(all)s free", free=free, all=len(day.items)), ""
