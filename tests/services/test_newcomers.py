"""Booking somebody who is not a patient yet."""

from datetime import time
from uuid import UUID

import pytest

from hms_web.domain.refusals import Code, InvalidInput, Refusal
from hms_web.models import Appointment, Patient
from hms_web.services import newcomers
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.newcomers import NewcomerBooked, PossiblyKnown
from hms_web.services.patients import NewPatient
from tests.scenes import MONDAY, NOW, Clinic

NOBODY = UUID(int=0)


def book(
    here: Clinic, doctor_id: UUID, newcomer: NewPatient, at: time = time(10), *, is_someone_else: bool = False
) -> NewcomerBooked:
    request = BookingRequest(NOBODY, doctor_id, MONDAY, at)
    return newcomers.book(here.session, here.actor, newcomer, request, is_someone_else=is_someone_else, now=NOW)


def test_a_newcomer_is_added_and_booked(here: Clinic) -> None:
    booked = book(here, here.doctor(), NewPatient("Zoe Quill", "080 555 777"))
    assert isinstance(booked.result, AppointmentView)
    assert (booked.result.patient_id, booked.result.patient_name) == (booked.patient_id, "Zoe Quill")


def test_who_may_be_known_is_not_added_before_it_is_said(here: Clinic) -> None:
    doctor, known = here.doctor(), here.patient(name="Zoe Quill", phone="080 555 777")
    newcomer = NewPatient("Z. Quill", "080-555777")
    with pytest.raises(PossiblyKnown) as asked:
        book(here, doctor, newcomer)
    assert [patient.id for patient in asked.value.patients] == [known]
    assert (here.count(Patient), here.count(Appointment)) == (1, 0)
    assert isinstance(book(here, doctor, newcomer, is_someone_else=True).result, AppointmentView)
    assert here.count(Patient) == 2


def test_a_newcomer_whose_booking_is_refused_stays_for_the_next_try(here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(10))
    booked = book(here, doctor, NewPatient("Zoe Quill", "080 555 777"))
    assert isinstance(booked.result, Refusal)
    assert booked.result.code is Code.SLOT_TAKEN
    assert here.count(Patient, id=booked.patient_id) == 1


def test_wrong_input_adds_nobody(here: Clinic) -> None:
    with pytest.raises(InvalidInput):
        book(here, here.doctor(), NewPatient("", "x"))
    assert here.count(Patient) == 0
