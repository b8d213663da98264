"""The front desk: booking by its form, the patient found or added."""

import re
from datetime import date, time
from uuid import uuid4

import sqlalchemy as sa

from hms_web.models import Appointment, AuditEvent, Patient
from tests.scenes import MONDAY
from tests.web.desk_scenes import form_of
from tests.web.pages import HX, text
from tests.web.record_scenes import Desk


def test_booking_by_the_form(desk: Desk) -> None:
    reception = desk.reception()
    form = form_of(desk, reception)
    done = form.send(do="book", patient_id=desk.patient_id, reason="Cough")
    assert "Booked: Asha Sharma, Mon 2 Mar 09:00 with Dr. 001" in done.text
    booked = desk.session.scalars(sa.select(Appointment).where(Appointment.reason == "Cough")).one()
    assert booked.start_time == time(9)


def test_the_same_form_twice_books_once(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    answers = [form.send(do="book", patient_id=desk.patient_id) for _ in range(2)]
    assert all("Booked: Asha Sharma" in page.text for page in answers)
    assert desk.clinic.count(Appointment) == 2


def test_an_incomplete_form_comes_back_with_what_was_typed(desk: Desk) -> None:
    page = form_of(desk, desk.reception()).send(do="book", q="ash", reason="Cough")
    assert page.status == 422
    assert "Choose a patient" in page.text
    again = page.form(id="booking")
    assert (again.values["q"], again.values["reason"]) == ("ash", "Cough")
    long = again.send(do="book", patient_id=desk.patient_id, reason="x" * 501)
    assert long.status == 422
    assert "Use fewer words." in long.text


def test_a_refused_booking_names_the_rule_keeps_everything_and_offers_free_times(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(9))
    page = form.send(do="book", patient_id=desk.patient_id, reason="Cough", type="FOLLOW_UP")
    assert page.status == 409
    assert "This slot was just taken." in page.text
    again = page.form(id="booking")
    kept = {name: again.values[name] for name in ("reason", "type", "patient_id")}
    assert kept == {"reason": "Cough", "type": "FOLLOW_UP", "patient_id": str(desk.patient_id)}
    assert again.values["key"] != form.values["key"], "the next try is another request"
    assert page.follow("09:30").form(id="booking").values["time"] == "09:30"


def test_for_htmx_panel_grid_and_list_come_together(desk: Desk) -> None:
    page = form_of(desk, desk.reception()).send(HX | {"HX-Target": "panel"}, do="book", patient_id=desk.patient_id)
    assert page.fragment
    ids = {e.attrib.get("id") for e in page.root.iter()}
    assert {"panel", "grid", "day", "attention"} <= ids
    assert page.response.headers["HX-Push-Url"] == f"/front-desk?date={MONDAY}"
    assert "Booked: Asha Sharma" in page.response.headers["HX-Trigger-After-Settle"]


def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    reception = desk.reception()
    token = reception.csrf_token("/front-desk")
    assert reception.post("/front-desk/book", {"csrf_token": token}).status == 400
    assert reception.post("/front-desk/move", {"csrf_token": token}).status == 400
    good = {"doctor_id": desk.doctor_id, "date": MONDAY, "time": "09:00", "csrf_token": token}
    assert reception.post("/front-desk/move", good).status == 400, "no appointment is moved"
    assert reception.post("/front-desk/book", good | {"doctor_id": uuid4()}).status == 404
    status = f"/front-desk/appointments/{desk.booked.id}/status"
    assert reception.post(status, {"csrf_token": token, "status": "WELL"}).status == 400


def test_without_javascript_the_patient_is_found_and_chosen(desk: Desk) -> None:
    found = form_of(desk, desk.reception()).send(do="find", q="12345")
    assert found.form(id="booking").values["patient_id"] == str(desk.patient_id)
    assert "Booked" in found.form(id="booking").send(do="book").text
    nobody = form_of(desk, desk.reception(), time(9, 30)).send(do="find", q="xyz")
    assert "Nobody by that name" in nobody.text
    new = nobody.form(id="booking").send(do="new")
    assert new.form(id="booking").values["name"] == "xyz"


def test_a_new_patient_is_added_with_the_booking(desk: Desk) -> None:
    page = form_of(desk, desk.reception()).send(
        do="book", is_new="1", name="Zoe Quill", phone="080 555 777", sex="FEMALE"
    )
    assert "Booked: Zoe Quill" in page.text
    zoe = desk.session.scalars(sa.select(Patient).where(Patient.name == "Zoe Quill")).one()
    assert (zoe.phone, zoe.sex) == ("080 555 777", "FEMALE")


def test_mistakes_of_a_new_patient_stand_at_their_fields_and_nobody_is_added(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    page = form.send(do="book", is_new="1", name="Zoe", phone="call me")
    assert page.status == 422
    assert page.all("input", id="phone")[0].attrib["aria-invalid"] == "true"
    assert "Enter the patient's name." in form.send(do="book", is_new="1", name=" ").text
    assert desk.clinic.count(Patient) == 1
    raw = form.values | {"do": "book", "is_new": "1", "name": "Zo\x00e"}
    assert form.page.browser.client.post("/front-desk/book", data=raw).status_code == 422


def test_a_patient_who_may_be_here_already_is_added_only_when_said_to_be_another(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    asked = form.send(do="book", is_new="1", name="A. Sharma", phone="98450-12345")
    assert asked.status == 409
    assert "Perhaps this patient is here already" in asked.text
    assert desk.clinic.count(Patient) == 1
    again = asked.form(id="booking")
    assert again.values["name"] == "A. Sharma"
    assert "Booked: A. Sharma" in again.send(do="book", is_someone_else="y").text


def test_a_new_patient_whose_booking_is_refused_is_there_for_the_next_try(desk: Desk) -> None:
    form = form_of(desk, desk.reception())
    desk.clinic.book(desk.doctor_id, desk.patient_id, time(9))
    page = form.send(do="book", is_new="1", name="Zoe Quill", phone="080 555 777")
    assert page.status == 409
    zoe = desk.session.scalars(sa.select(Patient).where(Patient.name == "Zoe Quill")).one()
    assert page.form(id="booking").values["patient_id"] == str(zoe.id)
    assert "Booked: Zoe Quill" in page.follow("09:30").form(id="booking").send(do="book", patient_id=zoe.id).text


def test_a_patient_of_another_hospital_is_nobody(desk: Desk) -> None:
    page = form_of(desk, desk.reception()).send(do="book", patient_id=uuid4())
    assert page.status == 404
    assert "There is no such patient" in page.text


def test_an_administrator_books_a_blocked_patient_with_a_reason(desk: Desk) -> None:
    desk.session.execute(sa.update(Patient).values(status="BLOCKED", blocked_reason="3 no-shows"))
    desk.session.commit()
    refused = form_of(desk, desk.reception()).send(do="book", patient_id=desk.patient_id)
    assert refused.status == 403
    assert "blocked from booking (3 no-shows)" in refused.text
    assert "Next free" not in text(refused.all("div", id="panel")[0]), "another time would be refused as well"
    admin = desk.admin()
    again = form_of(desk, admin).send(do="book", patient_id=desk.patient_id)
    booked = again.form(id="booking").send(do="book", patient_id=desk.patient_id, override_reason="Chest pain")
    assert "Booked: Asha Sharma" in booked.text
    event = desk.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())).first()
    assert event
    assert event.details["override_reason"] == "Chest pain"


def test_names_are_asked_for_by_post_only(desk: Desk) -> None:
    reception = desk.reception()
    assert reception.client.get("/front-desk/patients?q=asha").status_code == 405
    token = reception.csrf_token("/front-desk")
    found = reception.post("/front-desk/patients", {"q": "ash", "csrf_token": token}, headers=HX)
    options = found.all("li", role="option")
    assert [option.attrib.get("data-patient") for option in options] == [str(desk.patient_id), None]
    assert reception.post("/front-desk/patients", {"q": "a\x00", "csrf_token": token}, headers=HX).status == 200
    assert reception.post("/front-desk/patients", {"csrf_token": token}, headers=HX).text == ""
    alike = {"phone": "98450 12345", "name": "x", "csrf_token": token}
    assert "Asha Sharma" in reception.post("/front-desk/duplicates", alike, headers=HX).text
    assert reception.post("/front-desk/duplicates", alike | {"name": "\x00"}, headers=HX).text == ""


def test_the_chosen_patients_next_appointments_are_shown(desk: Desk) -> None:
    page = desk.reception().fragment(f"/front-desk/patients/{desk.patient_id}/upcoming")
    assert "Mon 2 Mar 10:00" in page.text


def test_no_patient_is_named_in_an_address(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?appointment={desk.booked.id}")
    addresses = [
        value for e in page.root.iter() for name, value in e.attrib.items() if re.search("href|action|get|post", name)
    ]
    assert addresses
    assert not [value for value in addresses if "sha" in value.lower().replace("share", "")]
    assert isinstance(MONDAY, date)


def test_a_refusal_that_no_answer_of_others_is_like_says_where_it_stands(desk: Desk) -> None:
    """The pages swap 409 and 422 in; a 403 might be a proxy's, so that ours has to say that it is for the part."""
    desk.session.execute(sa.update(Patient).values(status="BLOCKED", blocked_reason="3 no-shows"))
    desk.session.commit()
    form = form_of(desk, desk.reception())
    for asked, place in ((HX | {"HX-Target": "panel"}, "#panel"), (HX | {"HX-Target": "x y"}, None), ({}, None)):
        answer = form.send(asked, do="book", patient_id=desk.patient_id)
        assert (answer.status, answer.response.headers.get("HX-Retarget")) == (403, place)
        assert "blocked from booking (3 no-shows)" in answer.text
