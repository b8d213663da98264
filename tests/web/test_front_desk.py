"""The front desk: the day as it stands, its polls and its panel."""

from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from itsdangerous import TimestampSigner

from hms_web.models import DoctorSlot
from hms_web.services import holidays, keeping
from hms_web.services.holidays import NewHoliday
from hms_web.web.front_desk.address import short
from tests.leave_rows import TUESDAY
from tests.scenes import MONDAY, NOW
from tests.web.desk_scenes import KIBIBYTE, cells, counted, slot_of
from tests.web.pages import HX
from tests.web.record_scenes import Desk


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


def test_whoever_comes_on_a_holiday_stands_in_the_grid_and_nothing_else_does(desk: Desk) -> None:
    here = desk.clinic
    booked = here.book(desk.doctor_id, here.patient(name="Asha Rao"), time(10), TUESDAY)
    here.book(desk.doctor_id, here.patient(name="Ravi Iyer"), time(11), TUESDAY)
    holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW)
    keeping.keep(here.session, here.actor, booked.id, version=2, now=NOW)
    page = desk.reception().get(f"/front-desk?date={TUESDAY}")
    assert [label for label in cells(page) if "free" in label] == []
    assert sorted(name for name in ("Asha Rao", "Ravi Iyer") if any(name in label for label in cells(page))) == [
        "Asha Rao",
        "Ravi Iyer",
    ]
    assert "holiday: Holi" in page.text


def test_a_poll_is_answered_only_when_something_has_changed(desk: Desk) -> None:
    reception = desk.reception()
    for name in ("grid", "day"):
        part = reception.fragment(f"/front-desk/{name}?date={MONDAY}")
        again = next(e.attrib["hx-get"] for e in part.root.iter() if e.attrib.get("id") == name)
        assert reception.client.get(again, headers=HX).status_code == 204
        desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11) if name == "grid" else time(12))
        assert reception.client.get(again, headers=HX).status_code == 200


def test_a_poll_a_moment_later_is_as_little_news(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token against forged requests, which the list holds, is another one every second."""
    reception = desk.reception()
    part = reception.fragment(f"/front-desk/day?date={MONDAY}")
    again = next(e.attrib["hx-get"] for e in part.root.iter() if e.attrib.get("id") == "day")
    later = TimestampSigner("").get_timestamp() + 60
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: later)
    assert reception.client.get(again, headers=HX).status_code == 204


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
