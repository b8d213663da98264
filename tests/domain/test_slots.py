"""Which slots a day has, how a changed day settles, and what each slot offers."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hms_web.domain.absences import AbsenceSpan
from hms_web.domain.booking import DoctorDay, Hold
from hms_web.domain.holidays import Holiday
from hms_web.domain.local_time import Span
from hms_web.domain.refusals import Code
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.slots import ClosedReason, SlotStatus, SlotTime, closed_reason, offer, settle, slots_of_day, without

DAY = date(2026, 3, 2)
HOURS = DayHours(DayOfWeek.MONDAY, time(9), time(17), time(13), time(14))
ME, OTHER = UUID(int=1), UUID(int=2)
EARLY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
DOCTOR = DoctorDay(is_available=True, is_active=True, max_patients_per_day=30, hours=HOURS)


def at(hour: int, minute: int = 0, minutes: int = 30) -> Span:
    starts_at = datetime(2026, 3, 2, hour, minute, tzinfo=UTC)
    return Span(starts_at, starts_at + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "count"), [(30, 14), (15, 28), (20, 21), (45, 9), (60, 7)])
def test_a_day_of_eight_hours_with_an_hours_break(minutes: int, count: int) -> None:
    slots = slots_of_day(DAY, HOURS, minutes, UTC)
    assert len(slots) == count
    assert all(slot.span.ends_at - slot.span.starts_at == timedelta(minutes=minutes) for slot in slots)
    assert not any(time(13) <= slot.start < time(14) or slot.start < time(13) < slot.end for slot in slots)


def test_a_day_off_has_none() -> None:
    assert slots_of_day(DAY, None, 30, UTC) == ()
    assert slots_of_day(DAY, replace(HOURS, is_active=False), 30, UTC) == ()


NIGHT = DayHours(DayOfWeek.SUNDAY, time(0), time(6))


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "missing", "count"),
    [
        ("America/New_York", date(2026, 3, 8), 30, [time(2), time(2, 30)], 10),
        ("America/New_York", date(2026, 11, 1), 30, [], 12),
        ("Africa/Cairo", date(2026, 4, 24), 30, [time(0), time(0, 30)], 10),
        ("Africa/Cairo", date(2026, 10, 30), 30, [], 12),
        ("Australia/Lord_Howe", date(2026, 10, 4), 30, [time(2)], 11),
        ("Australia/Lord_Howe", date(2026, 10, 4), 60, [time(2)], 5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 30, [], 12),
        ("Australia/Lord_Howe", date(2026, 4, 5), 20, [], 18),
    ],
)
def test_a_clock_change_takes_the_times_it_skips(
    zone: str, day: date, minutes: int, missing: list[time], count: int
) -> None:
    slots = slots_of_day(day, NIGHT, minutes, ZoneInfo(zone))
    assert len(slots) == count
    assert not {slot.start for slot in slots} & set(missing)
    assert all(first.span.ends_at <= second.span.starts_at for first, second in pairwise(slots))
    shown = [slot.span.starts_at.astimezone(ZoneInfo(zone)) for slot in slots]
    assert [moment.time() for moment in shown] == [slot.start for slot in slots]
    assert all(moment.fold == 0 for moment in shown)


def test_a_slot_that_a_clock_change_cuts_short_is_not_made() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    hours = DayHours(DayOfWeek.SUNDAY, time(1, 45), time(3, 45))
    assert [slot.start for slot in slots_of_day(date(2026, 10, 4), hours, 60, lord_howe)] == [time(2, 45)]


zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe"])
minute_of_day = st.integers(0, 1439)


@st.composite
def days(draw: st.DrawFn) -> tuple[date, DayHours, int, ZoneInfo]:
    start, end = sorted((draw(minute_of_day), draw(minute_of_day)))
    assume(start < end)
    pause = sorted((draw(st.integers(start, end)), draw(st.integers(start, end))))
    has_break = draw(st.booleans()) and pause[0] < pause[1]
    clock = [time(m // 60, m % 60) for m in (start, end, *pause)]
    hours = DayHours(DayOfWeek.MONDAY, clock[0], clock[1], *(clock[2:] if has_break else (None, None)))
    day = draw(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
    return day, hours, draw(st.integers(5, 240)), ZoneInfo(draw(zones))


@given(days())
def test_slots_never_overlap_and_never_leave_the_hours(drawn: tuple[date, DayHours, int, ZoneInfo]) -> None:
    day, hours, minutes, zone = drawn
    slots = slots_of_day(day, hours, minutes, zone)
    for first, second in pairwise(slots):
        assert first.span.ends_at <= second.span.starts_at
    for slot in slots:
        assert hours.start_time <= slot.start < slot.end <= hours.end_time
        assert slot.span.ends_at - slot.span.starts_at == timedelta(minutes=minutes)
        if hours.break_start is not None and hours.break_end is not None:
            assert slot.end <= hours.break_start or slot.start >= hours.break_end


@given(
    days(),
    st.integers(5, 240),
    st.lists(st.integers(0, 40), unique=True),
    st.integers(-60, 1500),
    st.booleans(),
    st.booleans(),
)
def test_a_changed_day_settles_around_what_is_booked_and_stays_settled(
    drawn: tuple[date, DayHours, int, ZoneInfo],
    old_minutes: int,
    booked: list[int],
    now_minute: int,
    has_gone: bool,  # noqa: FBT001 whether the slots of what is booked have gone
    is_closed: bool,  # noqa: FBT001
) -> None:
    day, hours, minutes, zone = drawn
    times = slots_of_day(day, hours, old_minutes, zone)
    taken = [times[n] for n in booked if n < len(times)]
    old = [(uuid4(), slot.span) for slot in times if not has_gone or slot not in taken]
    not_before = datetime.combine(day, time(0), zone).astimezone(UTC) + timedelta(minutes=now_minute)
    template = slots_of_day(day, hours, minutes, zone)
    change = settle(template, old, taken, not_before, is_closed=is_closed)
    left = [(key, span) for key, span in old if key not in change.remove]
    after = left + [(uuid4(), slot.span) for slot in change.create]
    spans = sorted((span for _, span in after), key=lambda span: span.starts_at)
    assert all(first.ends_at <= second.starts_at for first, second in pairwise(spans))
    assert all(slot.span in spans for slot in taken if slot.span.starts_at >= not_before or not has_gone)
    assert all(span in spans for _, span in old if span.starts_at < not_before)
    assert not is_closed or all(slot in taken for slot in change.create)
    again = settle(template, after, taken, not_before, is_closed=is_closed)
    assert (again.create, again.remove) == ([], [])


@given(days(), st.integers(5, 240), st.lists(st.integers(0, 40), unique=True), st.integers(-60, 1500), st.booleans())
def test_whatever_is_stored_no_slot_meets_an_appointment_of_another_time(
    drawn: tuple[date, DayHours, int, ZoneInfo],
    stored_minutes: int,
    booked: list[int],
    now_minute: int,
    is_closed: bool,  # noqa: FBT001
) -> None:
    day, hours, minutes, zone = drawn
    template = slots_of_day(day, hours, minutes, zone)
    taken = [template[n] for n in booked if n < len(template)]
    old = [(uuid4(), slot.span) for slot in slots_of_day(day, hours, stored_minutes, zone)]
    not_before = datetime.combine(day, time(0), zone).astimezone(UTC) + timedelta(minutes=now_minute)
    change = settle(template, old, taken, not_before, is_closed=is_closed)
    after = [span for key, span in old if key not in change.remove] + [slot.span for slot in change.create]
    assert all(span == slot.span or not span.overlaps(slot.span) for span in after for slot in taken)
    reached = [slot.span for slot in taken if any(slot.span.overlaps(span) for _, span in old)]
    assert all(span in after for span in reached)
    again = settle(template, [(uuid4(), span) for span in after], taken, not_before, is_closed=is_closed)
    assert (again.create, again.remove) == ([], [])


@given(days(), st.lists(st.integers(0, 60), unique=True), st.integers(0, 1439))
def test_what_is_offered_passes_the_checks_of_a_booking(
    drawn: tuple[date, DayHours, int, ZoneInfo], booked: list[int], now_minute: int
) -> None:
    day, hours, minutes, zone = drawn
    slots = slots_of_day(day, hours, minutes, zone)
    taken = [slots[n].span for n in booked if n < len(slots)]
    doctor = DoctorDay(
        is_available=True, is_active=True, max_patients_per_day=999, booked_count=len(taken), hours=hours, taken=taken
    )
    now = datetime.combine(day, time(0), zone).astimezone(UTC) + timedelta(minutes=now_minute)
    for slot in slots:
        offered = offer(slot, doctor, today=day, now=now)
        free = slot.span not in taken and slot.span.starts_at >= now
        assert (offered.status is SlotStatus.AVAILABLE) is free
        assert (offered.refusal is None) is free


def test_settling_keeps_history_and_makes_nothing_in_the_past() -> None:
    template = slots_of_day(DAY, HOURS, 30, UTC)
    morning = uuid4()
    change = settle(template, [(morning, at(9, 0, 60))], [], at(10, 30).starts_at)
    assert change.remove == []
    assert min(slot.start for slot in change.create) == time(10, 30)


def test_settling_removes_an_open_slot_that_meets_a_booked_one() -> None:
    template = slots_of_day(DAY, HOURS, 30, UTC)
    open_slot = uuid4()
    booked = SlotTime(DAY, time(9, 15), time(9, 45), at(9, 15))
    change = settle(template, [(open_slot, at(9))], [booked], EARLY)
    assert change.remove == [open_slot]
    assert booked in change.create


def test_what_is_booked_on_the_next_day_is_no_slot_of_this_one() -> None:
    template = slots_of_day(DAY, HOURS, 30, UTC)
    change = settle(template, [], [], EARLY, beside=[at(16, 45)])
    assert [slot.start for slot in change.create][-1] == time(16)


def test_what_began_goes_when_it_reaches_into_an_appointment_that_is_to_come() -> None:
    began, over = uuid4(), uuid4()
    earlier, coming = SlotTime(DAY, time(8, 30), time(8, 40), at(8, 30, 10)), SlotTime(DAY, time(9), time(9, 30), at(9))
    change = settle([], [(over, at(8)), (began, at(8, 50))], [earlier, coming], at(9).starts_at)
    assert (change.remove, change.create) == ([began], [coming])


def test_an_appointment_that_stands_again_gets_its_time_back_from_the_slots_that_came_meanwhile() -> None:
    first, second, over = uuid4(), uuid4(), uuid4()
    back = SlotTime(DAY, time(9), time(9, 30), at(9))
    old = [(over, at(8, 40, 20)), (first, at(9, 0, 20)), (second, at(9, 20, 20))]
    change = settle([], old, [back], at(10).starts_at)
    assert (change.remove, change.create) == ([first, second], [back])


@pytest.mark.parametrize(
    ("day", "doctor", "reason"),
    [
        (DAY - timedelta(days=1), DOCTOR, ClosedReason.PAST),
        (DAY + timedelta(days=31), DOCTOR, ClosedReason.BEYOND_BOOKING_WINDOW),
        (DAY, replace(DOCTOR, holiday=Holiday("Holi", DAY)), ClosedReason.HOLIDAY),
        (DAY, replace(DOCTOR, hours=None), ClosedReason.DAY_OFF),
        (DAY + timedelta(days=30), DOCTOR, None),
    ],
)
def test_why_a_date_has_no_slots(day: date, doctor: DoctorDay, reason: ClosedReason | None) -> None:
    assert closed_reason(day, DAY, doctor) is reason


TEN = next(slot for slot in slots_of_day(DAY, HOURS, 30, UTC) if slot.start == time(10))


@pytest.mark.parametrize(
    ("doctor", "now", "hold", "status", "code"),
    [
        (DOCTOR, EARLY, None, SlotStatus.AVAILABLE, None),
        (replace(DOCTOR, taken=[at(10)]), EARLY, None, SlotStatus.BOOKED, Code.SLOT_TAKEN),
        (replace(DOCTOR, taken=[at(10)]), at(12).starts_at, None, SlotStatus.BOOKED, Code.SLOT_TAKEN),
        (DOCTOR, at(12).starts_at, None, SlotStatus.PAST, Code.DATE_IN_PAST),
        (replace(DOCTOR, is_available=False), at(12).starts_at, None, SlotStatus.PAST, Code.DATE_IN_PAST),
        (replace(DOCTOR, blocks=[(at(10), None)]), EARLY, None, SlotStatus.BLOCKED, Code.SLOT_BLOCKED),
        (replace(DOCTOR, absences=[AbsenceSpan(DAY, DAY)]), EARLY, None, SlotStatus.BLOCKED, Code.DOCTOR_ABSENT),
        (replace(DOCTOR, is_available=False), EARLY, None, SlotStatus.BLOCKED, Code.DOCTOR_UNAVAILABLE),
        (replace(DOCTOR, booked_count=30), EARLY, None, SlotStatus.BLOCKED, Code.DOCTOR_FULLY_BOOKED),
        (DOCTOR, EARLY, Hold(OTHER, "B", EARLY + timedelta(minutes=1)), SlotStatus.HELD, Code.SLOT_HELD),
        (DOCTOR, EARLY, Hold(ME, "A", EARLY + timedelta(minutes=1)), SlotStatus.HELD, None),
        (DOCTOR, EARLY, Hold(OTHER, "B", EARLY), SlotStatus.AVAILABLE, None),
    ],
)
def test_what_a_slot_offers(
    doctor: DoctorDay, now: datetime, hold: Hold | None, status: SlotStatus, code: Code | None
) -> None:
    offered = offer(TEN, doctor, today=DAY, now=now, hold=hold, user_id=ME)
    assert offered.status is status
    assert (offered.refusal and offered.refusal.code) is code


@pytest.mark.parametrize(
    ("span", "hole", "left"),
    [
        (at(10), at(10), []),
        (at(10, 0, 60), at(10, 15, 15), [at(10, 0, 15), at(10, 30, 30)]),
        (at(10), at(9, 45), [at(10, 15, 15)]),
        (at(10), at(10, 15), [at(10, 0, 15)]),
        (at(10, 0, 15), at(9, 0, 120), []),
    ],
)
def test_cutting_a_span_out_of_another(span: Span, hole: Span, left: list[Span]) -> None:
    assert without(span, hole) == left
