"""What a booking knows of a wanted time is what a look at the whole day knows of it."""

from collections.abc import Callable
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.schedules import DayOfWeek
from hms_web.models import DoctorSlot
from hms_web.services import cancelling, outlooks, placing, slot_keeping
from tests.scenes import MONDAY, NOW, Clinic, clinic

TUESDAY = MONDAY + timedelta(days=1)
Scene = Callable[[Clinic, UUID], object]


def leave(here: Clinic, doctor: UUID) -> None:
    here.absence(doctor, MONDAY, MONDAY, (time(11), time(12)))
    here.absence(doctor, MONDAY, MONDAY, (time(15), time(16)))
    here.absence(doctor, TUESDAY, TUESDAY)


def holidays(here: Clinic, _doctor: UUID) -> None:
    here.holiday(MONDAY)
    here.holiday(MONDAY.replace(year=2020), is_recurring=True)
    here.holiday(TUESDAY)


def bookings(here: Clinic, doctor: UUID) -> None:
    for at in (time(9), time(10), time(16, 30)):
        here.book(doctor, here.patient(), at)
    cancelling.cancel(here.session, here.actor, here.book(doctor, here.patient(), time(12)).id, reason=None, now=NOW)
    here.book(doctor, here.patient(), time(9), TUESDAY)
    here.book(here.doctor(), here.patient(), time(15))


def holds(here: Clinic, doctor: UUID) -> None:
    slot_keeping.hold(here.session, here.other, here.slot(doctor, time(10)).id, now=NOW)
    slot_keeping.hold(here.session, here.other, here.slot(doctor, time(11)).id, now=NOW - timedelta(hours=1))


def blocks(here: Clinic, doctor: UUID) -> None:
    for at, reason in ((time(11), "MRI"), (time(15), None)):
        slot_keeping.block(here.session, here.admin, here.slot(doctor, at).id, blocked=True, reason=reason, now=NOW)


def other_hours(here: Clinic, doctor: UUID) -> None:
    here.hours(doctor, DayOfWeek.MONDAY, time(9), time(12), (time(10), time(10, 30)))


def days_off(here: Clinic, doctor: UUID) -> None:
    week = sa.text("UPDATE doctor_schedules SET is_active = false WHERE doctor_id = :doctor")
    here.session.execute(week, {"doctor": doctor})
    here.session.commit()


@pytest.mark.parametrize("scene", [leave, holidays, bookings, holds, blocks, other_hours, days_off])
def test_a_time_alone_says_what_the_day_says(here: Clinic, scene: Scene) -> None:
    doctor, patient = here.doctor(), here.patient()
    placing.find(here.session, here.actor, doctor, MONDAY, time(9), NOW)
    here.session.commit()
    scene(here, doctor)
    for half in range(18, 34):
        at = time(half // 2, half % 2 * 30)
        outlook = outlooks.look(here.session, here.actor, doctor, MONDAY, at, patient)
        assert outlook is not None
        assert outlook.place == placing.find(here.session, here.actor, doctor, MONDAY, at, NOW), at


def test_a_hospital_knows_nothing_of_anothers_doctor(here: Clinic, elsewhere: Clinic) -> None:
    for doctor in (elsewhere.doctor(), uuid4()):
        assert outlooks.look(here.session, here.actor, doctor, MONDAY, time(9), here.patient()) is None


def test_a_day_without_slots_gets_them_when_somebody_books(here: Clinic) -> None:
    doctor = here.doctor()
    assert here.starts(doctor) == []
    assert here.book(doctor, here.patient(), time(10)).start_time == time(10)
    assert len(here.starts(doctor)) == 14


def test_a_time_that_lost_its_slot_gets_one_again(here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(9))
    here.session.execute(sa.delete(DoctorSlot).where(DoctorSlot.id == here.slot(doctor, time(10)).id))
    here.session.commit()
    assert here.book(doctor, here.patient(), time(10)).start_time == time(10)


def test_of_a_time_that_comes_twice_the_first_is_booked(session: Session) -> None:
    """In Berlin the clock is put back from three to two on the last Sunday of October."""
    there = clinic(session, "Europe/Berlin")
    day = date(2026, 10, 25)
    doctor = there.doctor(start=time(1), end=time(5), pause=None)
    now = NOW.replace(month=10, day=20)
    first = placing.find(there.session, there.actor, doctor, day, time(2), now)
    session.commit()
    outlook = outlooks.look(there.session, there.actor, doctor, day, time(2), there.patient())
    assert outlook is not None
    assert outlook.place == first
    assert first.slot is not None
