"""The front desk: holds, moves, cancellations, check-ins, blocks, and the next free time."""

from datetime import time, timedelta
from uuid import uuid4

import sqlalchemy as sa

from hms_web import clock
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, DoctorSlot, User
from tests.scenes import MONDAY, NOW
from tests.web.desk_scenes import form_of, opened, slot_of
from tests.web.pages import HX, text
from tests.web.record_scenes import Desk


def test_what_is_not_there_any_more_is_a_sentence_with_the_next_free_times(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?slot={uuid4()}")
    assert "This slot no longer exists" in page.text
    assert "Next free" in page.text
    assert "no such appointment" in desk.reception().get(f"/front-desk?appointment={uuid4()}").text


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


def test_the_numbers_of_the_days_list_add_up(desk: Desk) -> None:
    """Who is to come, who is here and who is done are the day's patients; the others are counted apart."""
    known = AppointmentStatus
    for at, status in ((11, known.CANCELLED), (12, known.NO_SHOW), (14, known.COMPLETED), (15, known.CHECKED_IN)):
        booked = desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(at))
        desk.session.execute(sa.update(Appointment).where(Appointment.id == booked.id).values(status=status))
    desk.session.commit()
    page = desk.reception().get("/front-desk")
    parts = [note.attrib["title"] for note in page.all("span", class_="number") if "title" in note.attrib]
    assert text(page.all("h2", id="day-title")[0]) == "Today, 3 patients"
    assert parts == ["1 to come, 1 here, 1 done"]
    assert text(page.all("details", id="day-over")[0][0]) == "1 done · 2 cancelled or missed"


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
    for nothing in ("", "  "):
        refused = page.form("/cancel").send(reason=nothing)
        assert (refused.status, "Say why" in refused.text) == (422, True)
    too_long = page.form("/cancel").send(reason="x" * 501)
    assert (too_long.status, too_long.form("/cancel").values["reason"]) == (422, "x" * 501), "what was typed stays"
    by_hand = desk.reception().get(f"/front-desk?appointment={desk.booked.id}").form("/status")
    assert [by_hand.send(status=status).status for status in ("CANCELLED", "NO_SHOW")] == [400, 400]
    assert desk.clinic.row(desk.booked.id).status == "SCHEDULED"
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
    assert "late 1 h 10 min" in text
    assert "here 2 h 15 min" in text


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
