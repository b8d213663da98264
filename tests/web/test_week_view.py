"""One doctor's week in the grid: the same slots, holds and forms as in the day of many."""

from datetime import time, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from hms_web.domain.schedules import DayOfWeek
from hms_web.services.kept import Kept
from hms_web.web.front_desk import rendering
from hms_web.web.front_desk.address import short
from tests.scenes import LAST_DAY, MONDAY
from tests.web.desk_scenes import cells, counted, slot_of
from tests.web.pages import HX, Browser, Page, text
from tests.web.record_scenes import Desk

SUNDAY = MONDAY + timedelta(days=6)
WORKDAYS = tuple(day for day in DayOfWeek if day is not DayOfWeek.SUNDAY)


def week(desk: Desk, browser: Browser, more: str = "") -> Page:
    return browser.get(f"/front-desk?view=week&doctor={desk.doctor_id}&date={MONDAY}{more}")


def heads(page: Page) -> list[str]:
    return [text(head.find("button")) for head in page.all("h2", class_="head")]  # type: ignore[arg-type]


def test_the_week_stands_side_by_side_from_its_first_day(desk: Desk) -> None:
    clinic = desk.clinic
    clinic.book(desk.doctor_id, clinic.patient(name="Ravi Iyer"), time(11), day=MONDAY + timedelta(days=3))
    page = week(desk, desk.reception())
    assert page.h1 == "Mon 2 Mar – Sun 8 Mar"  # noqa: RUF001
    assert heads(page) == ["Mon 2 Mar", "Tue 3 Mar", "Wed 4 Mar", "Thu 5 Mar", "Fri 6 Mar", "Sat 7 Mar", "Sun 8 Mar"]
    assert cells(page)["10:00 Asha Sharma, expected, Mon 2 Mar"] == short(desk.booked.id)
    assert {"11:00 Ravi Iyer, expected, Thu 5 Mar", "09:00 free, Sun 8 Mar"} <= cells(page).keys()
    assert text(page.all("h2", id="day-title")[0]) == "Today, 1 patient Dr. 001", (
        "whose week it is, and which day's list"
    )
    later = page.follow("›")  # noqa: RUF001
    assert later.h1 == "Mon 9 Mar – Sun 15 Mar"  # noqa: RUF001
    assert later.follow("Today").h1 == page.h1
    in_hindi = desk.reception().get(
        f"/front-desk?view=week&doctor={desk.doctor_id}&date={MONDAY}", headers={"Accept-Language": "hi"}
    )
    assert in_hindi.h1.startswith("रवि 1 मार्च"), "there a week begins on Sunday"


def test_a_column_leads_to_the_week_and_back_and_a_move_goes_along(desk: Desk) -> None:
    reception = desk.reception()
    there = f"/front-desk?date={MONDAY}&department=Cardiology&move={desk.booked.id}"
    to_week = reception.get(there).form(id="grid-form")
    page = to_week.send(week=short(desk.doctor_id))
    assert page.url.endswith(f"department=Cardiology&doctor={desk.doctor_id}&view=week&move={desk.booked.id}")
    assert page.all("div", id="panel", data_kind="moving")
    day = page.form(id="grid-form").send(on=str(MONDAY + timedelta(days=2)))
    assert day.h1 == "Wednesday 4 March"
    assert day.url.endswith(f"department=Cardiology&move={desk.booked.id}")
    answer = reception.client.get(f"{there}&week={short(desk.doctor_id)}", headers=HX | {"HX-Target": "panel"})
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#desk", "outerHTML")
    assert "view=week" in answer.headers["HX-Push-Url"]
    assert b'id="desk"' in answer.data[:300]
    assert b"<html" not in answer.data


def test_a_slot_of_the_week_opens_the_same_form_and_the_week_stays(desk: Desk) -> None:
    reception = desk.reception()
    friday = MONDAY + timedelta(days=4)
    week(desk, reception)
    slot = desk.clinic.slot(desk.doctor_id, time(15), friday)
    form = week(desk, reception, f"&slot={slot.id}").form(id="booking")
    done = form.send(patient_id=str(desk.clinic.patient(name="Meera Nair")))
    assert done.h1 == "Mon 2 Mar – Sun 8 Mar"  # noqa: RUF001
    assert "15:00 Meera Nair, expected, Fri 6 Mar" in cells(done)


def test_a_week_without_times_says_why(desk: Desk) -> None:
    clinic, reception = desk.clinic, desk.reception()
    off = clinic.doctor(days=())
    asked = "/front-desk?view=week"
    beyond, before = LAST_DAY + timedelta(days=8), MONDAY - timedelta(days=40)
    assert "this week opens later" in reception.get(f"{asked}&doctor={desk.doctor_id}&date={beyond}").text
    assert "This week has gone by" in reception.get(f"{asked}&doctor={desk.doctor_id}&date={before}").text
    assert "has no times that week." in reception.get(f"{asked}&doctor={off}&date={MONDAY}").text
    some = clinic.doctor(days=WORKDAYS)
    page = reception.get(f"{asked}&doctor={some}&date={MONDAY}")
    assert len(page.all("div", class_="off")) == 1
    assert "day off" in page.text


def test_the_week_of_nobody_is_the_day_of_all(desk: Desk) -> None:
    reception = desk.reception()
    for doctor in ("", "nobody", str(uuid4())):
        page = reception.get(f"/front-desk?view=week&doctor={doctor}")
        assert page.h1 == "Monday 2 March"
        assert "10:00 Asha Sharma, expected, Dr. 001" in cells(page)


def test_the_week_keeps_itself_up_to_date_with_as_many_questions_as_the_day(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "grids", Kept(10))
    reception = desk.reception()
    asked = f"/front-desk/grid?date={MONDAY}&doctor={desk.doctor_id}"
    for path in (asked, f"{asked}&view=week"):
        reception.client.get(path, headers=HX)  # makes what is looked at for the first time
    with counted(app) as of_day:
        reception.client.get(asked, headers=HX)
    with counted(app) as of_week:
        part = reception.fragment(f"{asked}&view=week")
    assert len(of_week) == len(of_day)
    again = next(e.attrib["hx-get"] for e in part.root.iter() if e.attrib.get("id") == "grid")
    assert "view=week" in again
    assert reception.client.get(again, headers=HX).status_code == 204
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11), day=SUNDAY)
    assert reception.client.get(again, headers=HX).status_code == 200
    assert b"Dr. 001" in reception.client.get(asked, headers=HX).data, "the kept week is not the kept day"


def test_a_hold_of_the_week_is_seen_by_others_with_a_name(desk: Desk) -> None:
    reception = desk.reception()
    week(desk, reception)
    slot = slot_of(desk, time(9))
    token = reception.csrf_token("/front-desk")
    reception.post(f"/front-desk/slots/{slot.id}/hold", {"csrf_token": token}, headers=HX)
    other = week(desk, desk.admin())
    assert "held by" in other.text
    assert "09:00 free, Mon 2 Mar" not in cells(other)
