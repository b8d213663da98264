"""What doctors' days offer: the reading side of the slot engine (product.md, Slots)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS, DoctorDay
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.schedules import DayHours, hours_on
from hms_web.domain.slots import ClosedReason, SlotStatus, closed_reason, offer
from hms_web.services import facts, slot_making
from hms_web.services.facts import DoctorFacts, StoredSlot, Taken

LONGEST_RANGE_DAYS = 62
FIRST_DAYS = 3
Hours = tuple[time, time]
ALL_DAY: Hours = time.min, time.max


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot and what it is to the person who looks: status, what a booking of it would be refused for, who has it."""

    id: UUID
    doctor_id: UUID
    date: date
    start_time: time
    end_time: time
    starts_at: datetime
    ends_at: datetime
    status: SlotStatus
    refusal: Refusal | None
    block_reason: str | None
    taken: Taken | None
    held_by: str | None
    held_by_id: UUID | None
    held_until: datetime | None

    @property
    def appointment_id(self) -> UUID | None:
        """The appointment that has the slot."""
        return self.taken.appointment_id if self.taken else None


@dataclass(frozen=True, slots=True)
class DaySlots:
    """A doctor's day: its slots in order, or why it has none."""

    doctor_id: UUID
    doctor_name: str
    department: str
    slot_duration: int
    date: date
    items: list[SlotView]
    closed_reason: ClosedReason | None
    closed_note: str | None
    hours: DayHours | None
    booked_count: int
    max_patients_per_day: int
    is_available: bool
    is_active: bool


def of_day(
    session: Session, actor: Actor, doctor_ids: Sequence[UUID], day: date, *, now: datetime
) -> dict[UUID, DaySlots]:
    """Return the day of several doctors, in the order of their names, with a constant number of queries."""
    days, _ = of_told(session, actor, facts.tell(session, actor, doctor_ids, day, day), day, day, now=now)
    return {found.doctor_id: found for found in days}


def of_told(
    session: Session, actor: Actor, told: facts.Told, first: date, last: date, *, now: datetime
) -> tuple[list[DaySlots], bool]:
    """Return the days that the database told of, doctor by doctor, and whether it told all: no slot had to be made."""
    read = facts.understood(told)
    known = slot_making.completed(session, actor, read, first, last, now=now)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [_day(doctor, day, actor, now) for doctor in known.values() for day in days], known is read


def of_date(session: Session, actor: Actor, doctor_id: UUID, day: date, *, now: datetime) -> DaySlots:
    """Return one doctor's day; slots are made on the fly where there are none. Raises Refused DOCTOR_NOT_FOUND."""
    days = of_day(session, actor, [doctor_id], day, now=now)
    if doctor_id not in days:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    return days[doctor_id]


def in_range(
    session: Session, actor: Actor, doctor_id: UUID, first: date, last: date, *, now: datetime
) -> list[SlotView]:
    """Return every slot from one day to another, both included.

    Raises InvalidInput when the days are the wrong way round or more than 62, Refused DOCTOR_NOT_FOUND.
    """
    if last < first:
        raise InvalidInput([("to", phrase("The last day cannot be before the first day."))])
    if (last - first).days >= LONGEST_RANGE_DAYS:
        raise InvalidInput([("to", phrase("Ask for at most %(most)s days at once.", most=LONGEST_RANGE_DAYS))])
    known = slot_making.ensure(session, actor, [doctor_id], first, last, now=now)
    if doctor_id not in known:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [slot for day in days for slot in _day(known[doctor_id], day, actor, now).items]


def available(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[SlotView]:
    """Return the slots of a doctor that can be booked now, in the booking window. Raises Refused DOCTOR_NOT_FOUND."""
    today = local_date(now, actor.zone)
    slots = in_range(session, actor, doctor_id, today, today + timedelta(days=BOOKING_WINDOW_DAYS), now=now)
    return [slot for slot in slots if slot.status is SlotStatus.AVAILABLE]


def next_free(  # noqa: PLR0913 from when on, at which times, how many
    session: Session,
    actor: Actor,
    doctor_ids: Sequence[UUID],
    *,
    now: datetime,
    after: datetime | None = None,
    limit: int = 3,
    between: Hours = ALL_DAY,
    of_a_day: int | None = None,
) -> list[SlotView]:
    """Return the first slots that can be booked with any of the doctors, at `after` or later, earliest first.

    Only those that start `between` two local times, the second not included, and at most `of_a_day` of each doctor's
    day, so that a few show who could see somebody and when. Where all slots are made that is one statement for what is
    free soon and four at most; no day after the last that is needed is looked at.
    """
    since = max(now, after or now)
    found: list[SlotView] = []
    for first, last in _stretches(local_date(since, actor.zone), local_date(now, actor.zone)):
        known = slot_making.ensure(session, actor, doctor_ids, first, last, now=now)
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            free = (
                slot
                for doctor in known.values()
                for slot in islice(_suitable(_day(doctor, day, actor, now), since, between), of_a_day)
            )
            found += sorted(free, key=lambda slot: slot.starts_at)[: limit - len(found)]
            if len(found) >= limit:
                return found
    return found


def _suitable(day: DaySlots, since: datetime, between: Hours) -> Iterator[SlotView]:
    """Walk through a day's slots that can be booked and are asked for, in order."""
    begin, end = between
    for slot in day.items:
        if slot.status is SlotStatus.AVAILABLE and slot.starts_at >= since and begin <= slot.start_time < end:
            yield slot


def _stretches(first: date, today: date) -> Iterator[tuple[date, date]]:
    """Walk to the end of the booking window in steps that grow: most ask for the days that come first."""
    end, days = today + timedelta(days=BOOKING_WINDOW_DAYS), FIRST_DAYS
    while first <= end:
        yield first, min(first + timedelta(days=days - 1), end)
        first += timedelta(days=days)
        days *= 2


def view(doctor: DoctorFacts, day: DoctorDay, stored: StoredSlot, actor: Actor, now: datetime) -> SlotView:
    """Return what one stored slot is now; `day` are the doctor's facts of its date."""
    today = local_date(now, actor.zone)
    offered = offer(stored.time, day, today=today, now=now, hold=stored.hold, user_id=actor.user_id)
    booked = offered.status is SlotStatus.BOOKED
    taken = next((item for item in doctor.taken if item.span.overlaps(stored.time.span)), None) if booked else None
    hold = stored.hold if offered.status is SlotStatus.HELD else None
    return SlotView(
        id=stored.slot_id,
        doctor_id=doctor.doctor_id,
        date=stored.time.day,
        start_time=stored.time.start,
        end_time=stored.time.end,
        starts_at=stored.time.span.starts_at,
        ends_at=stored.time.span.ends_at,
        status=offered.status,
        refusal=offered.refusal,
        block_reason=_block_reason(offered.status, offered.refusal),
        taken=taken,
        held_by=hold.user_name if hold else None,
        held_by_id=hold.user_id if hold else None,
        held_until=hold.until if hold else None,
    )


def _block_reason(status: SlotStatus, refusal: Refusal | None) -> str | None:
    """Return why a slot is closed: the words of whoever closed it by hand, or else the code of the rule."""
    if status is not SlotStatus.BLOCKED or refusal is None:
        return None
    reason = refusal.facts.get("reason") if refusal.code is Code.SLOT_BLOCKED else None
    return str(reason) if reason else str(refusal.code)


def _day(doctor: DoctorFacts, day: date, actor: Actor, now: datetime) -> DaySlots:
    today = local_date(now, actor.zone)
    facts = doctor.on(day)
    stored = doctor.slots_on(day)
    if facts.holiday:  # whoever was kept, or is told of another time only later, is seen; nothing else is there
        stored = [slot for slot in stored if any(slot.time.span.overlaps(span) for span in facts.taken)]
    items = [view(doctor, facts, slot, actor, now) for slot in stored]
    return DaySlots(
        doctor_id=doctor.doctor_id,
        doctor_name=doctor.name,
        department=doctor.department,
        slot_duration=doctor.slot_duration,
        date=day,
        items=items,
        closed_reason=None if items and not facts.holiday else closed_reason(day, today, facts) or ClosedReason.DAY_OFF,
        closed_note=facts.holiday.name if facts.holiday else None,
        hours=hours_on(day, doctor.week),
        booked_count=facts.booked_count,
        max_patients_per_day=facts.max_patients_per_day,
        is_available=facts.is_available,
        is_active=facts.is_active,
    )
