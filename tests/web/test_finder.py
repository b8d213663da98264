"""The search for a free time across a department."""

from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.web.front_desk.address import short
from tests.scenes import MONDAY
from tests.web.pages import Page, text
from tests.web.record_scenes import Desk

THURSDAY = MONDAY + timedelta(days=3)


def found(page: Page) -> list[str]:
    return [text(item).removesuffix(" Book") for item in page.all("li", class_="option")]


def test_the_first_times_of_a_department_from_a_day_on_mornings_only(desk: Desk) -> None:
    clinic = desk.clinic
    second, elsewhere = clinic.doctor(start=time(10)), clinic.doctor()
    desk.session.execute(sa.text("UPDATE doctors SET department = 'Allergy' WHERE id = :id"), {"id": elsewhere})
    desk.session.commit()
    clinic.absence(desk.doctor_id, THURSDAY, THURSDAY)
    wish: dict[str, Any] = {"with": "Cardiology", "since": str(THURSDAY), "part": "morning"}
    page = desk.reception().get("/front-desk").follow("Find…")
    assert page.form(id="finder").values["part"] == "any"
    page = page.form(id="finder").send(**wish)
    assert page.url.endswith(f"find=1&with=Cardiology&since={THURSDAY}&part=morning")
    assert found(page)[:4] == [
        "Thu 5 Mar 10:00 Dr. 003",
        "Thu 5 Mar 10:30 Dr. 003",
        "Fri 6 Mar 09:00 Dr. 001",
        "Fri 6 Mar 09:30 Dr. 001",
    ]
    assert len(found(page)) == 8
    form = page.follow("Book").form(id="booking")
    assert form.values["doctor_id"] == str(second)
    assert (form.values["date"], form.values["time"]) == (str(THURSDAY), "10:00")


@pytest.mark.parametrize(("part", "first"), [("afternoon", "12:00"), ("any", "09:00"), ("odd", "09:00")])
def test_the_time_of_day_is_kept_to(desk: Desk, part: str, first: str) -> None:
    page = desk.reception().get(f"/front-desk?find=1&part={part}")
    assert found(page)[0].startswith(f"Mon 2 Mar {first}")


def test_nothing_free_says_what_to_try(desk: Desk) -> None:
    for odd in ("part=evening", "with=Nowhere&part=any"):
        page = desk.reception().get(f"/front-desk?find=1&{odd}")
        assert found(page) == []
        assert "Try another time of day, or all departments." in page.text


def test_a_move_looks_for_its_time_too(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?find=1&part=any&move={desk.booked.id}")
    link = next(a for a in page.root.iter("a") if text(a) == "Move here")
    moved = desk.reception().get(link.attrib["href"])
    assert moved.all("div", id="panel", data_move=short(desk.booked.id))
    panel = desk.reception().fragment("/front-desk?find=1", **{"HX-Target": "panel"})
    assert panel.all("form", id="finder")
