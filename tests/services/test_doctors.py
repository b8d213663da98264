"""Doctors and their accounts, and what a change does to their appointments."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, Doctor, LoginSession, Notification, User
from hms_web.services import doctors, identity, users, visits
from hms_web.services.doctors import DoctorChange, DoctorChanged, NewDoctor
from tests.scenes import MONDAY, NOW, Clinic

PASSWORD = "four words of mine"


def add(here: Clinic, **columns: object) -> doctors.CreatedDoctor:
    given: dict[str, Any] = {
        "name": "Dr. Meera Nair",
        "email": "Meera@city.test",
        "department": " Paediatrics ",
    } | columns
    return doctors.create(here.session, here.admin, NewDoctor(**given), now=NOW)


def change(here: Clinic, doctor_id: UUID, **wanted: object) -> DoctorChanged:
    given: dict[str, Any] = wanted
    return doctors.change(here.session, here.admin, doctor_id, DoctorChange(**given), now=NOW)


def names(page: object) -> list[str]:
    return [doctor.name for doctor in page]  # type: ignore[attr-defined]


def test_a_doctor_is_added_with_an_account(here: Clinic) -> None:
    made = add(here, password=PASSWORD)
    doctor = made.doctor
    assert made.link is None
    assert (doctor.name, doctor.email, doctor.department) == ("Dr. Meera Nair", "meera@city.test", "Paediatrics")
    assert (doctor.slot_duration, doctor.max_patients_per_day, doctor.schedules) == (30, 30, ())
    assert doctor.is_available
    assert doctor.is_active
    secret = identity.sign_in(here.session, "meera@city.test", PASSWORD, now=NOW)
    who = identity.actor_of_session(here.session, secret, now=NOW)
    assert who is not None
    assert (who.actor.role, who.actor.doctor_id) == (Role.DOCTOR, doctor.id)
    assert here.count(AuditEvent, action="doctor.created", record_id=doctor.id) == 1


def test_a_doctor_without_a_password_gets_a_link(here: Clinic) -> None:
    made = add(here)
    assert made.link is not None
    users.set_password_by_link(here.session, made.link.token, PASSWORD, now=NOW)
    assert identity.sign_in(here.session, "meera@city.test", PASSWORD, now=NOW)


def test_everything_wrong_with_a_new_doctor_is_said_at_once(here: Clinic) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(here, name="", email="x", password="short", department=" ", slot_duration=4, max_patients_per_day=0)
    fields = ["name", "email", "password", "department", "slotDuration", "maxPatientsPerDay"]
    assert [field for field, _ in caught.value.errors] == fields
    assert here.count(Doctor) == 0


def test_a_taken_address_adds_no_doctor(here: Clinic) -> None:
    add(here)
    with pytest.raises(Refused) as caught:
        add(here, name="Dr. Other")
    assert caught.value.refusal.code is Code.EMAIL_TAKEN
    assert here.count(Doctor) == 1


def test_doctors_are_listed_by_name_with_their_week(here: Clinic, elsewhere: Clinic) -> None:
    first = here.doctor(days=(DayOfWeek.TUESDAY, DayOfWeek.MONDAY))
    made = add(here).doctor
    elsewhere.doctor()
    listed = doctors.list_doctors(here.session, here.actor).items
    assert [doctor.id for doctor in listed] == [first, made.id]
    assert [hours.day_of_week for hours in listed[0].schedules] == [DayOfWeek.MONDAY, DayOfWeek.TUESDAY]
    cut = doctors.list_doctors(here.session, here.actor, limit=1)
    assert cut.next_cursor is not None
    assert doctors.list_doctors(here.session, here.actor, limit=1, cursor=cut.next_cursor).items == [made]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"department": "Paediatrics"}, ["Dr. Meera Nair"]),
        ({"department": "paed"}, []),
        ({"department": ""}, ["Dr. 001", "Dr. Meera Nair"]),
        ({"q": "nair paed"}, ["Dr. Meera Nair"]),
        ({"q": "CARDIO"}, ["Dr. 001"]),
        ({"q": "nair cardio"}, []),
        ({"q": "_"}, []),
        ({"q": "%"}, []),
        ({"q": "dr.", "department": "Cardiology"}, ["Dr. 001"]),
    ],
)
def test_lists_are_narrowed(here: Clinic, filters: dict[str, Any], found: list[str]) -> None:
    here.doctor()
    add(here)
    assert names(doctors.list_doctors(here.session, here.actor, **filters).items) == found


@pytest.mark.parametrize("field", ["q", "department"])
def test_what_cannot_be_meant_is_refused(here: Clinic, field: str) -> None:
    wanted: dict[str, Any] = {field: "a\0"}
    with pytest.raises(InvalidInput) as caught:
        doctors.list_doctors(here.session, here.actor, **wanted)
    assert caught.value.errors[0][0] == field


def test_all_of_a_department_with_a_constant_number_of_queries(here: Clinic) -> None:
    ids = [here.doctor() for _ in range(3)]
    add(here)
    statements: list[str] = []
    sa.event.listen(here.session.get_bind(), "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert [doctor.id for doctor in doctors.all_of(here.session, here.actor, department="Cardiology")] == ids
    assert len(statements) == 2
    assert [doctor.id for doctor in doctors.all_of(here.session, here.actor, doctor_ids=ids[:1])] == ids[:1]
    change(here, ids[0], is_active=False)
    assert len(doctors.all_of(here.session, here.actor)) == 3
    assert len(doctors.all_of(here.session, here.actor, only_active=False)) == 4


def test_departments_are_those_of_active_doctors(here: Clinic, elsewhere: Clinic) -> None:
    here.doctor()
    made = add(here).doctor
    assert doctors.departments(here.session, here.actor) == ["Cardiology", "Paediatrics"]
    change(here, made.id, is_active=False)
    assert doctors.departments(here.session, here.actor) == ["Cardiology"]
    assert doctors.departments(elsewhere.session, elsewhere.actor) == []


def test_another_hospitals_doctor_does_not_exist(here: Clinic, elsewhere: Clinic) -> None:
    mine = here.doctor()
    for doctor_id in (mine, uuid4()):
        with pytest.raises(Refused) as caught:
            doctors.get(elsewhere.session, elsewhere.actor, doctor_id)
        assert caught.value.refusal.code is Code.DOCTOR_NOT_FOUND
        with pytest.raises(Refused) as caught:
            change(elsewhere, doctor_id, department="Mine")
        assert caught.value.refusal.code is Code.DOCTOR_NOT_FOUND
        with pytest.raises(Refused) as caught:
            doctors.would_be_cancelled(elsewhere.session, elsewhere.admin, doctor_id, now=NOW)
        assert caught.value.refusal.code is Code.DOCTOR_NOT_FOUND


def test_a_change_is_written_with_what_changed(here: Clinic) -> None:
    doctor_id = here.doctor()
    changed = change(here, doctor_id, name="Dr. New", department=" Surgery ", max_patients_per_day=5)
    assert (changed.doctor.name, changed.doctor.department, changed.doctor.max_patients_per_day) == (
        "Dr. New",
        "Surgery",
        5,
    )
    assert (changed.cancelled_appointments, changed.notified_patients, changed.affected_appointment_ids) == (None,) * 3
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "doctor.changed")).one()
    assert event.details["changes"]["department"] == {"from": "Cardiology", "to": "Surgery"}
    assert here.count(AuditEvent, action="user.changed") == 1


def test_a_change_of_nothing_is_not_written(here: Clinic) -> None:
    doctor_id = here.doctor()
    before = doctors.get(here.session, here.actor, doctor_id)
    assert change(here, doctor_id).doctor == before
    assert change(here, doctor_id, is_available=True, slot_duration=30).doctor == before
    assert here.count(AuditEvent, action="doctor.changed") == here.count(AuditEvent, action="user.changed") == 0


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ({"name": "12", "department": ""}, ["name", "department"]),
        ({"slot_duration": 241, "max_patients_per_day": 501}, ["slotDuration", "maxPatientsPerDay"]),
    ],
)
def test_a_change_has_to_be_right(here: Clinic, wanted: dict[str, object], fields: list[str]) -> None:
    doctor_id = here.doctor()
    with pytest.raises(InvalidInput) as caught:
        change(here, doctor_id, **wanted)
    assert [field for field, _ in caught.value.errors] == fields


def test_who_becomes_unavailable_has_every_upcoming_appointment_cancelled(here: Clinic) -> None:
    doctor_id, other_id, patient_id = here.doctor(), here.doctor(), here.patient()
    today = here.book(doctor_id, patient_id, time(10))
    confirmed = here.book(doctor_id, here.patient(), time(11))
    later = here.book(doctor_id, patient_id, time(9), MONDAY + timedelta(days=9))
    here_already = here.book(doctor_id, here.patient(), time(9))
    elsewhere = here.book(other_id, here.patient(), time(10))
    for booked, status in ((confirmed, AppointmentStatus.CONFIRMED), (here_already, AppointmentStatus.CHECKED_IN)):
        visits.set_status(here.session, here.actor, booked.id, status, now=NOW)
    upcoming = [today.id, confirmed.id, later.id]
    foretold = doctors.would_be_cancelled(here.session, here.admin, doctor_id, now=NOW)
    assert [view.id for view in foretold] == upcoming
    changed = change(here, doctor_id, is_available=False)
    assert not changed.doctor.is_available
    assert (changed.cancelled_appointments, changed.notified_patients) == (3, 2)
    assert changed.affected_appointment_ids == tuple(upcoming)
    for key in upcoming:
        row = here.row(key)
        assert (row.status, row.cancel_reason) == ("CANCELLED", "Doctor unavailable")
        assert here.count(Notification, appointment_id=key, event=MessageEvent.DOCTOR_UNAVAILABLE, priority="HIGH") == 2
    assert here.row(here_already.id).status == "CHECKED_IN"
    assert here.row(elsewhere.id).status == "SCHEDULED"


def test_switching_off_twice_or_on_again_cancels_nothing(here: Clinic) -> None:
    doctor_id = here.doctor()
    assert change(here, doctor_id, is_available=False).cancelled_appointments == 0
    assert change(here, doctor_id, is_available=False).cancelled_appointments is None
    assert change(here, doctor_id, is_available=True).cancelled_appointments is None


def test_another_slot_length_makes_the_open_slots_anew(here: Clinic) -> None:
    doctor_id = here.doctor(minutes=30)
    booked = here.book(doctor_id, here.patient(), time(10))
    changed = change(here, doctor_id, slot_duration=60)
    assert changed.affected == ()
    assert here.starts(doctor_id) == ["09:00", "10:00", "11:00", "12:00", "14:00", "15:00", "16:00"]
    assert here.slot(doctor_id, time(10)).end_time == time(10, 30)
    assert here.row(booked.id).slot_minutes == 30


def test_a_deactivated_doctor_is_signed_out_and_the_appointments_are_affected(here: Clinic) -> None:
    made = add(here, password=PASSWORD)
    here.hours(made.doctor.id, DayOfWeek.MONDAY, time(9), time(17))
    booked = here.book(made.doctor.id, here.patient(), time(10))
    identity.sign_in(here.session, "meera@city.test", PASSWORD, now=NOW)
    changed = change(here, made.doctor.id, is_active=False)
    assert not changed.doctor.is_active
    assert here.count(LoginSession, user_id=made.doctor.user_id) == 0
    assert here.row(booked.id).affected_cause == AffectedCause.DOCTOR_UNAVAILABLE
    assert not here.session.get_one(User, made.doctor.user_id).is_active


def test_a_change_that_fails_late_leaves_nothing_behind(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor_id = here.doctor()
    here.book(doctor_id, here.patient(), time(10))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(users, "change", fail)
    with pytest.raises(RuntimeError):
        change(here, doctor_id, is_available=False)
    assert here.count(Appointment, status="CANCELLED") == 0
    assert doctors.get(here.session, here.actor, doctor_id).is_available
