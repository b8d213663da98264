import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask

from hms_web import clock
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, DoctorSlot, Patient, User, db
from hms_web.web.front_desk.address import short
from tests.scenes import MONDAY, NOW
from tests.web.pages import HX, Browser, Form, Page
from tests.web.record_scenes import Desk

KIBIBYTE = 1024


def slot_of(desk: Desk, at: time) -> DoctorSlot:
    return desk.clinic.slot(desk.doctor_id, at)


def opened(desk: Desk, browser: Browser, at: time = time(9)) -> Page:
    return browser.get(f"/front-desk?slot={slot_of(desk, at).id}")


def form_of(desk: Desk, browser: Browser, at: time = time(9)) -> Form:
    return opened(desk, browser, at).form(id="booking")


def cells(page: Page) -> dict[str, str]:
    """The grid's buttons by their labels."""
    columns = page.all("div", class_="col")
    return {b.attrib["aria-label"]: b.attrib["value"] for column in columns for b in column.iter("button")}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_the_day_stands_there_with_who_is_booked_and_what_is_free(desk: Desk) -> None:
    page = desk.reception().get("/front-desk")
    assert page.h1 == "Monday 2 March"
    assert "09:00 free, Dr. 001" in cells(page)
    assert cells(page)["10:00 Asha Sharma, expected, Dr. 001"] == short(desk.booked.id)
    assert "Today, 1 patient" in page.text


def test_each_state_is_said_in_words(desk: Desk) -> None:
    place, doctor = desk.clinic, desk.doctor_id
    place.absence(doctor, MONDAY, MONDAY, (time(16), time(17)))
    away = place.doctor(20)
    place.absence(away, MONDAY, MONDAY + timedelta(days=3))
    off = place.doctor(days=())
    full = place.doctor(maximum=1)
    place.book(full, place.patient(), time(9))
    hold = {"held_by_id": place.other.user_id, "held_until": NOW + timedelta(minutes=2)}
    desk.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_of(desk, time(9)).id).values(hold))
    desk.session.commit()
    text = desk.reception().get("/front-desk/grid", headers=HX).text
    for words in ("held by Reception 2", "leave until 17:00", "leave until Thu 5 Mar", "day off", "day full", "break"):
        assert words in text, words
    assert off != away


def test_a_day_on_which_nobody_works_says_why_and_what_to_do(desk: Desk) -> None:
    desk.clinic.holiday(MONDAY + timedelta(days=1))
    reception = desk.reception()
    for day, words in (
        (MONDAY + timedelta(days=1), "The hospital is closed: Holi."),
        (MONDAY + timedelta(days=40), "up to 30 days ahead"),
        (MONDAY - timedelta(days=40), "This day has gone by"),
    ):
        page = reception.get(f"/front-desk?date={day}")
        assert words in page.text
        assert "look for the next free slot" in page.text
    nobody = reception.get(f"/front-desk?doctor={desk.clinic.doctor(days=())}")
    assert "None of these doctors works on Monday 2 March." in nobody.text


def test_an_address_that_makes_no_sense_shows_today(desk: Desk) -> None:
    odd = "date=32-13&doctor=x&slot=%C3%A4234567890123456789012&appointment=0&department=Nowhere&move=,"
    page = desk.reception().get(f"/front-desk?{odd}")
    assert page.status == 200
    assert page.h1 == "Monday 2 March"


def test_what_is_not_there_any_more_is_a_sentence_with_the_next_free_times(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?slot={uuid4()}")
    assert "This slot no longer exists" in page.text
    assert "Next free" in page.text
    assert "no such appointment" in desk.reception().get(f"/front-desk?appointment={uuid4()}").text


def test_a_poll_is_answered_only_when_something_has_changed(desk: Desk) -> None:
    reception = desk.reception()
    for name in ("grid", "day"):
        part = reception.fragment(f"/front-desk/{name}?date={MONDAY}")
        again = next(e.attrib["hx-get"] for e in part.root.iter() if e.attrib.get("id") == name)
        assert reception.client.get(again, headers=HX).status_code == 204
        desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11) if name == "grid" else time(12))
        assert reception.client.get(again, headers=HX).status_code == 200


def test_the_grid_of_ten_doctors_is_small_and_asks_as_much_as_that_of_one(app: Flask, desk: Desk) -> None:
    reception = desk.reception()
    with counted(app) as few:
        reception.client.get("/front-desk/grid", headers=HX)
    for _ in range(9):
        doctor = desk.clinic.doctor()
        for hour in (9, 11, 14, 16):
            desk.clinic.book(doctor, desk.clinic.patient(name="Ananya Sharma"), time(hour))
    reception.client.get("/front-desk/grid", headers=HX)  # makes the slots of the new doctors
    with counted(app) as many:
        answer = reception.client.get("/front-desk/grid", headers=HX)
    assert len(many) <= len(few), many
    assert len(answer.data) < 20 * KIBIBYTE


def test_the_list_asks_as_much_for_many_as_for_one(app: Flask, desk: Desk) -> None:
    reception = desk.reception()
    with counted(app) as few:
        reception.client.get("/front-desk/day", headers=HX)
    for hour in range(11, 17):
        if hour != 13:
            desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(hour))
    with counted(app) as many:
        reception.client.get("/front-desk/day", headers=HX)
    assert len(many) == len(few)


def test_many_doctors_are_shown_by_department(desk: Desk) -> None:
    for _ in range(12):
        desk.clinic.doctor()
    desk.session.execute(sa.text("UPDATE doctors SET department = 'Allergy' WHERE id = :id"), {"id": desk.doctor_id})
    desk.session.commit()
    reception = desk.reception()
    first = reception.get("/front-desk")
    assert len(first.all("div", class_="col")) == 1
    assert len(reception.get("/front-desk?department=Cardiology").all("div", class_="col")) == 12
    assert len(reception.get(f"/front-desk?doctor={desk.doctor_id}").all("div", class_="col")) == 1


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


def test_a_slot_is_held_while_its_form_is_open_and_the_former_one_let_go(desk: Desk) -> None:
    reception, first, second = desk.reception(), slot_of(desk, time(9)).id, slot_of(desk, time(9, 30)).id
    token = reception.csrf_token("/front-desk")
    held = reception.post(f"/front-desk/slots/{first}/hold", {"csrf_token": token}, headers=HX)
    assert held.all("div", id="hold")[0].attrib["data-held"] == "120"
    assert "held for you" in held.text
    other = {"csrf_token": token, "instead_of": str(first)}
    reception.post(f"/front-desk/slots/{second}/hold", other, headers=HX)
    assert slot_of(desk, time(9)).held_by_id is None
    assert slot_of(desk, time(9, 30)).held_by_id == desk.clinic.actor.user_id
    done = reception.post(f"/front-desk/slots/{second}/release", {"csrf_token": token})
    assert done.url == f"/front-desk?date={MONDAY}"
    assert slot_of(desk, time(9, 30)).held_by_id is None
    gone = reception.post(f"/front-desk/slots/{uuid4()}/release", {"csrf_token": token}, headers=HX)
    assert gone.status == 200


def test_a_slot_that_somebody_else_holds_is_not_held_and_others_are_offered(desk: Desk) -> None:
    slot_id = slot_of(desk, time(9)).id
    hold = {"held_by_id": desk.clinic.other.user_id, "held_until": NOW + timedelta(minutes=2)}
    desk.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_id).values(hold))
    desk.session.commit()
    reception = desk.reception()
    token = reception.csrf_token("/front-desk")
    refused = reception.post(f"/front-desk/slots/{slot_id}/hold", {"csrf_token": token}, headers=HX)
    assert "Reception 2 is booking this slot right now" in refused.text
    assert "09:30" in refused.text
    page = opened(desk, reception)
    assert "Reception 2 is booking this slot right now" in page.text
    assert not [form for form in page.all("form") if form.attrib.get("id") == "booking"]


def test_an_appointment_is_moved_to_another_day(desk: Desk) -> None:
    reception = desk.reception()
    day = MONDAY + timedelta(days=1)
    reception.get(f"/front-desk?date={day}")
    slot = desk.clinic.slot(desk.doctor_id, time(11), day)
    page = reception.get(f"/front-desk?date={day}&move={desk.booked.id}&slot={slot.id}")
    assert "Tue 3 Mar 11:00, Dr. 001" in page.text
    done = page.form(id="moving").send()
    assert "Moved: Asha Sharma, now Tue 3 Mar 11:00" in done.text
    row = desk.clinic.row(desk.booked.id)
    assert (row.date, row.start_time) == (day, time(11))


def test_a_refused_move_keeps_the_old_time(desk: Desk) -> None:
    reception = desk.reception()
    slot = slot_of(desk, time(11))
    page = reception.get(f"/front-desk?move={desk.booked.id}&slot={slot.id}")
    form = page.form(id="moving")
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11))
    refused = form.send()
    assert refused.status == 409
    assert "This slot was just taken." in refused.text
    assert desk.clinic.row(desk.booked.id).start_time == time(10)
    stale = reception.get(f"/front-desk?move={desk.booked.id}&slot={slot_of(desk, time(12)).id}")
    assert stale.form(id="moving").send(version="9").status == 409
    assert reception.get(f"/front-desk?move={uuid4()}").text.count("no such appointment") == 1


def test_cancelling_asks_why_and_says_what_it_does(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?appointment={desk.booked.id}&cancel=1")
    assert "It cannot be undone" in page.text
    too_long = page.form("/cancel").send(reason="x" * 501)
    assert too_long.status == 422
    done = page.form("/cancel").send(reason="Patient called")
    assert "Cancelled: Asha Sharma, 10:00." in done.text
    assert desk.clinic.row(desk.booked.id).cancel_reason == "Patient called"
    assert page.form("/cancel").send(reason="again").status == 200, "twice is harmless"


def test_somebody_is_checked_in_and_it_can_be_undone(desk: Desk) -> None:
    reception = desk.reception()
    page = reception.get(f"/front-desk?appointment={desk.booked.id}")
    here = page.form("/status").send(status="CHECKED_IN")
    assert "here" in here.text
    assert desk.clinic.row(desk.booked.id).status == AppointmentStatus.CHECKED_IN
    undone = here.form(f"{desk.booked.id}/status").send(status="SCHEDULED")
    assert "Asha Sharma: expected." in undone.text
    wrong = reception.post(
        f"/front-desk/appointments/{desk.booked.id}/status",
        {"csrf_token": reception.csrf_token("/front-desk"), "status": "COMPLETED"},
    )
    assert wrong.status == 409
    assert "cannot become" in wrong.text
    missing = {"csrf_token": reception.csrf_token("/front-desk"), "status": "CONFIRMED"}
    assert reception.post(f"/front-desk/appointments/{uuid4()}/status", missing).status == 404


def test_checking_in_from_the_list_leaves_the_panel_alone(desk: Desk) -> None:
    reception = desk.reception()
    sent = {"csrf_token": reception.csrf_token("/front-desk"), "status": "CHECKED_IN"}
    path = f"/front-desk/appointments/{desk.booked.id}/status"
    page = reception.post(path, sent, headers=HX | {"HX-Target": "day"})
    assert not page.all("div", id="panel")
    assert page.all("div", id="grid")
    assert "here 0 min" in page.text


def test_who_is_late_and_who_waits_is_said_in_minutes(desk: Desk) -> None:
    here = desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(9))
    values = {"status": "CHECKED_IN", "checked_in_at": NOW + timedelta(minutes=55)}
    desk.session.execute(sa.update(Appointment).where(Appointment.id == here.id).values(values))
    desk.session.commit()
    reception = desk.reception()
    with clock.fixed(NOW + timedelta(hours=3, minutes=10)):
        user = sa.update(User)
        desk.session.execute(sa.text("UPDATE login_sessions SET last_seen_at = :now"), {"now": clock.now()})
        desk.session.commit()
        text = reception.get("/front-desk").text
    assert user is not None
    assert "late 1 h 10" in text
    assert "here 2 h 15" in text


def test_who_needs_another_time_stands_above_the_grid(desk: Desk) -> None:
    desk.session.execute(sa.update(Appointment).values(affected_cause="ABSENCE", affected_at=NOW))
    desk.session.commit()
    reception = desk.reception()
    page = reception.get("/front-desk")
    assert "1 needs attention Dr. 001 is away today: 1 patient to move." in page.text
    asked = page.follow("Move them")
    assert "They need another time" in asked.text
    moving = reception.get(asked.all("a", aria_label="Move Asha Sharma")[0].attrib["href"])
    assert "Pick the new time in the grid" in moving.text


def test_a_doctors_slot_is_blocked_and_opened_again(desk: Desk) -> None:
    doctor = desk.doctor()
    page = opened(desk, doctor)
    blocked = page.form("/block").send(reason="Equipment")
    assert "Blocked 09:00." in blocked.text
    assert "blocked: Equipment" in blocked.text
    again = opened(desk, doctor)
    assert "09:00 is blocked" in again.text
    assert "09:00 can be booked again." in again.form("/block").send().text
    booked = slot_of(desk, time(10)).id
    sent = {"csrf_token": doctor.csrf_token("/front-desk"), "blocked": "1"}
    refused = doctor.post(f"/front-desk/slots/{booked}/block", sent)
    assert refused.status == 409
    assert "Move or cancel the appointment first" in refused.text


def test_a_booked_slots_address_opens_its_appointment(desk: Desk) -> None:
    page = opened(desk, desk.reception(), time(10))
    assert "Reschedule" in page.text


def test_next_free_goes_on_from_the_open_slot(desk: Desk) -> None:
    reception = desk.reception()
    first = reception.get("/front-desk/next-free")
    assert first.form(id="booking").values["time"] == "09:00"
    assert first.follow("Next free").form(id="booking").values["time"] == "09:30"
    fragment = reception.client.get("/front-desk/next-free", headers=HX | {"HX-Target": "desk"})
    assert "slot=" in fragment.headers["HX-Push-Url"]


def test_where_nothing_is_free_it_is_said(desk: Desk) -> None:
    desk.session.execute(sa.text("UPDATE doctors SET is_available = false"))
    desk.session.commit()
    reception = desk.reception()
    assert "nothing free in the next 30 days" in reception.get("/front-desk/next-free").text
    toast = reception.client.get("/front-desk/next-free", headers=HX | {"HX-Target": "desk"})
    assert "nothing free" in toast.headers["HX-Trigger-After-Settle"]
    assert toast.headers["HX-Reswap"] == "none"


def test_a_panel_alone_is_a_fragment(desk: Desk) -> None:
    reception = desk.reception()
    slot_id: UUID = slot_of(desk, time(9)).id
    panel = reception.fragment(f"/front-desk?slot={slot_id}", **{"HX-Target": "panel"})
    assert panel.fragment
    assert [e.attrib["id"] for e in panel.root if "id" in e.attrib] == ["panel", "toolbar"]
    whole = reception.fragment(f"/front-desk?slot={slot_id}", **{"HX-Target": "desk"})
    assert whole.all("h1")
    restored = reception.client.get("/front-desk", headers=HX | {"HX-History-Restore-Request": "true"})
    assert b"<!DOCTYPE html>" in restored.data


def test_no_patient_is_named_in_an_address(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?appointment={desk.booked.id}")
    addresses = [
        value for e in page.root.iter() for name, value in e.attrib.items() if re.search("href|action|get|post", name)
    ]
    assert addresses
    assert not [value for value in addresses if "sha" in value.lower().replace("share", "")]
    assert isinstance(MONDAY, date)


def test_a_version_that_is_no_number_counts_as_none(desk: Desk) -> None:
    person = desk.reception()
    place = {"doctor_id": desk.doctor_id, "date": "2026-03-02", "time": "11:00"}
    asked = place | {"csrf_token": person.csrf_token("/front-desk"), "version": "9" * 5000}
    assert person.post(f"/front-desk/move?move={desk.booked.id}", asked).status < 500


def test_a_move_under_way_goes_on_whatever_day_or_doctor_is_looked_at(desk: Desk) -> None:
    reception = desk.reception()
    panel = {"HX-Target": "panel"}
    moving = reception.fragment(f"/front-desk?move={desk.booked.id}", **panel)
    links = {link.attrib.get("id"): link.attrib["href"] for link in moving.all("a")}
    for name in ("day-before", "day-after", "today", "next-free"):
        assert f"move={desk.booked.id}" in links[name], name
    assert moving.form(id="filters").values["move"] == str(desk.booked.id)
    assert reception.get(links["next-free"]).form(id="moving").values["time"] == "09:00"
    left = reception.fragment(f"/front-desk?appointment={desk.booked.id}", **panel)
    assert "move" not in left.form(id="filters").values
    assert "move=" not in next(link.attrib["href"] for link in left.all("a", id="next-free"))


def test_a_refused_slot_brings_the_grid_as_it_is_and_times_from_then_on(desk: Desk) -> None:
    slot_id = slot_of(desk, time(11)).id
    hold = {"held_by_id": desk.clinic.other.user_id, "held_until": NOW + timedelta(minutes=2)}
    desk.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_id).values(hold))
    desk.session.commit()
    reception = desk.reception()
    panel = reception.fragment(f"/front-desk?slot={slot_id}", **{"HX-Target": "panel"})
    assert "held by Reception 2" in panel.text
    sent = {"csrf_token": reception.csrf_token("/front-desk")}
    refused = reception.post(f"/front-desk/slots/{slot_id}/hold", sent, headers=HX)
    assert "11:30" in refused.text
    form = form_of(desk, reception, time(14))
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(14))
    late = form.send(do="book", patient_id=desk.patient_id).all("a", class_="small")
    assert late
    assert all("09:" not in "".join(link.itertext()) for link in late)
