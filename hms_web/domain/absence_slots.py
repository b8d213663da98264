"""Which slots an absence closes or opens, and how full a day is (product.md, Absences, Screens)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.booking import DoctorDay
from hms_web.domain.slots import SlotTime


@dataclass(frozen=True, slots=True)
class TouchedDay:
    """The slots of one local day that close or open: the local starts of the free ones, and of those that are taken."""

    day: date
    free: tuple[time, ...]
    booked: tuple[time, ...]

    @property
    def count(self) -> int:
        """How many slots they are."""
        return len(self.free) + len(self.booked)


@dataclass(frozen=True, slots=True)
class DayLoad:
    """How full a day is: appointments in open time, how many that time can take, and those that lie in closed time."""

    booked: int
    offered: int
    stranded: int = 0

    @property
    def is_full(self) -> bool:
        """Whether nobody else can be booked in a day that takes people at all."""
        return 0 < self.offered <= self.booked


def touched(
    slots: Iterable[SlotTime], doctor: DoctorDay, span: AbsenceSpan, others: Sequence[AbsenceSpan], now: datetime
) -> TouchedDay | None:
    """Return the slots of a day whose fate an absence alone decides, or None where there are none.

    They are those to come that lie in `span` and that nothing else closes: no holiday, no block by hand, none of the
    `others`, and a doctor who takes appointments. So an absence that comes closes them, and one that goes opens them.
    """
    if doctor.holiday is not None or not (doctor.is_available and doctor.is_active):
        return None
    mine = [
        slot
        for slot in slots
        if slot.span.starts_at >= now
        and span.covers(slot.day, slot.start, slot.end)
        and not any(other.covers(slot.day, slot.start, slot.end) for other in others)
        and not any(block.overlaps(slot.span) for block, _ in doctor.blocks)
    ]
    if not mine:
        return None
    free = tuple(slot.start for slot in mine if not _is_taken(slot, doctor))
    return TouchedDay(mine[0].day, free, tuple(slot.start for slot in mine if _is_taken(slot, doctor)))


def load(slots: Iterable[SlotTime], doctor: DoctorDay) -> DayLoad:
    """Return how full a day is. What leave, a holiday or a block by hand closes offers nothing.

    A day takes no more people than the doctor's maximum.
    """
    open_slots = [slot for slot in slots if not _is_closed(slot, doctor)]
    spans = [slot.span for slot in open_slots]
    seen = sum(any(taken.overlaps(span) for span in spans) for taken in doctor.taken)
    return DayLoad(seen, min(len(spans), doctor.max_patients_per_day), len(doctor.taken) - seen)


def _is_taken(slot: SlotTime, doctor: DoctorDay) -> bool:
    return any(taken.overlaps(slot.span) for taken in doctor.taken)


def _is_closed(slot: SlotTime, doctor: DoctorDay) -> bool:
    if doctor.holiday is not None or any(block.overlaps(slot.span) for block, _ in doctor.blocks):
        return True
    return any(absence.covers(slot.day, slot.start, slot.end) for absence in doctor.absences)
