"""The slot engine over stored rows: making, offering, settling, keeping."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.slots import ClosedReason, SlotStatus
from hms_web.models import AuditEvent, Doctor, DoctorSchedule, DoctorSlot, Notification, SlotBlock
from hms_web.services import (
    booking,
    cancelling,
    holidays,
    locks,
    slot_horizons,
    slot_keeping,
    slot_making,
    slots,
    unit_of_work,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import AppointmentChange, BookingRequest
from hms_web.services.facts import DoctorFacts
from hms_web.services.holidays import NewHoliday
from hms_web.services.slot_keeping import HoldView
from hms_web.services.slots import SlotView
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic
from tests.services.test_indexes import explained

TUESDAY = MONDAY + timedelta(days=1)


def test_a_day_gets_its_slots_when_it_is_asked_for(here: Clinic) -> None:
    doctor = here.doctor()
    day = slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    assert [f"{slot.start_time:%H:%M}" for slot in day.items] == here.starts(doctor)
    assert len(day.items) == 14
    again = slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    assert [slot.id for slot in again.items] == [slot.id for slot in day.items]


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (MONDAY - timedelta(days=1), ClosedReason.PAST),
        (LAST_DAY + timedelta(days=1), ClosedReason.BEYOND_BOOKING_WINDOW),
        (date(2026, 3, 5), ClosedReason.HOLIDAY),
        (date(2026, 3, 8), ClosedReason.DAY_OFF),
    ],
)
def test_days_that_get_none_say_why(here: Clinic, day: date, reason: ClosedReason) -> None:
    doctor = here.doctor(days=tuple(set(DayOfWeek) - {DayOfWeek.SUNDAY}))
    here.holiday(date(2026, 3, 5))
    asked = slots.of_date(here.session, here.actor, doctor, day, now=NOW)
    assert (asked.items, asked.closed_reason) == ([], reason)
    assert here.count(DoctorSlot) == 0


def test_an_unknown_doctor_or_another_hospitals(here: Clinic, elsewhere: Clinic) -> None:
    for doctor in (uuid4(), elsewhere.doctor()):
        for ask in (
            lambda: slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW),  # noqa: B023
            lambda: slots.available(here.session, here.actor, doctor, now=NOW),  # noqa: B023
            lambda: slot_making.generate(here.session, here.actor, doctor, 3, now=NOW),  # noqa: B023
            lambda: slot_making.regenerate(here.session, here.admin, doctor, now=NOW),  # noqa: B023
        ):
            with pytest.raises(Refused) as refused:
                ask()
            assert refused.value.refusal.code is Code.DOCTOR_NOT_FOUND


def test_generating_twice_changes_nothing(here: Clinic) -> None:
    doctor = here.doctor()
    here.holiday(TUESDAY)
    first = slot_making.generate(here.session, here.actor, doctor, 6, now=NOW)
    assert (first.created, first.existing, first.skipped_holidays) == (14 * 6, 0, 1)
    second = slot_making.generate(here.session, here.actor, doctor, 6, now=NOW)
    assert (second.created, second.existing, second.skipped_holidays) == (0, 14 * 6, 1)


def test_every_slot_says_what_it_is(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(name="Asha"), time(9))
    here.absence(doctor, MONDAY, MONDAY, (time(16), time(17)))
    slot_keeping.block(here.session, here.admin, here.slot(doctor, time(11)).id, blocked=True, reason="MRI", now=NOW)
    slot_keeping.block(here.session, here.admin, here.slot(doctor, time(11, 30)).id, blocked=True, reason=None, now=NOW)
    slot_keeping.hold(here.session, here.other, here.slot(doctor, time(12)).id, now=NOW)
    later = NOW + timedelta(hours=1, minutes=31)  # 09:31
    views = {slot.start_time: slot for slot in slots.of_date(here.session, here.actor, doctor, MONDAY, now=later).items}
    assert views[time(9)].status is SlotStatus.BOOKED
    assert views[time(9)].appointment_id == booked.id
    assert views[time(9, 30)].status is SlotStatus.PAST
    assert views[time(10)].status is SlotStatus.AVAILABLE
    assert (views[time(11)].status, views[time(11)].block_reason) == (SlotStatus.BLOCKED, "MRI")
    assert views[time(11, 30)].block_reason == "SLOT_BLOCKED"
    assert views[time(12)].status is SlotStatus.AVAILABLE  # the hold has lapsed
    assert (views[time(16)].status, views[time(16)].block_reason) == (SlotStatus.BLOCKED, "DOCTOR_ABSENT")
    early = {slot.start_time: slot for slot in slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW).items}
    assert (early[time(12)].status, early[time(12)].held_by) == (SlotStatus.HELD, "Reception 2")


def test_what_is_free_in_the_window_can_be_booked(here: Clinic) -> None:
    doctor = here.doctor(minutes=60, days=(DayOfWeek.MONDAY,))
    free = slots.available(here.session, here.actor, doctor, now=NOW)
    assert len(free) == 7 * 5
    for slot in free:
        here.book(doctor, here.patient(), slot.start_time, slot.date)
    assert slots.available(here.session, here.actor, doctor, now=NOW) == []


def test_a_range_has_its_limits(here: Clinic) -> None:
    doctor = here.doctor()
    assert len(slots.in_range(here.session, here.actor, doctor, MONDAY, TUESDAY, now=NOW)) == 28
    assert slots.in_range(here.session, here.actor, doctor, MONDAY, MONDAY + timedelta(days=61), now=NOW)
    for last in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=62)):
        with pytest.raises(InvalidInput):
            slots.in_range(here.session, here.actor, doctor, MONDAY, last, now=NOW)


def test_next_free_looks_across_doctors_and_days(here: Clinic) -> None:
    first, second = here.doctor(minutes=60, maximum=1), here.doctor(minutes=60, maximum=1)
    here.book(first, here.patient(), time(9))
    after = NOW + timedelta(hours=8)
    found = slots.next_free(here.session, here.actor, [first, second], now=NOW, after=after, limit=3)
    assert [(slot.doctor_id, slot.date, slot.start_time) for slot in found] == [
        (second, MONDAY, time(16)),
        (first, TUESDAY, time(9)),
        (second, TUESDAY, time(9)),
    ]


def test_next_free_keeps_to_a_time_of_day_and_names_several_days(here: Clinic) -> None:
    doctor = here.doctor()
    mornings = {"between": (time(9, 30), time(11)), "of_a_day": 2, "limit": 3}
    found = slots.next_free(here.session, here.actor, [doctor], now=NOW, **mornings)  # type: ignore[arg-type]
    tuesday = MONDAY + timedelta(days=1)
    assert [(slot.date, slot.start_time) for slot in found] == [
        (MONDAY, time(9, 30)),
        (MONDAY, time(10)),
        (tuesday, time(9, 30)),
    ]


def test_next_free_ends_with_the_window(here: Clinic) -> None:
    doctor = here.doctor(days=())
    assert slots.next_free(here.session, here.actor, [doctor], now=NOW) == []
    far = NOW + timedelta(days=40)
    assert slots.next_free(here.session, here.actor, [here.doctor()], now=NOW, after=far) == []


def test_next_free_looks_at_no_day_that_it_does_not_need(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three doctors are free today; of a whole empty month, four statements tell."""
    doctors = [here.doctor() for _ in range(3)]
    never = time(5), time(6)
    assert slots.next_free(here.session, here.actor, doctors, now=NOW, between=never) == []
    with explained(here.session) as asked:  # all slots are made
        assert slots.next_free(here.session, here.actor, doctors, now=NOW, between=never) == []
    assert len(asked) == 4
    looked: list[date] = []
    real = slots._day

    def look(doctor: DoctorFacts, day: date, *rest: Any) -> slots.DaySlots:
        looked.append(day)
        return real(doctor, day, *rest)

    monkeypatch.setattr(slots, "_day", look)
    with explained(here.session) as asked:
        assert len(slots.next_free(here.session, here.actor, doctors, now=NOW, limit=8, of_a_day=4)) == 8
    assert (looked, len(asked)) == ([MONDAY] * 3, 1)


def test_another_slot_length_comes_around_what_is_booked(here: Clinic) -> None:
    doctor = here.doctor(minutes=30)
    booked = here.book(doctor, here.patient(), time(10))
    here.session.execute(sa.update(Doctor).where(Doctor.id == doctor).values(slot_duration=20))
    here.session.commit()
    done = slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert done.affected == []
    starts = here.starts(doctor)
    assert starts[:6] == ["09:00", "09:20", "09:40", "10:00", "10:40", "11:00"]
    assert here.slot(doctor, time(10)).end_time == time(10, 30)
    cancelling.cancel(here.session, here.actor, booked.id, reason=None, now=NOW)
    assert here.starts(doctor)[:6] == ["09:00", "09:20", "09:40", "10:00", "10:20", "10:40"]


def test_shorter_hours_keep_who_is_booked_and_say_so_to_them(here: Clinic) -> None:
    doctor = here.doctor()
    late = here.book(doctor, here.patient(), time(16))
    here.book(doctor, here.patient(), time(10))
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(12))
    done = slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert [(view.id, view.affected_cause) for view in done.affected] == [(late.id, AffectedCause.SCHEDULE_CHANGE)]
    assert here.starts(doctor) == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "16:00"]
    assert here.count(Notification, event=MessageEvent.NEEDS_RESCHEDULING, priority="HIGH") == 2
    again = slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert (again.removed, again.created) == (0, 0)
    assert here.count(Notification, event=MessageEvent.NEEDS_RESCHEDULING) == 2
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(17))
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert here.row(late.id).affected_cause is None


def test_an_affected_appointment_that_moves_is_settled_and_its_old_slot_is_gone(here: Clinic) -> None:
    doctor = here.doctor()
    late = here.book(doctor, here.patient(), time(16))
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(12))
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    moved = booking.change(here.session, here.actor, late.id, AppointmentChange(time=time(9)), now=NOW)
    assert isinstance(moved, AppointmentView)
    assert moved.affected_cause is None
    assert "16:00" not in here.starts(doctor)


def test_a_block_outlives_another_slot_length_and_opens_piece_by_piece(here: Clinic) -> None:
    doctor = here.doctor(minutes=30)
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot_keeping.block(here.session, here.admin, here.slot(doctor, time(10)).id, blocked=True, reason="x", now=NOW)
    here.session.execute(sa.update(Doctor).where(Doctor.id == doctor).values(slot_duration=15))
    here.session.commit()
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    blocked = [s for s in slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW).items if s.block_reason]
    assert [slot.start_time for slot in blocked] == [time(10), time(10, 15)]
    opened = slot_keeping.block(here.session, here.admin, blocked[0].id, blocked=False, reason=None, now=NOW)
    assert isinstance(opened, SlotView)
    assert opened.status is SlotStatus.AVAILABLE
    still = slot_keeping.get(here.session, here.actor, blocked[1].id, now=NOW)
    assert (still.status, still.block_reason) == (SlotStatus.BLOCKED, "x")


def test_a_block_under_an_absence_is_right_in_every_order_of_removal(here: Clinic) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot = here.slot(doctor, time(10))
    absence = here.absence(doctor, MONDAY, MONDAY)
    slot_keeping.block(here.session, here.admin, slot.id, blocked=True, reason="x", now=NOW)
    unblocked = slot_keeping.block(here.session, here.admin, slot.id, blocked=False, reason=None, now=NOW)
    assert isinstance(unblocked, SlotView)
    assert unblocked.block_reason == "DOCTOR_ABSENT"
    here.session.execute(sa.text("UPDATE doctor_absences SET status = 'CANCELLED' WHERE id = :id"), {"id": absence})
    assert slot_keeping.get(here.session, here.actor, slot.id, now=NOW).status is SlotStatus.AVAILABLE


def test_blocking_twice_is_one_block_with_the_last_reason(here: Clinic) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot = here.slot(doctor, time(10))
    for reason in ("first", "second"):
        view = slot_keeping.block(here.session, here.admin, slot.id, blocked=True, reason=reason, now=NOW)
        assert isinstance(view, SlotView)
        assert view.block_reason == reason
    assert here.count(SlotBlock) == 1
    slot_keeping.block(here.session, here.admin, slot.id, blocked=True, reason="second", now=NOW)
    assert here.count(AuditEvent, record_id=slot.id) == 2
    for _ in range(2):
        slot_keeping.block(here.session, here.admin, slot.id, blocked=False, reason=None, now=NOW)
    assert here.count(AuditEvent, record_id=slot.id) == 3


def test_what_cannot_be_blocked(here: Clinic, elsewhere: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(10))
    booked, free = here.slot(doctor, time(10)).id, here.slot(doctor, time(9)).id
    block = slot_keeping.block
    assert block(here.session, here.admin, booked, blocked=True, reason=None, now=NOW) == Refusal(Code.SLOT_BOOKED)
    late = NOW + timedelta(hours=2)
    assert block(here.session, here.admin, free, blocked=True, reason=None, now=late) == Refusal(Code.DATE_IN_PAST)
    for actor, code in ((here.actor, Code.FORBIDDEN), (elsewhere.admin, Code.SLOT_NOT_FOUND)):
        with pytest.raises(Refused) as refused:
            block(here.session, actor, free, blocked=True, reason=None, now=NOW)
        assert refused.value.refusal.code is code


def test_a_hold_is_for_two_minutes_for_one_person(here: Clinic) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot = here.slot(doctor, time(10)).id
    held = slot_keeping.hold(here.session, here.actor, slot, now=NOW)
    assert isinstance(held, HoldView)
    assert held.expires_at == NOW + timedelta(minutes=2)
    theirs = slot_keeping.hold(here.session, here.other, slot, now=NOW + timedelta(seconds=119))
    assert isinstance(theirs, Refusal)
    assert (theirs.code, theirs.facts["name"]) == (Code.SLOT_HELD, "Reception 1")
    assert isinstance(slot_keeping.hold(here.session, here.actor, slot, now=NOW + timedelta(minutes=1)), HoldView)
    assert isinstance(slot_keeping.hold(here.session, here.other, slot, now=NOW + timedelta(minutes=3)), HoldView)


def test_letting_go_of_a_hold_frees_only_ones_own(here: Clinic) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot = here.slot(doctor, time(10)).id
    slot_keeping.release_hold(here.session, here.actor, slot, now=NOW)
    slot_keeping.hold(here.session, here.actor, slot, now=NOW)
    slot_keeping.release_hold(here.session, here.other, slot, now=NOW)
    assert slot_keeping.get(here.session, here.other, slot, now=NOW).status is SlotStatus.HELD
    slot_keeping.release_hold(here.session, here.actor, slot, now=NOW)
    assert slot_keeping.get(here.session, here.other, slot, now=NOW).status is SlotStatus.AVAILABLE
    with pytest.raises(Refused):
        slot_keeping.release_hold(here.session, here.actor, uuid4(), now=NOW)


def test_a_slot_that_went_away_while_somebody_waited_for_it(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    slot = here.slot(doctor, time(10)).id

    def gone(*_: object) -> bool:
        here.session.execute(sa.delete(DoctorSlot).where(DoctorSlot.id == slot))
        return True

    monkeypatch.setattr(locks, "doctor", gone)
    with pytest.raises(Refused) as refused:
        slot_keeping.hold(here.session, here.actor, slot, now=NOW)
    assert refused.value.refusal.code is Code.SLOT_NOT_FOUND


def test_only_the_doctor_or_an_admin_regenerates(here: Clinic) -> None:
    doctor = here.doctor()
    with pytest.raises(Refused) as refused:
        slot_making.regenerate(here.session, here.actor, doctor, now=NOW)
    assert refused.value.refusal.code is Code.FORBIDDEN


def test_the_nightly_job_extends_every_hospital(here: Clinic, elsewhere: Clinic) -> None:
    doctor, abroad = here.doctor(minutes=60), elsewhere.doctor(minutes=60)
    assert slot_horizons.extend_all(here.session, now=NOW) == 2 * 31 * 7
    assert here.count(DoctorSlot, doctor_id=doctor) == here.count(DoctorSlot, doctor_id=abroad) == 31 * 7
    assert slot_horizons.extend_all(here.session, now=NOW) == 0
    assert slot_horizons.extend_all(here.session, now=NOW + timedelta(days=1)) == 2 * 7


def test_the_night_makes_what_opening_each_day_would(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_horizons, "DOCTORS_AT_ONCE", 1)  # so that some have nothing stored, and some have
    weekdays = tuple(DayOfWeek)[:5]
    here.holiday(TUESDAY)
    here.holiday(MONDAY - timedelta(days=358), is_recurring=True)
    kinds: list[dict[str, Any]] = [{}, {"minutes": 45, "days": weekdays}, {"minutes": 20, "pause": None}, {"days": ()}]
    pairs = [(here.doctor(**kind), here.doctor(**kind)) for kind in kinds]
    begun = here.doctor()
    here.book(begun, here.patient(), time(10), TUESDAY + timedelta(days=1))
    for _, opened in pairs:
        for number in range(31):
            slots.of_date(here.session, here.actor, opened, MONDAY + timedelta(days=number), now=NOW)
    slot_horizons.extend_all(here.session, now=NOW)

    def times(doctor_id: UUID) -> list[tuple[Any, ...]]:
        query = sa.select(DoctorSlot.date, DoctorSlot.start_time, DoctorSlot.end_time, DoctorSlot.starts_at)
        rows = here.session.execute(query.where(DoctorSlot.doctor_id == doctor_id).order_by(DoctorSlot.starts_at))
        return [tuple(row) for row in rows]

    assert [times(made) for made, _ in pairs] == [times(opened) for _, opened in pairs]
    assert times(begun) == times(pairs[0][0])
    assert [len(times(made)) for made, _ in pairs] == [29 * 14, 21 * 9, 29 * 24, 0]


def test_a_cancelled_appointment_of_the_past_leaves_its_day_alone(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    before = here.starts(doctor)
    cancelling.cancel(here.session, here.actor, booked.id, reason=None, now=NOW + timedelta(days=2))
    assert here.starts(doctor) == before


def test_a_holiday_that_is_called_off_leaves_the_day_as_its_hours_give_it(here: Clinic) -> None:
    doctor = here.doctor()
    gone = here.book(doctor, here.patient(), time(10), TUESDAY)
    here.book(doctor, here.patient(), time(11), TUESDAY)
    whole = here.starts(doctor, TUESDAY)
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW)
    cancelling.cancel(here.session, here.actor, gone.id, reason=None, now=NOW)
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    closed = slots.of_date(here.session, here.actor, doctor, TUESDAY, now=NOW)
    assert [f"{slot.start_time:%H:%M} {slot.status}" for slot in closed.items] == ["11:00 BOOKED"]
    holidays.delete(here.session, here.admin, holiday.holiday.id, now=NOW)
    assert [
        f"{s.start_time:%H:%M}" for s in slots.of_date(here.session, here.actor, doctor, TUESDAY, now=NOW).items
    ] == whole


def test_a_day_whose_hours_changed_on_a_holiday_heals_when_it_is_asked_for(here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(11), TUESDAY)
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW)
    here.hours(doctor, DayOfWeek.TUESDAY, time(10), time(12))
    here.session.execute(sa.update(Doctor).where(Doctor.id == doctor).values(slot_duration=20))
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert here.starts(doctor, TUESDAY) == ["11:00"]
    holidays.delete(here.session, here.admin, holiday.holiday.id, now=NOW)
    free = slots.of_date(here.session, here.actor, doctor, TUESDAY, now=NOW).items
    assert [f"{slot.start_time:%H:%M}" for slot in free] == ["10:00", "10:20", "10:40", "11:00", "11:40"]


def test_hours_that_come_back_do_not_hide_leave_that_came_meanwhile(here: Clinic) -> None:
    doctor = here.doctor()
    late = here.book(doctor, here.patient(), time(16))
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(12))
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    here.absence(doctor, MONDAY, MONDAY)
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(17))
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    assert here.row(late.id).affected_cause == AffectedCause.ABSENCE


def test_hours_too_short_for_a_slot_take_no_lock_to_say_so(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = here.doctor(minutes=60, end=time(9, 20), pause=None)

    def never(*_: object) -> None:
        pytest.fail("a look at an empty day locked the doctor")

    monkeypatch.setattr(locks, "doctors", never)
    day = slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    assert (day.items, day.closed_reason) == ([], ClosedReason.DAY_OFF)


@pytest.mark.parametrize("which", [min, max])
def test_a_busy_doctor_does_not_keep_the_night_from_the_others(
    here: Clinic, monkeypatch: pytest.MonkeyPatch, which: Callable[[UUID, UUID], UUID]
) -> None:
    doctors = here.doctor(minutes=60), here.doctor(minutes=60)
    here.session.commit()  # a second connection makes the slots of one of them
    busy = which(*doctors)
    make = slot_making.make_missing

    def sometimes(session: Session, actor: Actor, ids: Sequence[UUID], a: date, b: date, **words: Any) -> int:
        if list(ids) == [busy]:
            raise unit_of_work.Busy
        return make(session, actor, ids, a, b, **words)

    monkeypatch.setattr(slot_horizons, "DOCTORS_AT_ONCE", 1)
    monkeypatch.setattr(slot_making, "make_missing", sometimes)
    with pytest.raises(unit_of_work.Busy):
        slot_horizons.extend_all(here.session, now=NOW)
    assert [here.count(DoctorSlot, doctor_id=one) for one in doctors] == [31 * 7 * (one != busy) for one in doctors]


def test_a_hold_is_proved_by_its_token_too(here: Clinic) -> None:
    doctor = here.doctor()
    slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW)
    held = slot_keeping.hold(here.session, here.other, here.slot(doctor, time(10)).id, now=NOW)
    assert isinstance(held, HoldView)
    request = BookingRequest(here.patient(), doctor, MONDAY, time(10), hold_token="wrong")
    refused = booking.book(here.session, here.actor, request, now=NOW)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.SLOT_HELD
    proved = replace(request, hold_token=held.hold_token)
    assert isinstance(booking.book(here.session, here.actor, proved, now=NOW), AppointmentView)


def test_an_appointment_without_its_slot_gets_it_back_on_any_day_that_is_looked_at(here: Clinic) -> None:
    doctor, weekdays = here.doctor(), here.doctor(days=(DayOfWeek.MONDAY,))
    here.book(doctor, here.patient(), time(10))
    here.book(weekdays, here.patient(), time(11))
    here.session.execute(sa.delete(DoctorSlot).where(DoctorSlot.doctor_id == doctor, DoctorSlot.start_time == time(10)))
    here.session.execute(sa.delete(DoctorSchedule).where(DoctorSchedule.doctor_id == weekdays))
    here.session.execute(sa.delete(DoctorSlot).where(DoctorSlot.doctor_id == weekdays))
    here.holiday(MONDAY)
    looked = slots.of_day(here.session, here.actor, [doctor, weekdays], MONDAY, now=NOW)
    assert [(slot.start_time, slot.status) for slot in looked[doctor].items] == [(time(10), SlotStatus.BOOKED)]
    assert [(slot.start_time, slot.status) for slot in looked[weekdays].items] == [(time(11), SlotStatus.BOOKED)]
    assert here.starts(weekdays) == ["11:00"]
    later = slots.of_day(here.session, here.actor, [doctor], MONDAY, now=NOW)[doctor]
    assert [slot.id for slot in later.items] == [slot.id for slot in looked[doctor].items]
