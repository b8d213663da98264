"""The affected list: grouped by what caused it, oldest first."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.models import Appointment
from hms_web.services import affected, doctors, holidays, schedules
from hms_web.services.doctors import DoctorChange
from hms_web.services.holidays import NewHoliday
from tests.api.callers import person
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, away, ill

SHORT = [DayHours(day, time(9), time(12)) for day in DayOfWeek]


def test_each_cause_is_a_group_of_its_own(here: Clinic) -> None:
    clinic = ill(here, 2)
    short, gone, free = here.doctor(), here.doctor(), here.doctor()
    late, lost = here.book(short, here.patient(), time(15)), here.book(gone, here.patient(), time(9))
    closed = here.book(free, here.patient(), time(9), TUESDAY)
    schedules.replace(here.session, here.admin, short, SHORT, now=NOW + timedelta(minutes=1))
    doctors.change(here.session, here.admin, gone, DoctorChange(is_active=False), now=NOW + timedelta(minutes=2))
    holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=3))
    groups = affected.grouped(here.session, here.actor)
    assert [(group.cause, [view.id for view in group.items]) for group in groups] == [
        (AffectedCause.ABSENCE, clinic.ids),
        (AffectedCause.SCHEDULE_CHANGE, [late.id]),
        (AffectedCause.DOCTOR_UNAVAILABLE, [lost.id]),
        (AffectedCause.HOLIDAY, [closed.id]),
    ]
    first, _second, third, last = groups
    assert first.absence
    assert (first.absence.id, first.doctor_name, first.key) == (
        clinic.absence, clinic.booked[0].doctor_name, f"ABSENCE:{clinic.absence}",
    )  # fmt: skip
    assert (third.key, third.absence) == (f"DOCTOR_UNAVAILABLE:{gone}", None)
    assert last.holiday
    assert (last.holiday.name, last.doctor_id, last.key) == ("Holi", None, f"HOLIDAY:{TUESDAY}")
    assert affected.count(here.session, here.actor) == 5


def test_it_can_be_narrowed(here: Clinic) -> None:
    clinic = ill(here, 2)
    other = here.doctor()
    booked = here.book(other, here.patient(), time(9))
    away(here, other)
    ids = lambda **by: [  # noqa: E731
        view.id for group in affected.grouped(here.session, here.actor, **by) for view in group.items
    ]
    assert ids(doctor_id=other) == [booked.id]
    assert ids(cause=AffectedCause.HOLIDAY) == []
    assert set(ids(cause=AffectedCause.ABSENCE)) == {booked.id, *clinic.ids}


def test_who_waits_longest_comes_first(here: Clinic) -> None:
    clinic = ill(here, 3)
    here.session.execute(
        sa.update(Appointment).where(Appointment.id == clinic.ids[2]).values(affected_at=NOW - timedelta(hours=1))
    )
    here.session.execute(sa.update(Appointment).where(Appointment.id == clinic.ids[1]).values(affected_at=None))
    here.session.commit()
    (group,) = affected.grouped(here.session, here.actor)
    assert [view.id for view in group.items] == [clinic.ids[2], clinic.ids[0], clinic.ids[1]]


def test_a_cause_that_is_not_there_any_more_still_makes_a_group(here: Clinic) -> None:
    clinic = ill(here, 1)
    here.session.execute(sa.text("UPDATE doctor_absences SET status = 'CANCELLED'"))
    here.session.commit()
    (group,) = affected.grouped(here.session, here.actor)
    assert (group.absence, group.doctor_id, group.key) == (None, clinic.doctor, f"ABSENCE:{clinic.doctor}")


def test_a_doctor_sees_their_own_and_a_nurse_none(here: Clinic, elsewhere: Clinic) -> None:
    clinic = ill(here, 2)
    own, colleague = clinic.doctor_actor(clinic.doctor), clinic.doctor_actor(clinic.colleague)
    assert [len(group.items) for group in affected.grouped(here.session, own)] == [2]
    assert affected.grouped(here.session, colleague) == []
    assert affected.grouped(here.session, colleague, doctor_id=clinic.doctor) == []
    assert (affected.count(here.session, own), affected.count(here.session, colleague)) == (2, 0)
    assert affected.grouped(here.session, elsewhere.actor) == []
    assert affected.count(here.session, elsewhere.actor) == 0
    with pytest.raises(Refused) as refused:
        affected.grouped(here.session, person(here, Role.NURSE))
    assert refused.value.refusal.code is Code.FORBIDDEN


def test_nobody_waits_on_a_good_day(here: Clinic) -> None:
    here.book(here.doctor(), here.patient(), time(9), MONDAY)
    assert affected.grouped(here.session, here.actor) == []
