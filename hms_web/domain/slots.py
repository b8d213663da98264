"""Which slots a day has, and what each of them offers (product.md, Slots)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from hms_web.domain.booking import (
    BOOKING_WINDOW_DAYS,
    SLOT_CHECKS,
    BookingFacts,
    DoctorDay,
    Hold,
    Wanted,
    first_refusal,
)
from hms_web.domain.local_time import Span, span_of
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.schedules import DayHours, slot_times


class SlotStatus(StrEnum):
    """What a slot is to somebody who looks for time."""

    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    BOOKED = "BOOKED"
    BLOCKED = "BLOCKED"
    PAST = "PAST"


class ClosedReason(StrEnum):
    """Why a date has no slots at all."""

    HOLIDAY = "HOLIDAY"
    DAY_OFF = "DAY_OFF"
    PAST = "PAST"
    BEYOND_BOOKING_WINDOW = "BEYOND_BOOKING_WINDOW"


@dataclass(frozen=True, slots=True)
class SlotTime:
    """A slot that the weekly hours give on a date."""

    day: date
    start: time
    end: time
    span: Span


@lru_cache(maxsize=4096)  # every look at a day asks for it, and weeks of doctors are few and alike
def slots_of_day(day: date, hours: DayHours | None, slot_minutes: int, zone: tzinfo) -> tuple[SlotTime, ...]:
    """Return the slots of one local date in order; times that a clock change skips give none."""
    if hours is None:
        return ()
    found = ((start, end, span_of(day, start, slot_minutes, zone)) for start, end in slot_times(hours, slot_minutes))
    return tuple(SlotTime(day, start, end, span) for start, end, span in found if span is not None)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a day's stored slots become what they should be."""

    create: list[SlotTime]
    remove: list[UUID]


def settle(
    template: Sequence[SlotTime],
    existing: Sequence[tuple[UUID, Span]],
    taken: Sequence[SlotTime],
    not_before: datetime,
    *,
    beside: Sequence[Span] = (),
    is_closed: bool = False,
) -> Settlement:
    """Return what to create and remove so that a day matches its hours around what is booked.

    `existing` are the stored slots of the day, `taken` the times of its active appointments, and `beside` the spans
    of those of the days next to it. Slots that began before `not_before` are history and stay, unless one reaches
    into an appointment of another time: a no-show that is taken back may find its time divided anew. So do slots under
    an appointment, with their own length; of the rest those that the hours do not give are removed, and those the hours
    give and that overlap nothing that stays are created. An appointment whose slot has gone, or whose time others had,
    gets one again: whoever comes is seen in every grid. A day that `is_closed` gets no other.
    """
    if not (existing or taken or beside):  # a new day, as nearly all are that are made at night
        return Settlement([] if is_closed else [slot for slot in template if slot.span.starts_at >= not_before], [])
    wanted = {slot.span for slot in template}
    under = {slot.span for slot in taken}
    keep: list[Span] = [*under, *beside]
    stored: list[Span] = []
    open_slots: list[tuple[UUID, Span]] = []
    for slot_id, span in existing:
        is_history = span.starts_at < not_before and not any(span.overlaps(other) for other in under)
        if is_history or span in under:
            keep.append(span)
            stored.append(span)
        else:
            open_slots.append((slot_id, span))
    unchanged = {span for _, span in open_slots if span in wanted and not any(span.overlaps(kept) for kept in keep)}
    removed = [(slot_id, span) for slot_id, span in open_slots if span not in unchanged]
    create = [
        slot
        for slot in template
        if not is_closed
        and slot.span.starts_at >= not_before
        and slot.span not in unchanged
        and not any(slot.span.overlaps(span) for span in keep)
    ]
    missing = [
        slot
        for slot in taken
        if (slot.span.starts_at >= not_before or any(slot.span.overlaps(span) for _, span in removed))
        and not any(slot.span.overlaps(span) for span in stored)
    ]
    return Settlement(create + missing, [slot_id for slot_id, _ in removed])


def closed_reason(day: date, today: date, doctor: DoctorDay) -> ClosedReason | None:
    """Return why no slots are made on a date, or None when the hours decide."""
    if day < today:
        return ClosedReason.PAST
    if day > today + timedelta(days=BOOKING_WINDOW_DAYS):
        return ClosedReason.BEYOND_BOOKING_WINDOW
    if doctor.holiday is not None:
        return ClosedReason.HOLIDAY
    return ClosedReason.DAY_OFF if doctor.hours is None else None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a slot is, and the refusal that a booking of it would get, if any."""

    status: SlotStatus
    refusal: Refusal | None = None


def offer(
    slot: SlotTime,
    doctor: DoctorDay,
    *,
    today: date,
    now: datetime,
    hold: Hold | None = None,
    user_id: UUID | None = None,
) -> Offer:
    """Return what a slot offers: the booking's own checks, all but the patient's, decide.

    An appointment is seen before anything else, so that a booked slot of this morning is still a booked one, and the
    clock before the rules, so that nobody closes or opens what is over. A hold shows as HELD even to its owner, who
    may book it.
    """
    if any(taken.overlaps(slot.span) for taken in doctor.taken):
        return Offer(SlotStatus.BOOKED, Refusal(Code.SLOT_TAKEN))
    if slot.span.starts_at < now:
        return Offer(SlotStatus.PAST, Refusal(Code.DATE_IN_PAST))
    facts = BookingFacts(
        wanted=Wanted(slot.day, slot.start, slot.end, slot.span),
        today=today,
        patient=None,
        doctor=doctor,
        is_slot=True,
        hold=hold,
        user_id=user_id,
    )
    refusal = first_refusal(facts, now, SLOT_CHECKS)
    if refusal is not None:
        return Offer(SlotStatus.HELD if refusal.code is Code.SLOT_HELD else SlotStatus.BLOCKED, refusal)
    is_held = hold is not None and hold.until > now
    return Offer(SlotStatus.HELD if is_held else SlotStatus.AVAILABLE)


def without(span: Span, hole: Span) -> list[Span]:
    """Return what is left of a span when another is cut out of it: nothing, one piece or two."""
    pieces = (
        Span(span.starts_at, min(span.ends_at, hole.starts_at)),
        Span(max(span.starts_at, hole.ends_at), span.ends_at),
    )
    return [piece for piece in pieces if piece.starts_at < piece.ends_at]
