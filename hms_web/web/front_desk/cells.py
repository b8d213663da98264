"""The cells of the grid: what stands there for a slot, in the words of the person who looks."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from flask_babel import get_locale

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import HERE, AppointmentStatus
from hms_web.services.facts import Taken
from hms_web.services.slots import DaySlots, SlotView
from hms_web.web import language
from hms_web.web.front_desk import timeline
from hms_web.web.front_desk.address import short
from hms_web.web.front_desk.timeline import Cell
from hms_web.web.language import gettext
from hms_web.web.stored import stored


class Vocabulary:
    """The words of cells in one language, asked of the translations once and not for each grid."""

    def __init__(self) -> None:
        self.pause = gettext("break")
        self.free = gettext("free")
        self.mine = gettext("held for you")
        self.blocked = gettext("blocked")
        self.unavailable = gettext("not available")
        self.full = gettext("day full")
        self.closed = gettext("closed")
        self.move = gettext("to move")
        self.see_to = gettext("here, to see to")
        self.late = gettext("late")
        self.vitals = gettext("vitals done")
        self.places = {
            AppointmentStatus.SCHEDULED: (gettext("expected"), ""),
            AppointmentStatus.CONFIRMED: (gettext("confirmed"), ""),
            AppointmentStatus.CHECKED_IN: (gettext("here"), "good"),
            AppointmentStatus.IN_PROGRESS: (gettext("with doctor"), "accent"),
            AppointmentStatus.COMPLETED: (gettext("done"), "done"),
        }


@lru_cache
def _vocabulary(_language: str) -> Vocabulary:
    return Vocabulary()


def minute(at: time) -> int:
    """A time as a minute of the day."""
    return at.hour * 60 + at.minute


class Cells:
    """Makes the cells of one grid."""

    def __init__(self, actor: Actor, now: datetime, *, is_week: bool = False) -> None:
        self.actor, self.now, self.is_week = actor, now, is_week
        self.words = _vocabulary(str(get_locale()))
        self.leaves: dict[tuple[object, object], str] = {}
        self.heads: dict[date, str] = {}
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

    def head(self, day: DaySlots) -> str:
        """What a column is about: the doctor, or in one doctor's week the day."""
        if not self.is_week:
            return day.doctor_name
        if day.date not in self.heads:
            self.heads[day.date] = language.short_date(day.date)
        return self.heads[day.date]

    @staticmethod
    def _span(slot: SlotView) -> tuple[int, int]:
        start = minute(slot.start_time)
        return start, start + (slot.ends_at - slot.starts_at) // timedelta(minutes=1)

    def _free(self, slot: SlotView, day: DaySlots) -> Cell:
        start, end = self._span(slot)
        at = timeline.clock(start)
        return Cell(
            start, end, "f", at, name="slot", value=short(slot.id), label=f"{at} {self.words.free}, {self.head(day)}"
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
        label = f"{at} {taken.patient_name}, {note}, {self.head(day)}"
        return Cell(start, end, css, taken.patient_name, note, tone, "appointment", short(taken.appointment_id), label)

    def _place(self, taken: Taken) -> tuple[str, str]:
        is_expected = taken.status in {AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED}
        if is_expected and taken.is_affected:
            return self.words.move, "warn"
        if taken.is_affected and taken.status in HERE:
            return self.words.see_to, "warn"
        if is_expected and taken.span.starts_at < self.now:
            return self.words.late, "bad"
        if taken.status is AppointmentStatus.CHECKED_IN and taken.has_vitals:
            return self.words.vitals, "good"
        return self.words.places.get(taken.status, (str(taken.status), ""))

    def _held(self, slot: SlotView, day: DaySlots) -> Cell:
        start, end = self._span(slot)
        at = timeline.clock(start)
        if slot.held_by_id == self.actor.user_id:
            label = f"{at} {self.words.mine}, {self.head(day)}"
            return Cell(start, end, "f mine", at, self.words.mine, "warn", "slot", short(slot.id), label)
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
        reason = stored(slot.block_reason) if slot.block_reason != Code.SLOT_BLOCKED else None
        words = f"{self.words.blocked}: {reason}" if reason else self.words.blocked
        if not self.actor.may_manage_doctor(day.doctor_id):
            return Cell(start, end, "x", words, is_closed=True)
        label = f"{timeline.clock(start)} {words}, {self.head(day)}"
        return Cell(start, end, "x", words, name="slot", value=short(slot.id), label=label)

    def _closed_words(self, slot: SlotView, code: Code | None) -> str:
        facts = slot.refusal.facts if slot.refusal else {}
        if code is Code.DOCTOR_ABSENT:
            return self._leave_words(slot.date, facts.get("last_day"), facts.get("end_time"))
        known = {
            Code.DOCTOR_UNAVAILABLE: self.words.unavailable,
            Code.DOCTOR_INACTIVE: self.words.unavailable,
            Code.DOCTOR_FULLY_BOOKED: self.words.full,
        }
        return known.get(code, self.words.closed) if code else self.words.closed

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
            return self.words.unavailable, "warn"
        if day.booked_count >= day.max_patients_per_day:
            return gettext("full at %(number)s", number=day.max_patients_per_day), "warn"
        if not day.items:
            return "", ""
        if day.closed_note:
            return gettext("holiday: %(name)s", name=day.closed_note), "warn"
        free = sum(slot.status is SlotStatus.AVAILABLE for slot in day.items)
        if free == 0:
            return gettext("nothing free"), ""
        return gettext("%(free)s of %(all)s free", free=free, all=len(day.items)), ""
