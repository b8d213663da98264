"""Replacing a doctor's weekly hours, and showing beforehand what that does."""

from dataclasses import replace
from datetime import time
from uuid import uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor, Role
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import AuditEvent, DoctorSchedule, Notification
from hms_web.services import schedules, visits
from tests.scenes import NOW, Clinic

MONDAY = DayHours(DayOfWeek.MONDAY, time(9), time(12))
TUESDAY = DayHours(DayOfWeek.TUESDAY, time(9), time(17), time(13), time(14))


def test_new_hours_replace_the_old_ones_and_slots_follow(here: Clinic) -> None:
    doctor_id = here.doctor()
    here.book(doctor_id, here.patient(), time(10))
    done = schedules.replace(here.session, here.admin, doctor_id, [TUESDAY, MONDAY], now=NOW)
    assert done.schedules == [MONDAY, TUESDAY]
    assert done.affected == []
    assert done.slots_removed == 8
    assert done.slots_created > 0
    assert schedules.weeks_of(here.session, [doctor_id]) == {doctor_id: [MONDAY, TUESDAY]}
    assert here.starts(doctor_id) == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "doctor.schedule_replaced")).one()
    assert event.details["changes"]["schedules"]["to"][0]["end_time"] == "12:00"
    assert len(event.details["changes"]["schedules"]["from"]) == 7


def test_the_same_hours_change_nothing(here: Clinic) -> None:
    doctor_id = here.doctor(days=(DayOfWeek.TUESDAY,))
    done = schedules.replace(here.session, here.admin, doctor_id, [TUESDAY], now=NOW)
    assert (done.schedules, done.slots_removed, done.slots_created, done.affected) == ([TUESDAY], 0, 0, [])
    assert here.count(AuditEvent, action="doctor.schedule_replaced") == 0


def test_what_no_longer_fits_is_affected_and_foretold(here: Clinic) -> None:
    doctor_id = here.doctor()
    fits, late, arrived = (here.book(doctor_id, here.patient(), time(hour)) for hour in (10, 15, 16))
    visits.set_status(here.session, here.actor, arrived.id, AppointmentStatus.CHECKED_IN, now=NOW)
    foretold = schedules.preview(here.session, here.admin, doctor_id, [MONDAY], now=NOW)
    assert [view.id for view in foretold.affected] == [late.id, arrived.id]
    assert here.row(late.id).affected_cause is None
    done = schedules.replace(here.session, here.admin, doctor_id, [MONDAY], now=NOW)
    assert [view.id for view in done.affected] == [late.id, arrived.id]
    assert here.row(late.id).affected_cause == here.row(arrived.id).affected_cause == AffectedCause.SCHEDULE_CHANGE
    assert here.row(fits.id).affected_cause is None
    assert here.count(Notification, event=MessageEvent.NEEDS_RESCHEDULING, priority="HIGH") == 2


def test_a_preview_counts_the_slots_of_each_day_and_stores_nothing(here: Clinic) -> None:
    doctor_id = here.doctor(minutes=30)
    shown = schedules.preview(here.session, here.admin, doctor_id, [TUESDAY, MONDAY], now=NOW)
    assert [(day.hours.day_of_week, day.slots) for day in shown.days] == [("MONDAY", 6), ("TUESDAY", 14)]
    finer = schedules.preview(here.session, here.admin, doctor_id, [TUESDAY], slot_duration=15, now=NOW)
    assert [day.slots for day in finer.days] == [28]
    assert finer.days[0].times[:3] == (time(9), time(9, 15), time(9, 30))
    assert finer.days[0].times[16] == time(14), "after the break"
    with pytest.raises(InvalidInput) as caught:
        schedules.preview(here.session, here.admin, doctor_id, [TUESDAY], slot_duration=4, now=NOW)
    assert [field for field, _ in caught.value.errors] == ["slotDuration"]
    assert here.count(DoctorSchedule, doctor_id=doctor_id) == 7


def test_hours_that_are_switched_off_are_kept_and_give_no_slots(here: Clinic) -> None:
    doctor_id = here.doctor()
    off = replace(MONDAY, is_active=False)
    schedules.replace(here.session, here.admin, doctor_id, [off], now=NOW)
    assert schedules.weeks_of(here.session, [doctor_id])[doctor_id] == [off]
    assert here.starts(doctor_id) == []


@pytest.mark.parametrize("call", [schedules.replace, schedules.preview])
def test_a_week_has_to_be_right(here: Clinic, call: object) -> None:
    doctor_id = here.doctor()
    with pytest.raises(InvalidInput) as caught:
        call(here.session, here.admin, doctor_id, [MONDAY, MONDAY], now=NOW)  # type: ignore[operator]
    assert [field for field, _ in caught.value.errors] == ["schedules.1.dayOfWeek"]


@pytest.mark.parametrize("call", [schedules.replace, schedules.preview])
def test_only_the_doctor_or_an_admin_changes_hours(here: Clinic, elsewhere: Clinic, call: object) -> None:
    doctor_id, other_id = here.doctor(), here.doctor()

    def answer(actor: Actor, wanted: object = doctor_id) -> Code | None:
        try:
            call(here.session, actor, wanted, [MONDAY], now=NOW)  # type: ignore[operator]
        except Refused as error:
            return error.refusal.code
        return None

    doctor = replace(here.actor, role=Role.DOCTOR, doctor_id=doctor_id)
    assert answer(doctor) is None
    assert answer(here.admin) is None
    assert answer(doctor, other_id) is Code.FORBIDDEN
    assert answer(here.actor) is Code.FORBIDDEN
    assert answer(elsewhere.admin) is Code.DOCTOR_NOT_FOUND
    assert answer(here.admin, uuid4()) is Code.DOCTOR_NOT_FOUND
