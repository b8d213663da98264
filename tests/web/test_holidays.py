from datetime import time
from typing import Any

import sqlalchemy as sa

from hms_web.models import Appointment, DoctorAbsence, HospitalHoliday
from tests.scenes import MONDAY
from tests.web.pages import text
from tests.web.record_scenes import Desk

HX = {"HX-Request": "true"}


def test_a_free_day_is_added_at_once_switched_off_and_deleted(desk: Desk) -> None:
    page = desk.admin().get("/holidays")
    assert "No holiday is entered" in page.text
    done = page.form(id="new").send(name="Republic Day", date="2027-01-26", is_recurring="y", description="Parade")
    assert "26 January 2027 and every year" in done.text
    off = done.form("/switch").send(on="no")
    assert "Switched off." in off.text
    on = off.form("/switch").send(on="yes")
    assert "Switched on." in on.text
    gone = on.follow("Delete").form("/delete").send()
    assert "Deleted." in gone.text
    assert desk.clinic.count(HospitalHoliday) == 0


def test_a_day_with_appointments_shows_them_first(desk: Desk) -> None:
    asked = desk.admin().get("/holidays").form(id="new").send(name="Holi", date=str(MONDAY))
    assert asked.status == 409
    assert "Asha Sharma" in asked.text
    assert desk.clinic.count(HospitalHoliday) == 0
    done = asked.form(id="new").send()
    assert "1 appointment needs another time." in done.text
    asked = done.form("/switch").send(on="no")
    assert asked.status == 409
    assert "1 appointment no longer needs another time" in asked.text or "One appointment no longer" in asked.text
    assert "Asha Sharma" in asked.text
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 1
    off = asked.form("/switch").send(on="no")
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 0
    again = off.form("/switch").send(on="yes")
    assert again.status == 409
    assert "Asha Sharma" in again.text
    again.form("/switch").send(on="yes")
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 1


def test_who_booked_since_is_shown_as_new_before_anything_is_saved(desk: Desk) -> None:
    form = desk.admin().get("/holidays").form(id="new").send(name="Holi", date=str(MONDAY)).form(id="new")
    late = desk.clinic.patient(name="Late Comer")
    desk.clinic.book(desk.doctor_id, late, time(15))
    asked = form.send()
    assert asked.status == 409
    shown = [text(item) for item in asked.all("li") if "Late Comer" in text(item) or "Asha Sharma" in text(item)]
    assert ["new" in words.split() for words in shown] == [True, False], shown
    assert desk.clinic.count(HospitalHoliday) == 0
    assert "2 appointments need another time." in asked.form(id="new").send().text


def test_a_holiday_is_changed_with_whom_that_concerns_shown_first(desk: Desk) -> None:
    page = desk.admin().get("/holidays").form(id="new").send(name="Holi", date=str(MONDAY)).form(id="new").send()
    form = page.follow("Change").form(id="change")
    assert (form.values["name"], form.values["date"]) == ("Holi", str(MONDAY))
    href = form.element.attrib["hx-post"]
    told = page.browser.post(href, form.values | {"date": "2026-03-05"}, headers=HX).text
    assert "One appointment no longer needs another time:" in told
    assert "Enter a name" in page.browser.post(href, form.values | {"name": ""}, headers=HX).text
    assert form.send(name="").status == 422
    asked = form.send(date="2026-03-05")
    assert asked.status == 409
    assert "Asha Sharma" in asked.text
    assert "Changed." in asked.form(id="change").send().text
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 0
    desk.clinic.holiday(MONDAY.replace(day=20))
    taken = page.browser.get(href.removesuffix("/preview")).form(id="change").send(date="2026-03-20")
    assert "That day is already a holiday" in taken.text


def test_deleting_says_who_gets_the_time_back_and_who_stays(desk: Desk) -> None:
    page = desk.admin().get("/holidays").form(id="new").send(name="Holi", date=str(MONDAY)).form(id="new").send()
    desk.clinic.absence(desk.doctor_id, MONDAY, MONDAY)
    stays = page.follow("Delete")
    assert "One stays on the list of those who need another time:" in stays.text
    assert "the doctor is away" in stays.text
    desk.session.execute(sa.update(DoctorAbsence).values(status="CANCELLED"))
    desk.session.commit()
    asked = stays.form("/delete").send()
    assert asked.status == 409
    assert "other appointments are concerned by now" in asked.text
    assert "Deleted." in asked.form("/delete").send().text
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 0


def test_mistakes_keep_what_was_typed(desk: Desk) -> None:
    desk.clinic.holiday(MONDAY.replace(day=20))
    form = desk.admin().get("/holidays").form(id="new")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "Enter a name"),
        ({"date": ""}, "Enter the day"),
        ({"name": "x" * 200}, "Use at most"),
        ({"date": "2026-03-20"}, "That day is already a holiday"),
    ]
    for wrong, words in cases:
        refused = form.send(**({"name": "Holi", "date": "2026-03-04", "description": "Kept"} | wrong))
        assert refused.status == 422
        assert words in refused.text
        assert 'value="Kept"' in refused.html


def test_what_is_switched_off_stays_off_while_another_closes_that_day(desk: Desk) -> None:
    browser = desk.admin()
    page = browser.get("/holidays").form(id="new").send(name="First", date="2026-03-04")
    off = page.form("/switch").send(on="no")
    off.form(id="new").send(name="Second", date="2026-03-04")
    assert "That day is already a holiday" in off.form("/switch").send(on="yes").text


def test_a_preview_says_whom_it_concerns(desk: Desk) -> None:
    browser = desk.admin()
    values = browser.get("/holidays").form(id="new").values

    def told(**more: str) -> str:
        return browser.post("/holidays/preview", values | {"name": "Holi"} | more, headers=HX).text

    assert "Asha Sharma" in told(date=str(MONDAY))
    assert "No appointment lies on it" in told(date="2026-03-05")
    assert told() == ""
    desk.clinic.holiday(MONDAY.replace(day=20))
    assert "already a holiday" in told(date="2026-03-20")
