"""What leave would do, said before it is done: slots that close and open, and who leaves the affected list."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

import pytest

from hms_web.domain.absence_slots import DayLoad, TouchedDay
from hms_web.domain.absences import AbsenceType
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET
from hms_web.models import AuditEvent, DoctorSlot
from hms_web.services import absence_slots, absences, slots
from hms_web.services.absences import AbsenceChange, AbsenceEffect, NewAbsence
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic
from tests.services.absence_scenes import DAY, LEAVE, PART, TUESDAY, cancel, change, made, statuses


def foretold(here: Clinic, doctor_id: UUID, wanted: NewAbsence = LEAVE) -> AbsenceEffect:
    return absences.preview(here.session, here.admin, doctor_id, wanted, now=NOW)


def foretold_change(here: Clinic, doctor_id: UUID, absence_id: UUID, wanted: AbsenceChange) -> AbsenceEffect:
    return absences.preview_change(here.session, here.admin, doctor_id, absence_id, wanted, now=NOW)


def foretold_cancel(here: Clinic, doctor_id: UUID, absence_id: UUID) -> AbsenceEffect:
    return absences.preview_cancel(here.session, here.admin, doctor_id, absence_id, now=NOW)


def free(days: tuple[TouchedDay, ...]) -> dict[date, list[str]]:
    return {day.day: [f"{at:%H:%M}" for at in day.free] for day in days}


def available(here: Clinic, doctor_id: UUID, day: date = MONDAY) -> set[str]:
    return {at for at, status in statuses(here, doctor_id, day).items() if status == "AVAILABLE"}


def test_the_slots_that_close_are_those_that_were_free_and_are_not_afterwards(here: Clinic) -> None:
    doctor_id = here.doctor()
    here.book(doctor_id, here.patient(), time(10))
    before = {day: available(here, doctor_id, day) for day in (MONDAY, TUESDAY)}
    closes = foretold(here, doctor_id).closes
    assert {day: set(times) for day, times in free(closes).items()} == before
    assert [day.booked for day in closes] == [(time(10),), ()]
    made(here, doctor_id)
    assert available(here, doctor_id) == available(here, doctor_id, TUESDAY) == set()


def test_slots_that_are_not_made_yet_are_told_without_making_them(here: Clinic) -> None:
    doctor_id = here.doctor()
    assert [day.count for day in foretold(here, doctor_id).closes] == [14, 14]
    assert here.count(DoctorSlot) == 0


def test_days_beyond_the_booking_window_have_no_slots_yet(here: Clinic) -> None:
    doctor_id = here.doctor()
    over = foretold(here, doctor_id, replace(LEAVE, start_date=LAST_DAY, end_date=LAST_DAY + 5 * DAY))
    assert [day.day for day in over.closes] == [LAST_DAY]
    beyond = foretold(here, doctor_id, replace(LEAVE, start_date=LAST_DAY + DAY, end_date=LAST_DAY + DAY))
    assert beyond.closes == ()


def test_extending_closes_only_the_added_slots(here: Clinic) -> None:
    doctor_id = here.doctor()
    absence_id = made(here, doctor_id, PART)
    effect = foretold_change(here, doctor_id, absence_id, AbsenceChange(end_time=time(12, 30)))
    assert (free(effect.closes), effect.opens) == ({MONDAY: ["12:00"]}, ())


def test_moving_says_what_closes_what_opens_and_who_leaves_the_list(here: Clinic) -> None:
    doctor_id = here.doctor()
    leaves = here.book(doctor_id, here.patient(), time(10))
    stays = here.book(doctor_id, here.patient(), time(11, 30))
    absence_id = made(here, doctor_id, PART)
    wanted = AbsenceChange(start_time=time(11), end_time=time(13))
    effect = foretold_change(here, doctor_id, absence_id, wanted)
    assert free(effect.closes) == {MONDAY: ["12:00", "12:30"]}
    assert free(effect.opens) == {MONDAY: ["10:30"]}
    assert [day.booked for day in effect.opens] == [(time(10),)]
    assert [view.id for view in effect.settled] == [leaves.id]
    change(here, doctor_id, absence_id, start_time=time(11), end_time=time(13))
    assert here.row(leaves.id).affected_cause is None
    assert here.row(stays.id).affected_cause == "ABSENCE"


def test_cancelling_says_what_opens_and_who_leaves_the_list_and_changes_nothing(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id, PART)
    written = here.count(AuditEvent)
    effect = foretold_cancel(here, doctor_id, absence_id)
    assert free(effect.opens) == {MONDAY: ["10:30", "11:00", "11:30"]}
    assert [view.id for view in effect.settled] == [booked.id]
    assert (effect.absence, effect.affected, effect.closes) == (None, [], ())
    assert here.count(AuditEvent) == written
    before = available(here, doctor_id)
    cancel(here, doctor_id, absence_id)
    assert available(here, doctor_id) - before == {"10:30", "11:00", "11:30"}
    assert here.row(booked.id).affected_cause is None


def test_whose_time_has_begun_stays_on_the_list_and_nothing_else_is_promised(here: Clinic) -> None:
    doctor_id = here.doctor()
    begun, still = here.book(doctor_id, here.patient(), time(10)), here.book(doctor_id, here.patient(), time(11))
    absence_id = made(here, doctor_id, PART)
    at = begun.starts_at + timedelta(minutes=5)
    effect = absences.preview_cancel(here.session, here.admin, doctor_id, absence_id, now=at)
    assert [view.id for view in effect.settled] == [still.id]
    absences.cancel(here.session, here.admin, doctor_id, absence_id, now=at)
    assert [here.row(key).affected_cause for key in (begun.id, still.id)] == ["ABSENCE", None]


def test_what_something_else_closes_does_not_open(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10), TUESDAY)
    absence_id = made(here, doctor_id)
    here.holiday(TUESDAY)
    effect = foretold_cancel(here, doctor_id, absence_id)
    assert TUESDAY not in free(effect.opens)
    assert effect.settled == ()
    cancel(here, doctor_id, absence_id)
    assert here.row(booked.id).affected_cause == "HOLIDAY"


def test_one_that_is_cancelled_cannot_be_cancelled_again(here: Clinic) -> None:
    doctor_id = here.doctor()
    absence_id = made(here, doctor_id)
    cancel(here, doctor_id, absence_id)
    with pytest.raises(Refused) as caught:
        foretold_cancel(here, doctor_id, absence_id)
    assert caught.value.refusal.code is Code.ABSENCE_NOT_FOUND


def test_a_change_of_the_kind_alone_touches_no_slot(here: Clinic) -> None:
    doctor_id = here.doctor()
    absence_id = made(here, doctor_id)
    effect = foretold_change(here, doctor_id, absence_id, AbsenceChange(absence_type=AbsenceType.OTHER, reason=UNSET))
    assert (effect.closes, effect.opens, effect.settled, effect.affected) == ((), (), (), [])


def test_a_month_says_what_each_day_is_and_how_full(here: Clinic) -> None:
    doctor_id = here.doctor()
    here.book(doctor_id, here.patient(), time(10))
    in_leave = here.book(doctor_id, here.patient(), time(10), TUESDAY)
    slots.of_date(here.session, here.actor, doctor_id, TUESDAY, now=NOW)
    absence_id = made(here, doctor_id, replace(LEAVE, start_date=TUESDAY))
    here.holiday(MONDAY + 2 * DAY)
    first, last = MONDAY - DAY, MONDAY + 40 * DAY
    month = absence_slots.calendar(here.session, here.actor, doctor_id, first, last, now=NOW)
    assert [day.day for day in month] == [first + timedelta(days=n) for n in range(42)]
    by_day = {day.day: day for day in month}
    assert by_day[first].load == DayLoad(0, 0), "never offered"
    assert by_day[MONDAY].load == DayLoad(1, 14)
    assert by_day[TUESDAY].load == DayLoad(0, 0, 1)
    assert [span.absence_id for span in by_day[TUESDAY].absences] == [absence_id]
    assert by_day[MONDAY + 2 * DAY].holiday == "Holi"
    assert by_day[last].load == DayLoad(0, 14), "will be offered"
    assert all(day.is_working_day for day in month)
    assert here.row(in_leave.id).affected_cause == "ABSENCE"


def test_another_hospitals_doctor_has_no_month(here: Clinic, elsewhere: Clinic) -> None:
    doctor_id = elsewhere.doctor()
    with pytest.raises(Refused) as caught:
        absence_slots.calendar(here.session, here.actor, doctor_id, MONDAY, TUESDAY, now=NOW)
    assert caught.value.refusal.code is Code.DOCTOR_NOT_FOUND
