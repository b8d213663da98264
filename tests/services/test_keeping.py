"""An appointment that is kept: an ordinary one, until something new speaks against it."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, Notification
from hms_web.services import (
    absences,
    appointments,
    booking,
    cancelling,
    doctors,
    holidays,
    keeping,
    schedules,
    slot_making,
    visits,
)
from hms_web.services.absences import NewAbsence
from hms_web.services.appointments import AppointmentView
from hms_web.services.doctors import DoctorChange
from hms_web.services.holidays import NewHoliday
from tests import invariants
from tests.scenes import MONDAY, NOW, Clinic

SHORT = DayHours(DayOfWeek.MONDAY, time(9), time(12))
TUESDAY = DayHours(DayOfWeek.TUESDAY, time(9), time(17))


def kept(here: Clinic, booked: AppointmentView) -> AppointmentView:
    view = keeping.keep(here.session, here.actor, booked.id, version=here.row(booked.id).version, now=NOW)
    assert isinstance(view, AppointmentView), view
    return view


def marks(here: Clinic, appointment_id: UUID) -> tuple[str | None, str | None]:
    row = here.row(appointment_id)
    return row.affected_cause, row.kept_cause


def away(here: Clinic, doctor: UUID, first: date = MONDAY, hours: tuple[time, time] | None = None) -> UUID:
    start, end = hours or (None, None)
    wanted = NewAbsence(AbsenceType.ANNUAL_LEAVE, first, first, hours is None, start, end)
    effect = absences.create(here.session, here.admin, doctor, wanted, now=NOW)
    assert effect.absence
    return effect.absence.id


def test_it_leaves_the_list_and_its_patient_is_told(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    away(here, doctor)
    view = kept(here, booked)
    assert (view.affected_cause, view.affected_at, view.kept_cause, view.version) == (
        None, None, AffectedCause.ABSENCE, 3,
    )  # fmt: skip
    assert appointments.affected(here.session, here.actor) == []
    assert here.count(Notification, event=MessageEvent.KEPT) == 2
    assert here.count(AuditEvent, action="appointment.kept", record_id=booked.id) == 1


def test_what_cannot_be_kept(here: Clinic, elsewhere: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    keep = keeping.keep
    assert keep(here.session, here.actor, booked.id, now=NOW) == Refusal(Code.NOT_AFFECTED)
    away(here, doctor)
    assert keep(here.session, here.actor, booked.id, version=1, now=NOW) == Refusal(Code.STALE_VERSION)
    for actor, key in ((elsewhere.actor, booked.id), (here.actor, uuid4())):
        assert keep(here.session, actor, key, now=NOW) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    cancelling.cancel(here.session, here.actor, booked.id, reason="Called", now=NOW)
    assert keep(here.session, here.actor, booked.id, now=NOW) == Refusal(Code.NOT_AFFECTED)


def test_hours_that_do_not_change_its_day_leave_it_alone(here: Clinic) -> None:
    doctor = here.doctor(days=(DayOfWeek.MONDAY, DayOfWeek.TUESDAY))
    booked = here.book(doctor, here.patient(), time(15))
    schedules.replace(here.session, here.admin, doctor, [SHORT, TUESDAY], now=NOW)
    assert marks(here, booked.id) == ("SCHEDULE_CHANGE", None)
    kept(here, booked)
    longer = replace(TUESDAY, end_time=time(18))
    assert schedules.preview(here.session, here.admin, doctor, [SHORT, longer], now=NOW).affected == []
    assert schedules.replace(here.session, here.admin, doctor, [SHORT, longer], now=NOW).affected == []
    slot_making.regenerate(here.session, here.admin, doctor, now=NOW)
    doctors.change(here.session, here.admin, doctor, DoctorChange(slot_duration=20), now=NOW)
    assert marks(here, booked.id) == (None, "SCHEDULE_CHANGE")


def test_new_hours_of_its_own_day_are_a_new_fact(here: Clinic) -> None:
    doctor = here.doctor(days=(DayOfWeek.MONDAY,))
    booked = here.book(doctor, here.patient(), time(15))
    schedules.replace(here.session, here.admin, doctor, [SHORT], now=NOW)
    kept(here, booked)
    shorter = [replace(SHORT, end_time=time(11))]
    foretold = schedules.preview(here.session, here.admin, doctor, shorter, now=NOW).affected
    assert [view.id for view in foretold] == [booked.id]
    schedules.replace(here.session, here.admin, doctor, shorter, now=NOW)
    assert marks(here, booked.id) == ("SCHEDULE_CHANGE", None)


def test_when_the_reason_goes_so_does_the_decision(here: Clinic) -> None:
    doctor = here.doctor(days=(DayOfWeek.MONDAY,))
    booked = here.book(doctor, here.patient(), time(15))
    whole = schedules.weeks_of(here.session, [doctor])[doctor]
    schedules.replace(here.session, here.admin, doctor, [SHORT], now=NOW)
    kept(here, booked)
    schedules.replace(here.session, here.admin, doctor, whole, now=NOW)
    assert marks(here, booked.id) == (None, None)
    assert here.count(AuditEvent, record_id=booked.id) == here.row(booked.id).version
    schedules.replace(here.session, here.admin, doctor, [SHORT], now=NOW)
    assert marks(here, booked.id) == ("SCHEDULE_CHANGE", None)


@pytest.mark.parametrize("cause", [AffectedCause.ABSENCE, AffectedCause.HOLIDAY])
def test_new_leave_or_a_new_holiday_puts_it_back(here: Clinic, cause: AffectedCause) -> None:
    doctor = here.doctor(days=(DayOfWeek.MONDAY,))
    booked = here.book(doctor, here.patient(), time(15))
    schedules.replace(here.session, here.admin, doctor, [SHORT], now=NOW)
    kept(here, booked)
    if cause is AffectedCause.ABSENCE:
        away(here, doctor)
    else:
        holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW)
    assert marks(here, booked.id) == (cause, None)


def test_the_end_of_leave_shows_what_else_speaks_against_it(here: Clinic) -> None:
    doctor = here.doctor(days=(DayOfWeek.MONDAY,))
    booked, other = here.book(doctor, here.patient(), time(15)), here.book(doctor, here.patient(), time(10))
    absence = away(here, doctor)
    kept(here, booked)
    kept(here, other)
    schedules.replace(here.session, here.admin, doctor, [TUESDAY], now=NOW)
    assert marks(here, booked.id) == ("SCHEDULE_CHANGE", None)
    kept(here, booked)
    here.session.execute(sa.update(Appointment).values(kept_cause="ABSENCE"))
    here.session.commit()
    absences.cancel(here.session, here.admin, doctor, absence, now=NOW)
    assert marks(here, booked.id) == ("SCHEDULE_CHANGE", None)


def test_other_leave_that_ends_changes_nothing(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    early = away(here, doctor, hours=(time(9, 30), time(10, 15)))
    away(here, doctor, hours=(time(10, 15), time(11)))
    kept(here, booked)
    absences.cancel(here.session, here.admin, doctor, early, now=NOW)
    assert marks(here, booked.id) == (None, "ABSENCE")


def test_an_account_that_works_again_ends_it(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_active=False), now=NOW)
    assert marks(here, booked.id) == ("DOCTOR_UNAVAILABLE", None)
    kept(here, booked)
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_active=True), now=NOW)
    assert marks(here, booked.id) == (None, None)
    doctors.change(here.session, here.admin, doctor, DoctorChange(is_active=False), now=NOW)
    assert marks(here, booked.id) == ("DOCTOR_UNAVAILABLE", None)


def test_a_check_in_that_is_undone_leaves_it_kept(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    away(here, doctor)
    kept(here, booked)
    for status in (AppointmentStatus.CHECKED_IN, AppointmentStatus.SCHEDULED):
        assert isinstance(visits.set_status(here.session, here.actor, booked.id, status, now=NOW), AppointmentView)
    assert marks(here, booked.id) == (None, "ABSENCE")


def test_who_stays_on_the_list_because_their_time_has_begun_is_kept_in_spite_of_nothing(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    absence, begun = away(here, doctor), booked.starts_at
    absences.cancel(here.session, here.admin, doctor, absence, now=begun)
    assert marks(here, booked.id) == ("ABSENCE", None)
    assert isinstance(keeping.keep(here.session, here.actor, booked.id, now=begun), AppointmentView)
    assert marks(here, booked.id) == (None, None)
    invariants.check(here.session.connection())


def test_and_in_spite_of_what_speaks_against_them_by_now(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    absence, begun = away(here, doctor), booked.starts_at
    holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=begun)
    absences.cancel(here.session, here.admin, doctor, absence, now=begun)
    assert isinstance(keeping.keep(here.session, here.actor, booked.id, now=begun), AppointmentView)
    assert marks(here, booked.id) == (None, "HOLIDAY")
    invariants.check(here.session.connection())


def test_a_move_forgets_it(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    away(here, doctor)
    kept(here, booked)
    change = booking.AppointmentChange(date=MONDAY + timedelta(days=1))
    assert isinstance(booking.change(here.session, here.actor, booked.id, change, now=NOW), AppointmentView)
    assert marks(here, booked.id) == (None, None)


def test_two_parts_of_a_day_of_which_one_ends(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    early = away(here, doctor, hours=(time(9, 30), time(10, 15)))
    away(here, doctor, hours=(time(10, 15), time(11)))
    absences.cancel(here.session, here.admin, doctor, early, now=NOW)
    assert marks(here, booked.id) == ("ABSENCE", None)
