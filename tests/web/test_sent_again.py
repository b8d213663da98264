"""Forms of the front desk that are sent again, or sent from a page that has been overtaken."""

from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa

from hms_web.models import Appointment, IdempotencyKey, Patient
from hms_web.services import booking
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import AppointmentChange
from tests.scenes import MONDAY, NOW
from tests.web.desk_scenes import form_of
from tests.web.record_scenes import Desk

NEWCOMER: dict[str, Any] = {"do": "book", "is_new": "1", "name": "Zoe Quill", "phone": "080 555 777"}


def test_a_newcomers_form_that_is_sent_twice_adds_one_patient_and_one_appointment(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    answers = [form.send(**NEWCOMER) for _ in range(2)]
    assert all("Booked: Zoe Quill" in page.text for page in answers)
    assert desk.clinic.count(Patient, name="Zoe Quill") == 1
    assert desk.clinic.count(Appointment) == 2


def test_the_question_whether_a_patient_is_known_is_not_remembered_as_an_answer(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    asked = form.send(do="book", is_new="1", name="A. Sharma", phone="98450-12345")
    assert "Perhaps this patient is here already" in asked.text
    assert desk.clinic.count(IdempotencyKey) == 0


def test_a_form_that_was_sent_with_other_words_comes_back_with_all_of_them(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    form.send(do="book", patient_id=desk.patient_id, reason="Cough")
    page = form.send(do="book", patient_id=desk.patient_id, reason="Cough and cold")
    assert page.status == 422
    assert "This form was sent before, with other contents." in page.text
    again = page.form(id="booking")
    assert again.values["reason"] == "Cough and cold"
    assert again.values["key"] != form.values["key"]
    assert "already has an appointment" in again.send(do="book").text


def test_nobody_cancels_or_checks_in_what_a_colleague_has_moved_meanwhile(desk: Desk) -> None:
    reception = desk.reception()
    page = reception.get(f"/front-desk?appointment={desk.booked.id}")
    asking = reception.get(f"/front-desk?appointment={desk.booked.id}&cancel=1")
    thursday = AppointmentChange(date=MONDAY + timedelta(days=3), time=time(9))
    moved = booking.change(desk.session, desk.clinic.other, desk.booked.id, thursday, now=NOW)
    assert isinstance(moved, AppointmentView)
    for stale in (asking.form("/cancel").send(reason="x"), page.form("/status").send(status="CONFIRMED")):
        assert stale.status == 409
        assert "Somebody else has changed this meanwhile." in stale.text
    assert desk.session.scalar(sa.select(Appointment.status).where(Appointment.id == desk.booked.id)) == "SCHEDULED"
