"""Whoever is expected again, after a no-show or a check-in that was none, learns what came up meanwhile."""

from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.delivery import Answer, Outcome
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.notifications import Channel
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Notification
from hms_web.services import (
    absences,
    booking,
    delivery,
    doctors,
    holidays,
    keeping,
    no_show,
    providers,
    schedules,
    visits,
)
from hms_web.services.absences import AbsenceChange, NewAbsence
from hms_web.services.appointments import AppointmentView
from hms_web.services.doctors import DoctorChange
from hms_web.services.holidays import NewHoliday
from tests import invariants
from tests.scenes import MONDAY, NOW, Clinic

SECRET = "a secret of these tests"
MINUTE = timedelta(minutes=1)
ABSENCE, HOLIDAY = "appointment.affected_by_absence", "appointment.affected_by_holiday"
S = AppointmentStatus


def at(minutes: int) -> datetime:
    return NOW + minutes * MINUTE


def leave(here: Clinic, doctor: UUID, minutes: int, hours: tuple[time, time] | None = None) -> UUID:
    start, end = hours or (None, None)
    wanted = NewAbsence(AbsenceType.SICK_LEAVE, MONDAY, MONDAY, hours is None, start, end)
    effect = absences.create(here.session, here.admin, doctor, wanted, now=at(minutes))
    assert effect.absence
    return effect.absence.id


def back(here: Clinic, doctor: UUID, absence: UUID, minutes: int) -> None:
    absences.cancel(here.session, here.admin, doctor, absence, now=at(minutes))


def status(here: Clinic, key: UUID, wanted: AppointmentStatus, minutes: int) -> None:
    assert isinstance(visits.set_status(here.session, here.actor, key, wanted, now=at(minutes)), AppointmentView)


def missed(here: Clinic, key: UUID, minutes: int) -> None:
    reason = NoShowReason.PATIENT_CALLED
    noted = no_show.mark(here.session, here.actor, key, reason=reason, notes=None, now=at(minutes))
    assert isinstance(noted, AppointmentView), noted


def reverted(here: Clinic, key: UUID, minutes: int) -> tuple[str | None, str | None]:
    """Take a no-show back, and return what speaks against the appointment, and in spite of what it is kept."""
    done = no_show.revert(here.session, here.actor, key, note="Comes after all", now=at(minutes))
    assert isinstance(done, AppointmentView), done
    with here.session.begin():
        invariants.check(here.session.connection())
    return done.affected_cause, done.kept_cause


def told(here: Clinic, key: UUID) -> list[tuple[str, str]]:
    """What was written to a patient by text message, and what became of it."""
    here.session.expire_all()
    rows = here.session.execute(
        sa.select(Notification.event, Notification.state)
        .where(Notification.appointment_id == key, Notification.channel == Channel.SMS)
        .order_by(Notification.created_at, Notification.id)
    )
    return [(event, state) for event, state in rows]


def deliver(here: Clinic, minutes: int) -> None:
    sent = Outcome(Answer.SENT)
    for claimed in delivery.claim(here.session, now=at(minutes)):
        delivery.deliver(here.session, claimed, lambda _: sent, secret=SECRET, luck=0.5, now=at(minutes))


def kept(here: Clinic) -> tuple[UUID, UUID, UUID]:
    """Keep somebody at three in the afternoon in spite of leave; return doctor, appointment and leave."""
    doctor = here.doctor()
    key = here.book(doctor, here.patient(), time(15)).id
    absence = leave(here, doctor, 1)
    assert isinstance(keeping.keep(here.session, here.actor, key, now=at(2)), AppointmentView)
    return doctor, key, absence


def test_whoever_was_never_here_is_told_that_another_time_is_needed(here: Clinic) -> None:
    doctor = here.doctor()
    key = here.book(doctor, here.patient(), time(15)).id
    status(here, key, S.CHECKED_IN, 1)
    leave(here, doctor, 2)
    assert [event for event, _ in told(here, key)] == ["appointment.booked"]
    status(here, key, S.SCHEDULED, 3)
    assert (ABSENCE, "QUEUED") in told(here, key)
    # Once is enough.
    status(here, key, S.CHECKED_IN, 4)
    status(here, key, S.SCHEDULED, 5)
    assert [event for event, _ in told(here, key)].count(ABSENCE) == 1


def test_who_has_heard_it_is_not_told_again_and_who_is_late_is_not_told(here: Clinic) -> None:
    providers.put(here.session, here.admin, Channel.SMS, "json://sms.test/{to}", secret=SECRET, now=NOW)
    doctor = here.doctor()
    key, late = (here.book(doctor, here.patient(), hour).id for hour in (time(15), time(9)))
    status(here, late, S.CHECKED_IN, 1)
    leave(here, doctor, 2)
    deliver(here, 3)
    status(here, key, S.CHECKED_IN, 4)
    status(here, key, S.SCHEDULED, 5)
    assert [event for event, _ in told(here, key)].count(ABSENCE) == 1
    status(here, late, S.SCHEDULED, 90)  # half past nine is when it ends
    assert ABSENCE not in [event for event, _ in told(here, late)]


@pytest.mark.parametrize("way", ["check-in", "no-show"])
def test_what_was_held_back_from_somebody_who_was_never_here_goes_out_after_all(here: Clinic, way: str) -> None:
    providers.put(here.session, here.admin, Channel.SMS, "json://sms.test/{to}", secret=SECRET, now=NOW)
    key = here.book(here.doctor(), here.patient(), time(15)).id
    deliver(here, 1)
    change = booking.AppointmentChange(time=time(16))
    assert isinstance(booking.change(here.session, here.actor, key, change, now=at(2)), AppointmentView)
    if way == "check-in":
        status(here, key, S.CHECKED_IN, 3)
    else:
        missed(here, key, 3)
    deliver(here, 4)
    assert ("appointment.rescheduled", "SUPPRESSED") in told(here, key)
    if way == "check-in":
        status(here, key, S.SCHEDULED, 5)
    else:
        reverted(here, key, 5)
    deliver(here, 6)
    assert ("appointment.rescheduled", "SENT") in told(here, key)


def test_who_called_off_and_comes_after_all_hears_of_what_came_up_meanwhile(here: Clinic) -> None:
    doctor = here.doctor()
    key = here.book(doctor, here.patient(), time(15)).id
    missed(here, key, 1)
    leave(here, doctor, 2)
    assert reverted(here, key, 3) == ("ABSENCE", None)
    assert (ABSENCE, "QUEUED") in told(here, key)


def test_who_was_kept_stays_so_when_nothing_came_up(here: Clinic) -> None:
    doctor, key, _ = kept(here)
    missed(here, key, 3)
    tuesday = DayHours(DayOfWeek.TUESDAY, time(9), time(12))
    week = [DayHours(day, time(9), time(17), time(13), time(14)) for day in DayOfWeek if day is not DayOfWeek.TUESDAY]
    schedules.replace(here.session, here.admin, doctor, [*week, tuesday], now=at(4))
    doctors.change(here.session, here.admin, doctor, DoctorChange(slot_duration=20), now=at(5))
    leave(here, here.doctor(), 6)
    assert reverted(here, key, 7) == (None, "ABSENCE")


def test_nobody_decided_to_keep_anybody_in_spite_of_leave_that_came_later(here: Clinic) -> None:
    doctor, key, absence = kept(here)
    missed(here, key, 3)
    back(here, doctor, absence, 4)
    leave(here, doctor, 5, (time(14), time(16)))
    assert reverted(here, key, 6) == ("ABSENCE", None)


def test_nor_in_spite_of_leave_that_was_changed(here: Clinic) -> None:
    doctor, key, absence = kept(here)
    missed(here, key, 3)
    for hours, minutes in (((time(9), time(10)), 4), ((time(9), time(16)), 5)):
        wanted = AbsenceChange(is_full_day=False, start_time=hours[0], end_time=hours[1])
        absences.change(here.session, here.admin, doctor, absence, wanted, now=at(minutes))
    assert reverted(here, key, 6) == ("ABSENCE", None)


def test_nor_in_spite_of_a_holiday(here: Clinic) -> None:
    _, key, _ = kept(here)
    missed(here, key, 3)
    holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=at(4))
    assert reverted(here, key, 5) == ("HOLIDAY", None)
    assert (HOLIDAY, "QUEUED") in told(here, key)


def test_nor_in_spite_of_other_hours_of_that_weekday(here: Clinic) -> None:
    doctor, key, _ = kept(here)
    missed(here, key, 3)
    schedules.replace(here.session, here.admin, doctor, [DayHours(DayOfWeek.MONDAY, time(9), time(12))], now=at(4))
    assert reverted(here, key, 5) == ("SCHEDULE_CHANGE", None)


@pytest.mark.parametrize("wanted", [DoctorChange(is_available=False), DoctorChange(is_active=False)])
def test_nor_in_spite_of_a_doctor_who_left(here: Clinic, wanted: DoctorChange) -> None:
    doctor, key, _ = kept(here)
    missed(here, key, 3)
    doctors.change(here.session, here.admin, doctor, wanted, now=at(4))
    assert reverted(here, key, 5) == ("DOCTOR_UNAVAILABLE", None)


def test_a_decision_whose_reason_went_is_forgotten(here: Clinic) -> None:
    doctor, key, absence = kept(here)
    missed(here, key, 3)
    back(here, doctor, absence, 4)
    assert reverted(here, key, 5) == (None, None)
