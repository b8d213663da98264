"""May this be booked? The fourteen checks, in the order and with the codes of api.md.

The same checks answer what a grid may offer (`domain.slots`), so that a slot shown as free is not refused by a rule
that the screen could have known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.holidays import Holiday
from hms_web.domain.local_time import Span
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.schedules import DayHours

BOOKING_WINDOW_DAYS = 30
HOLD_FOR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What the checks ask of a patient. `busy` are the spans of their other active appointments around the wanted
    time.
    """

    status: PatientStatus
    busy: Sequence[Span] = ()
    blocked_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DoctorDay:
    """What the checks ask of a doctor on one local date.

    `taken` are the spans of active appointments, `blocks` the spans closed by hand with their reasons, `booked_count`
    the appointments that count towards `max_patients_per_day`.
    """

    is_available: bool
    is_active: bool
    max_patients_per_day: int
    booked_count: int = 0
    hours: DayHours | None = None
    holiday: Holiday | None = None
    absences: Sequence[AbsenceSpan] = ()
    taken: Sequence[Span] = ()
    blocks: Sequence[tuple[Span, str | None]] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A slot kept for someone while their form is open."""

    user_id: UUID
    user_name: str
    until: datetime

    def keeps_out(self, user_id: UUID | None, now: datetime) -> bool:
        """Whether the hold still lasts and is not this user's own."""
        return self.until > now and self.user_id != user_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """The time that is asked for: the local words, and the span it would take."""

    day: date
    start: time
    end: time
    span: Span


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """Everything the fourteen checks look at. `today` is the hospital's; None for patient or doctor means there is
    none.

    `is_slot` says that one of the doctor's slots starts at the wanted time. `overlook_block` is set for the reschedule
    of a blocked patient's existing appointment and for an admin's written reason.
    """

    wanted: Wanted
    today: date
    patient: PatientFacts | None
    doctor: DoctorDay | None
    is_slot: bool
    hold: Hold | None = None
    user_id: UUID | None = None
    overlook_block: bool = False


Check = Callable[[BookingFacts, datetime], Refusal | None]


def patient_exists(facts: BookingFacts, now: datetime) -> Refusal | None:
    """1: the patient is one of this hospital's."""
    return Refusal(Code.PATIENT_NOT_FOUND) if facts.patient is None else None


def patient_not_blocked(facts: BookingFacts, now: datetime) -> Refusal | None:
    """2: the patient may book, or somebody with the right to it overlooks the block."""
    patient = facts.patient
    if patient is None or patient.status is not PatientStatus.BLOCKED or facts.overlook_block:
        return None
    return Refusal(Code.PATIENT_BLOCKED, {"reason": patient.blocked_reason})


def patient_not_double_booked(facts: BookingFacts, now: datetime) -> Refusal | None:
    """3: the patient has no other active appointment that overlaps."""
    if facts.patient is None:
        return None
    clash = next((span for span in facts.patient.busy if span.overlaps(facts.wanted.span)), None)
    return Refusal(Code.PATIENT_DOUBLE_BOOKED, {"starts_at": clash.starts_at}) if clash else None


def doctor_exists(facts: BookingFacts, now: datetime) -> Refusal | None:
    """4: the doctor is one of this hospital's."""
    return Refusal(Code.DOCTOR_NOT_FOUND) if facts.doctor is None else None


def doctor_is_available(facts: BookingFacts, now: datetime) -> Refusal | None:
    """5: the doctor accepts appointments."""
    return Refusal(Code.DOCTOR_UNAVAILABLE) if facts.doctor and not facts.doctor.is_available else None


def doctor_is_active(facts: BookingFacts, now: datetime) -> Refusal | None:
    """6: the doctor's account is active."""
    return Refusal(Code.DOCTOR_INACTIVE) if facts.doctor and not facts.doctor.is_active else None


def not_in_the_past(facts: BookingFacts, now: datetime) -> Refusal | None:
    """7: the start has not gone by; an appointment can still be booked at the very minute it begins."""
    return Refusal(Code.DATE_IN_PAST) if facts.wanted.span.starts_at < now else None


def within_booking_window(facts: BookingFacts, now: datetime) -> Refusal | None:
    """8: at most 30 days ahead, that day included."""
    last = facts.today + timedelta(days=BOOKING_WINDOW_DAYS)
    return Refusal(Code.BEYOND_BOOKING_WINDOW, {"last_day": last}) if facts.wanted.day > last else None


def not_a_holiday(facts: BookingFacts, now: datetime) -> Refusal | None:
    """9: the hospital is open that day."""
    holiday = facts.doctor.holiday if facts.doctor else None
    return Refusal(Code.HOSPITAL_HOLIDAY, {"name": holiday.name}) if holiday else None


def doctor_not_absent(facts: BookingFacts, now: datetime) -> Refusal | None:
    """10: no part of the wanted time lies in an absence of the doctor."""
    if facts.doctor is None:
        return None
    wanted = facts.wanted
    absence = next((a for a in facts.doctor.absences if a.covers(wanted.day, wanted.start, wanted.end)), None)
    if absence is None:
        return None
    return Refusal(Code.DOCTOR_ABSENT, {"last_day": absence.end_date, "end_time": absence.end_time})


def inside_schedule(facts: BookingFacts, now: datetime) -> Refusal | None:
    """11: the doctor works at that time of that weekday."""
    if facts.doctor is None:
        return None
    hours = facts.doctor.hours
    if hours is None:
        return Refusal(Code.OUTSIDE_SCHEDULE)
    if hours.start_time <= facts.wanted.start < hours.end_time:
        return None
    return Refusal(Code.OUTSIDE_SCHEDULE, {"start_time": hours.start_time, "end_time": hours.end_time})


def not_during_break(facts: BookingFacts, now: datetime) -> Refusal | None:
    """12: not in the doctor's break."""
    hours = facts.doctor.hours if facts.doctor else None
    if hours is None or hours.break_start is None or hours.break_end is None:
        return None
    if hours.break_start <= facts.wanted.start < hours.break_end:
        return Refusal(Code.DURING_BREAK, {"break_end": hours.break_end})
    return None


def slot_is_free(facts: BookingFacts, now: datetime) -> Refusal | None:
    """13: one of the doctor's slots starts then, and nobody and nothing has it."""
    doctor, span = facts.doctor, facts.wanted.span
    if doctor is None:
        return None
    if not facts.is_slot:
        return Refusal(Code.NOT_A_SLOT)
    if any(taken.overlaps(span) for taken in doctor.taken):
        return Refusal(Code.SLOT_TAKEN)
    block = next((block for block in doctor.blocks if block[0].overlaps(span)), None)
    if block is not None:
        return Refusal(Code.SLOT_BLOCKED, {"reason": block[1]})
    if facts.hold is not None and facts.hold.keeps_out(facts.user_id, now):
        return Refusal(Code.SLOT_HELD, {"name": facts.hold.user_name, "until": facts.hold.until})
    return None


def day_is_not_full(facts: BookingFacts, now: datetime) -> Refusal | None:
    """14: the doctor's appointments of that date are fewer than the maximum."""
    doctor = facts.doctor
    if doctor is None or doctor.booked_count < doctor.max_patients_per_day:
        return None
    return Refusal(Code.DOCTOR_FULLY_BOOKED, {"maximum": doctor.max_patients_per_day})


PATIENT_CHECKS: tuple[Check, ...] = (patient_exists, patient_not_blocked, patient_not_double_booked)
SLOT_CHECKS: tuple[Check, ...] = (
    doctor_exists,
    doctor_is_available,
    doctor_is_active,
    not_in_the_past,
    within_booking_window,
    not_a_holiday,
    doctor_not_absent,
    inside_schedule,
    not_during_break,
    slot_is_free,
    day_is_not_full,
)
CHECKS: tuple[Check, ...] = PATIENT_CHECKS + SLOT_CHECKS

GOING_BACK: tuple[Check, ...] = (patient_not_double_booked, slot_is_free, day_is_not_full)
"""What is asked when a move is undone: the old time may lie in leave, but nobody else may have it by now."""


def first_refusal(facts: BookingFacts, now: datetime, checks: Sequence[Check] = CHECKS) -> Refusal | None:
    """Return what the first failing check says, or None when the time may be booked."""
    for check in checks:
        refusal = check(facts, now)
        if refusal is not None:
            return refusal
    return None
