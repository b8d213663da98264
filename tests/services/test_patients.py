"""Patient records: adding, changing, duplicates, unblocking."""

import threading
from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.patients import PatientStatus, Sex
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import AuditEvent, Hospital, Patient
from hms_web.services import patient_blocks, patients
from hms_web.services.patients import CreatedPatient, NewPatient, PatientChange, PatientView
from tests.scenes import NOW, Clinic

BORN = date(1980, 5, 5)


FRESH = (f"080 {number:07d}" for number in count())


def add(here: Clinic, name: str = "Asha Rao", **columns: object) -> CreatedPatient:
    given: dict[str, Any] = {"phone": next(FRESH)} | columns
    return patients.create(here.session, here.actor, NewPatient(name, **given), now=NOW)


def change(here: Clinic, patient_id: UUID, **wanted: object) -> PatientView:
    given: dict[str, Any] = wanted
    return patients.change(here.session, here.actor, patient_id, PatientChange(**given), now=NOW)


def test_a_patient_is_added_tidied_and_with_the_next_number(here: Clinic) -> None:
    made = add(here, "  Asha   Rao ", phone=" +91 98765 43210 ", date_of_birth=BORN, sex=Sex.FEMALE, email=" ")
    patient = made.patient
    assert (patient.mrn, patient.name, patient.phone, patient.email) == ("000001", "Asha Rao", "+91 98765 43210", None)
    assert (patient.date_of_birth, patient.sex, patient.status) == (BORN, Sex.FEMALE, PatientStatus.ACTIVE)
    assert made.possible_duplicates == []
    assert patients.get(here.session, here.actor, patient.id) == patient
    assert here.session.scalar(sa.select(Patient.phone_digits)) == "919876543210"
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.record_id == patient.id)).one()
    assert (event.action, event.actor_id, event.details["mrn"]) == ("patient.created", here.actor.user_id, "000001")


def test_numbers_count_up_by_hospital_and_skip_those_taken(here: Clinic, elsewhere: Clinic) -> None:
    assert add(here).patient.mrn == "000001"
    add(here, mrn="000002")
    add(here, mrn=" 000003 ")
    assert add(here).patient.mrn == "000004"
    assert add(elsewhere).patient.mrn == "000001"


def test_a_long_row_of_taken_numbers_is_passed_over(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patients, "MRNS_AT_ONCE", 2)
    for number in range(1, 7):
        add(here, mrn=f"{number:06d}")
    assert add(here).patient.mrn == "000007"
    assert here.session.get_one(Hospital, here.actor.hospital_id).last_mrn == 7


def test_two_at_once_get_two_numbers(here: Clinic, engine: sa.Engine) -> None:
    barrier, numbers = threading.Barrier(4), []

    def register() -> None:
        with Session(engine, expire_on_commit=False) as session:
            barrier.wait()
            wanted = NewPatient("Asha Rao", "080 555 1234")
            numbers.append(patients.create(session, here.actor, wanted, now=NOW).patient.mrn)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == ["000001", "000002", "000003", "000004"]


def test_a_number_belongs_to_one_patient_of_a_hospital(here: Clinic, elsewhere: Clinic) -> None:
    first = add(here, mrn="X1").patient
    with pytest.raises(Refused) as caught:
        add(here, mrn="X1")
    assert caught.value.refusal.code is Code.MRN_TAKEN
    assert add(elsewhere, mrn="X1").patient.mrn == "X1"
    second = add(here, mrn="X2").patient
    with pytest.raises(Refused) as caught:
        change(here, second.id, mrn="X1")
    assert caught.value.refusal.code is Code.MRN_TAKEN
    assert change(here, first.id, mrn="X1") == first
    assert change(here, second.id, mrn="X3").mrn == "X3"


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "12"}, ["name"]),
        ({"name": "A\0"}, ["name"]),
        ({"name": "A\ud800"}, ["name"]),
        ({"name": "Asha", "phone": "12"}, ["phone"]),
        ({"name": "Asha", "phone": None}, ["phone"]),
        ({"name": "Asha", "phone": " "}, ["phone"]),
        ({"name": "Asha", "date_of_birth": date(2026, 3, 3)}, ["dateOfBirth"]),
        ({"name": "Asha", "email": "nobody"}, ["email"]),
        ({"name": "Asha", "mrn": "x\0"}, ["mrn"]),
        ({"name": "", "phone": "x", "email": "x", "mrn": "x" * 33}, ["name", "phone", "email", "mrn"]),
    ],
)
def test_everything_wrong_is_said_at_once(here: Clinic, columns: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(here, **columns)
    assert [field for field, _ in caught.value.errors] == fields
    assert here.count(Patient) == 0


def test_a_birth_is_today_by_the_hospitals_clock(here: Clinic) -> None:
    assert add(here, date_of_birth=date(2026, 3, 2)).patient.date_of_birth == date(2026, 3, 2)


def test_who_may_be_the_same_person_is_told(here: Clinic, elsewhere: Clinic) -> None:
    by_phone = add(here, "Asha R", phone="+91 98765 43210").patient
    by_name = add(here, "ASHA RAO", date_of_birth=BORN).patient
    add(here, "Asha Rao", phone="98765 11111", date_of_birth=date(1981, 5, 5))
    add(elsewhere, "Asha Rao", phone="9876543210", date_of_birth=BORN)
    made = add(here, phone="09876543210", date_of_birth=BORN)
    assert made.possible_duplicates == [by_name, by_phone]


def test_duplicates_need_something_to_go_by(here: Clinic) -> None:
    made = add(here, "Asha Rao", phone="98765 43210").patient
    look = lambda *known: patients.possible_duplicates(here.session, here.actor, *known)  # noqa: E731
    assert look("Asha Rao", None, None) == []
    assert look("Asha Rao", None, BORN) == []
    assert look("Somebody Else", "9876543210", None) == [made]
    assert patients.possible_duplicates(here.session, here.actor, "x", "9876543210", None, exclude=made.id) == []


def test_loosely_a_name_is_enough_unless_the_dates_of_birth_contradict_each_other(here: Clinic) -> None:
    unknown = add(here, "Asha Rao", phone="98765 43210").patient
    known = add(here, "asha rao", phone="98765 43211", date_of_birth=BORN).patient
    look = lambda *given: patients.possible_duplicates(here.session, here.actor, *given, loosely=True)  # noqa: E731
    assert {found.id for found in look(" ASHA   Rao ", "98765 00000", None)} == {unknown.id, known.id}
    assert {found.id for found in look("Asha Rao", None, BORN)} == {unknown.id, known.id}
    assert look("Asha Rao", None, date(1950, 1, 1)) == [unknown]
    assert look("Asha Ra", None, None) == []
    assert look(" ", None, None) == []


def test_signs_of_a_pattern_in_a_name_mean_themselves(here: Clinic) -> None:
    add(here, "Asha Rao", date_of_birth=BORN)
    assert patients.possible_duplicates(here.session, here.actor, "Asha%", None, BORN) == []
    assert patients.possible_duplicates(here.session, here.actor, "Asha_Rao", None, BORN) == []


def test_a_change_is_written_with_what_changed(here: Clinic) -> None:
    made = add(here, phone="98765 43210", date_of_birth=BORN, email="a@b").patient
    changed = change(here, made.id, name=" Asha  Kumari ", phone=" 98765 43211", email="  ", sex=Sex.FEMALE)
    assert (changed.name, changed.phone) == ("Asha Kumari", "98765 43211")
    assert (changed.email, changed.sex) == (None, Sex.FEMALE)
    assert changed.date_of_birth == BORN
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "patient.changed")).one()
    assert event.details["changes"]["name"] == {"from": "Asha Rao", "to": "Asha Kumari"}
    assert set(event.details["changes"]) == {"name", "phone", "email", "sex"}


def test_a_change_of_nothing_is_not_written(here: Clinic) -> None:
    made = add(here).patient
    assert change(here, made.id) == made
    assert change(here, made.id, name="Asha Rao", phone=made.phone) == made
    assert here.count(AuditEvent, action="patient.changed") == 0


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ({"name": " "}, ["name"]),
        ({"mrn": " "}, ["mrn"]),
        ({"phone": "x"}, ["phone"]),
        ({"phone": None}, ["phone"]),
        ({"phone": " "}, ["phone"]),
    ],
)
def test_a_change_has_to_be_right(here: Clinic, wanted: dict[str, object], fields: list[str]) -> None:
    made = add(here).patient
    with pytest.raises(InvalidInput) as caught:
        change(here, made.id, **wanted)
    assert [field for field, _ in caught.value.errors] == fields


def test_another_hospitals_patient_does_not_exist(here: Clinic, elsewhere: Clinic) -> None:
    made = add(here).patient
    calls: list[Callable[[UUID], object]] = [
        lambda key: patients.get(elsewhere.session, elsewhere.actor, key),
        lambda key: change(elsewhere, key, name="Mine"),
        lambda key: patient_blocks.unblock(elsewhere.session, elsewhere.admin, key, reason="x", now=NOW),
    ]
    for call in calls:
        for key in (made.id, uuid4()):
            with pytest.raises(Refused) as caught:
                call(key)
            assert caught.value.refusal.code is Code.PATIENT_NOT_FOUND
    assert patients.get(here.session, here.actor, made.id) == made


def test_an_unblocked_patient_counts_anew_and_keeps_the_total(here: Clinic) -> None:
    blocked = {
        "status": "BLOCKED",
        "no_show_count": 3,
        "lifetime_no_shows": 5,
        "blocked_at": NOW,
        "blocked_reason": "3",
    }
    patient_id = here.patient(**blocked)
    free = patient_blocks.unblock(here.session, here.admin, patient_id, reason=" Was in hospital ", now=NOW)
    assert (free.status, free.no_show_count, free.lifetime_no_shows) == (PatientStatus.ACTIVE, 0, 5)
    assert (free.blocked_at, free.blocked_reason) == (None, None)
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "patient.unblocked")).one()
    assert event.details["reason"] == "Was in hospital"
    assert event.details["changes"]["status"] == {"from": "BLOCKED", "to": "ACTIVE"}


def test_unblocking_needs_a_reason_and_a_block(here: Clinic) -> None:
    patient_id = here.patient(no_show_count=2)
    with pytest.raises(InvalidInput):
        patient_blocks.unblock(here.session, here.admin, patient_id, reason=" ", now=NOW)
    same = patient_blocks.unblock(here.session, here.admin, patient_id, reason="Sorry", now=NOW)
    assert same.no_show_count == 2
    assert here.count(AuditEvent, action="patient.unblocked") == 0
