"""When the reason has gone: nobody stays at home for an appointment that stands, and nobody is told twice."""

from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import Said, Standing, no_longer_true
from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Notification
from hms_web.services import absences, doctors, holidays, keeping, schedules, visits
from hms_web.services.absences import NewAbsence
from hms_web.services.appointments import AppointmentView
from hms_web.services.doctors import DoctorChange
from hms_web.services.holidays import NewHoliday
from tests.scenes import MONDAY, NOW, Clinic, clinic

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def here(session: Session) -> Clinic:
    """A clinic on a Monday at 08:00."""
    return clinic(session)


def on_leave(here: Clinic, doctor: UUID) -> UUID:
    """Let a doctor be on leave all Monday."""
    effect = absences.create(
        here.session, here.admin, doctor, NewAbsence(AbsenceType.ANNUAL_LEAVE, MONDAY, MONDAY), now=NOW
    )
    assert effect.absence is not None
    return effect.absence.id


def became(here: Clinic, **columns: object) -> None:
    """Let every waiting SMS have become something."""
    waiting = (Notification.state == DeliveryState.QUEUED, Notification.channel == Channel.SMS)
    here.session.execute(sa.update(Notification).where(*waiting).values(columns))
    here.session.commit()


def texts(here: Clinic, booked: AppointmentView) -> list[str]:
    """The events of a patient's SMS, in order."""
    query = sa.select(Notification.event).where(
        Notification.appointment_id == booked.id, Notification.channel == Channel.SMS
    )
    found = list(here.session.scalars(query.order_by(Notification.created_at, Notification.id)))
    here.session.rollback()
    return found


TOLD = [
    {"state": DeliveryState.SENT},
    {"state": DeliveryState.FAILED},
    {"state": DeliveryState.NOT_CONFIGURED, "phoned_at": NOW},
    {"attempts": 1},  # it timed out, perhaps after it was accepted
    {"claimed_until": NOW - timedelta(minutes=1)},  # its worker died
    {"sendings": 2},  # it went out, and was asked for again
]


@pytest.mark.parametrize("columns", TOLD)
def test_who_may_have_heard_of_leave_hears_that_the_appointment_stays(here: Clinic, columns: dict[str, object]) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = on_leave(here, doctor)
    became(here, **columns)
    absences.cancel(here.session, here.admin, doctor, leave, now=SOON)
    assert here.row(booked.id).affected_cause is None
    assert texts(here, booked)[-2:] == [MessageEvent.AFFECTED_BY_ABSENCE, MessageEvent.KEPT]


@pytest.mark.parametrize("columns", [{"attempts": 0}, {"state": DeliveryState.NOT_CONFIGURED}])
def test_whom_nothing_has_reached_is_not_told_that_nothing_changes(here: Clinic, columns: dict[str, object]) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = on_leave(here, doctor)
    became(here, **columns)
    absences.cancel(here.session, here.admin, doctor, leave, now=SOON)
    assert texts(here, booked)[-1] == MessageEvent.AFFECTED_BY_ABSENCE


def test_a_deleted_holiday_and_hours_that_fit_again_are_told_too(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW).holiday
    became(here, state=DeliveryState.SENT)
    holidays.delete(here.session, here.admin, holiday.id, now=SOON)
    assert texts(here, booked)[-1] == MessageEvent.KEPT
    week = doctors.get(here.session, here.admin, doctor).schedules
    schedules.replace(here.session, here.admin, doctor, week[1:], now=SOON)
    became(here, state=DeliveryState.SENT)
    schedules.replace(here.session, here.admin, doctor, week, now=SOON)
    assert texts(here, booked)[-2:] == [MessageEvent.NEEDS_RESCHEDULING, MessageEvent.KEPT]


def test_one_whose_time_has_begun_stays_on_the_list_and_is_never_a_no_show(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = on_leave(here, doctor)
    became(here, state=DeliveryState.SENT)
    absences.cancel(here.session, here.admin, doctor, leave, now=booked.starts_at)
    assert here.row(booked.id).affected_cause == AffectedCause.ABSENCE
    assert texts(here, booked)[-1] == MessageEvent.AFFECTED_BY_ABSENCE


def test_another_reason_takes_over_and_the_wait_goes_on(here: Clinic) -> None:
    doctor = here.doctor()
    told, untold = (here.book(doctor, here.patient(), time(hour)) for hour in (10, 11))
    leave = on_leave(here, doctor)
    sent = sa.update(Notification).where(Notification.appointment_id == told.id, Notification.channel == Channel.SMS)
    here.session.execute(sent.values(state=DeliveryState.SENT))
    here.session.commit()
    holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=SOON)
    absences.cancel(here.session, here.admin, doctor, leave, now=SOON)
    for booked in (told, untold):
        row = here.row(booked.id)
        assert (row.affected_cause, row.affected_at) == (AffectedCause.HOLIDAY, NOW)
    # who knows that another time is needed knows enough; the other one's first message is not true any more
    assert texts(here, told)[-1] == MessageEvent.AFFECTED_BY_ABSENCE
    assert texts(here, untold)[-1] == MessageEvent.AFFECTED_BY_HOLIDAY
    standing = Standing(untold.starts_at, doctor, AppointmentStatus.SCHEDULED, AffectedCause.HOLIDAY)
    said = Said(untold.starts_at, doctor)
    assert no_longer_true(MessageEvent.AFFECTED_BY_ABSENCE, said, standing) is not None
    assert no_longer_true(MessageEvent.AFFECTED_BY_HOLIDAY, said, standing) is None


def test_who_heard_of_the_first_reason_hears_when_the_last_has_gone(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = on_leave(here, doctor)
    became(here, state=DeliveryState.SENT)
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=SOON).holiday
    absences.cancel(here.session, here.admin, doctor, leave, now=SOON)
    holidays.delete(here.session, here.admin, holiday.id, now=SOON)
    assert texts(here, booked)[-2:] == [MessageEvent.AFFECTED_BY_ABSENCE, MessageEvent.KEPT]


def test_who_was_told_that_it_stays_is_told_when_something_else_speaks_against_it(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = on_leave(here, doctor)
    holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW)
    keeping.keep(here.session, here.actor, booked.id, now=NOW)
    became(here, state=DeliveryState.SENT)
    absences.cancel(here.session, here.admin, doctor, leave, now=SOON)
    row = here.row(booked.id)
    assert (row.affected_cause, row.kept_cause) == (AffectedCause.HOLIDAY, None)
    assert texts(here, booked)[-1] == MessageEvent.AFFECTED_BY_HOLIDAY


def test_a_doctor_who_is_back_lets_nobody_stand_on_the_list(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_available=False), now=NOW)
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.SCHEDULED, now=NOW)
    assert here.row(booked.id).affected_cause == AffectedCause.DOCTOR_UNAVAILABLE
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_available=True), now=SOON)
    assert here.row(booked.id).affected_cause is None


def test_patients_of_a_switched_off_account_hear_that_the_doctor_is_away(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_active=False), now=NOW)
    assert here.row(booked.id).affected_cause == AffectedCause.DOCTOR_UNAVAILABLE
    assert texts(here, booked)[-1] == MessageEvent.AFFECTED_BY_ABSENCE
