"""Makes the stored slots of doctors' days what their hours give, around what is booked (product.md, Slots)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause, fits
from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.holidays import Holiday, holiday_on
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, day_span, local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek, hours_on
from hms_web.domain.slots import Settlement, settle, slots_of_day
from hms_web.domain.visits import HERE, UPCOMING
from hms_web.models import Appointment, DoctorSlot
from hms_web.services import appointments, audit, facts, locks, settling, slot_writing, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.facts import DoctorFacts, StoredSlot

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Generated:
    """How many slots a generation made, how many were there, and how many days it skipped because the hospital is
    closed.
    """

    created: int
    existing: int
    skipped_holidays: int


@dataclass(frozen=True, slots=True)
class Regenerated:
    """How many open slots went and came, and the appointments that no longer fit the hours."""

    removed: int
    created: int
    affected: list[AppointmentView] = field(default_factory=list)


def ensure(
    session: Session, actor: Actor, doctor_ids: Sequence[UUID], first: date, last: date, *, now: datetime
) -> dict[UUID, DoctorFacts]:
    """Return the doctors' facts of a range, after making the slots that its bookable days lack.

    Days in the past, beyond the booking window, days off and holidays get none. However many ask at once, each slot is
    made once: only the holder of the doctor's lock makes any.
    """
    return completed(session, actor, facts.load(session, actor, doctor_ids, first, last), first, last, now=now)


def completed(
    session: Session, actor: Actor, known: dict[UUID, DoctorFacts], first: date, last: date, *, now: datetime
) -> dict[UUID, DoctorFacts]:
    """Return the same for who has loaded the facts already: `known` itself when nothing had to be made."""
    wanting = [doctor_id for doctor_id, doctor in known.items() if _lacking(doctor, actor, first, last, now)]
    if not wanting:
        return known

    make_missing(session, actor, wanting, first, last, now=now)
    return known | facts.load(session, actor, wanting, first, last)


def make_missing(
    session: Session,
    actor: Actor,
    doctor_ids: Sequence[UUID],
    first: date,
    last: date,
    *,
    now: datetime,
    in_bulk: bool = False,
) -> int:
    """Make what the bookable days of a range lack, under the doctors' locks, in one transaction; return how many.

    `in_bulk` goes by the locks alone where nothing is stored: what is ready for a slot that came meanwhile costs a
    fifth of the whole, which a page does not feel and a new hospital does. Nor does it wait for the disk: slots that a
    server loses when it breaks down are made again.
    """

    def work() -> int:
        if in_bulk:
            unit_of_work.do_not_wait_for_disk(session)
        locks.doctors(session, actor, doctor_ids)
        doctors = facts.load(session, actor, doctor_ids, first, last)
        lacking = [(key, s) for key, doctor in doctors.items() for s in _lacking(doctor, actor, first, last, now)]
        is_bare = in_bulk and not any(doctor.slots for doctor in doctors.values())
        return slot_writing.store(session, actor, lacking, is_bare=is_bare)[1]

    return unit_of_work.run(session, work)


def _lacking(doctor: DoctorFacts, actor: Actor, first: date, last: date, now: datetime) -> Sequence[Settlement]:
    """Return what brings those days of a range in order that lack slots of their hours, or under appointments."""
    today = local_date(now, actor.zone)
    first, last = max(first, today), min(last, today + timedelta(days=BOOKING_WINDOW_DAYS))
    if not (doctor.slots or doctor.taken):
        return _all_of(tuple(doctor.week), doctor.slot_duration, tuple(doctor.holidays), actor.zone, first, last)
    stored: dict[date, list[StoredSlot]] = {}
    for slot in doctor.slots:
        stored.setdefault(slot.time.day, []).append(slot)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    found = (_missing(doctor, day, stored.get(day, ()), actor, now) for day in days)
    return [settlement for settlement in found if settlement is not None]


@lru_cache(maxsize=64)  # a new hospital's doctors are many, and their weeks few
def _all_of(
    week: tuple[DayHours, ...], minutes: int, holidays: tuple[Holiday, ...], zone: tzinfo, first: date, last: date
) -> tuple[Settlement, ...]:
    """Return what makes all slots that a week gives in a range of days, in one piece, for who has nothing there yet."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    slots = [
        slot
        for day in days
        if not holiday_on(day, holidays)
        for slot in slots_of_day(day, hours_on(day, week), minutes, zone)
    ]
    return (Settlement(slots, []),) if slots else ()


def _missing(
    doctor: DoctorFacts, day: date, stored: Sequence[StoredSlot], actor: Actor, now: datetime
) -> Settlement | None:
    """Return what brings a day in order, or None when it lacks nothing, which is told without settling it.

    `stored` are the slots that the day has.
    """
    have = {slot.time.span for slot in stored}
    template = slots_of_day(day, hours_on(day, doctor.week), doctor.slot_duration, actor.zone)
    is_whole = bool(holiday_on(day, doctor.holidays)) or all(slot.span in have for slot in template)
    if is_whole and not _lacks_its_slot(doctor, day, have, now):
        return None
    # A day that has no slots yet is made whole, its past hours too; one that has some keeps its history.
    settlement = _settlement(doctor, day, stored, actor, now if have else day_span(day, actor.zone).starts_at)
    return settlement if settlement.create else None


def _lacks_its_slot(doctor: DoctorFacts, day: date, have: Collection[Span], now: datetime) -> bool:
    """Return whether somebody is still to come on that day, on a holiday or a day off too, at a time without a slot."""
    return any(taken.day == day and taken.span.starts_at >= now and taken.span not in have for taken in doctor.taken)


def _settlement(
    doctor: DoctorFacts, day: date, stored: Sequence[StoredSlot], actor: Actor, not_before: datetime
) -> Settlement:
    """Return what a day's hours and bookings ask for. A holiday gets no new slots, but keeps those it has for later."""
    template = slots_of_day(day, hours_on(day, doctor.week), doctor.slot_duration, actor.zone)
    existing = [(slot.slot_id, slot.time.span) for slot in stored]
    taken = [taken.time for taken in doctor.taken if taken.day == day]
    near = day - ONE_DAY, day + ONE_DAY  # a day and the next may meet where the clock is changed at midnight
    beside = [taken.span for taken in doctor.taken if taken.day in near]
    is_closed = holiday_on(day, doctor.holidays) is not None
    return settle(template, existing, taken, not_before, beside=beside, is_closed=is_closed)


def generate(session: Session, actor: Actor, doctor_id: UUID, days_ahead: int, *, now: datetime) -> Generated:
    """Make the missing slots from today to `days_ahead` days on; running it twice changes nothing.

    Raises Refused DOCTOR_NOT_FOUND.
    """
    today = local_date(now, actor.zone)
    last = today + timedelta(days=days_ahead)

    def work() -> Generated:
        doctor = _locked(session, actor, doctor_id, today, last)
        days = [today + timedelta(days=n) for n in range(days_ahead + 1)]
        open_days = [day for day in days if not holiday_on(day, doctor.holidays)]
        found = [_missing(doctor, day, doctor.slots_on(day), actor, now) for day in open_days]
        _, created = slot_writing.store(session, actor, [(doctor_id, settlement) for settlement in found if settlement])
        if created:
            audit.record(
                session, actor, "slots.generated", "doctor", doctor_id, now=now, created=created, last_day=last
            )
        return Generated(created, len(doctor.slots), len(days) - len(open_days))

    return unit_of_work.run(session, work)


def _locked(session: Session, actor: Actor, doctor_id: UUID, first: date, last: date) -> DoctorFacts:
    if not locks.doctor(session, actor, doctor_id):
        raise Refused(Code.DOCTOR_NOT_FOUND)
    return facts.load(session, actor, [doctor_id], first, last)[doctor_id]


def regenerate(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> Regenerated:
    """Make a doctor's future slots anew. Raises Refused DOCTOR_NOT_FOUND, FORBIDDEN for another doctor's."""

    def work() -> Regenerated:
        if not locks.doctor(session, actor, doctor_id):
            raise Refused(Code.DOCTOR_NOT_FOUND)
        if not actor.may_manage_doctor(doctor_id):
            raise Refused(Code.FORBIDDEN)
        return resettle(session, actor, doctor_id, now=now)

    return unit_of_work.run(session, work)


def resettle(
    session: Session, actor: Actor, doctor_id: UUID, *, now: datetime, changed: Collection[DayOfWeek] = ()
) -> Regenerated:
    """Bring a doctor's future in line with changed hours or slot length, inside the caller's transaction and lock.

    Open future slots that the hours no longer give go, new ones come around the booked ones, booked ones stay. An
    appointment that no longer fits is marked as needing another time and its patient told; one that fits again loses
    that mark. One that was kept stays so unless the hours of its own weekday are among the `changed`.
    """
    today = local_date(now, actor.zone)
    last = _last_day(session, doctor_id, today)
    doctor = facts.load(session, actor, [doctor_id], today, last)[doctor_id]
    days = [today + timedelta(days=n) for n in range((last - today).days + 1)]
    settled = [_settlement(doctor, day, doctor.slots_on(day), actor, now) for day in days]
    removed, created = slot_writing.store(session, actor, [(doctor_id, settlement) for settlement in settled])
    affected = _mark_affected(session, actor, doctor, changed, now=now)
    audit.record(
        session,
        actor,
        "slots.regenerated",
        "doctor",
        doctor_id,
        now=now,
        removed=removed,
        created=created,
        affected=len(affected),
    )
    return Regenerated(removed, created, affected)


def _last_day(session: Session, doctor_id: UUID, today: date) -> date:
    """Return the last day that has slots or appointments, at least the end of the booking window."""
    window_end = today + timedelta(days=BOOKING_WINDOW_DAYS)
    slots = session.scalar(select(func.max(DoctorSlot.date)).where(DoctorSlot.doctor_id == doctor_id))
    booked = session.scalar(select(func.max(Appointment.date)).where(Appointment.doctor_id == doctor_id))
    return max(day for day in (window_end, slots, booked) if day is not None)


def _mark_affected(
    session: Session, actor: Actor, doctor: DoctorFacts, changed: Collection[DayOfWeek], *, now: datetime
) -> list[AppointmentView]:
    open_ones = [
        taken
        for taken in doctor.taken
        if taken.status in HERE or (taken.status in UPCOMING and taken.span.ends_at > now)
    ]
    views = {view.id: view for view in appointments.by_ids(session, actor, [t.appointment_id for t in open_ones])}
    fitting: list[AppointmentView] = []
    misfits: list[AppointmentView] = []
    for taken in open_ones:
        view, inside = views[taken.appointment_id], fits(hours_on(taken.day, doctor.week), taken.start, taken.end)
        if inside or view.kept_cause is None or DayOfWeek.of(taken.day) in changed:
            (fitting if inside else misfits).append(view)
    cause, event = AffectedCause.SCHEDULE_CHANGE, MessageEvent.NEEDS_RESCHEDULING
    settling.lift(session, actor, fitting, cause, now=now)
    settling.mark(session, actor, misfits, cause, event, now=now)
    return appointments.by_ids(session, actor, [view.id for view in misfits])


def settle_days(session: Session, actor: Actor, doctor_id: UUID, days: Iterable[date], *, now: datetime) -> None:
    """Put single days right after appointments left them, inside the caller's transaction and the doctor's lock.

    A slot that only a booking kept alive, of other hours or another length, goes when it is let go; what the hours
    give instead comes.
    """
    for day in sorted(set(days)):
        if day < local_date(now, actor.zone):
            continue
        doctor = facts.load(session, actor, [doctor_id], day, day)[doctor_id]
        slot_writing.store(session, actor, [(doctor_id, _settlement(doctor, day, doctor.slots_on(day), actor, now))])
