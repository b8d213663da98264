"""Changing and extending leave on its page, and the month calendar."""

from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.models import Appointment, DoctorAbsence
from tests.scenes import MONDAY
from tests.web.pages import HX, Page, text
from tests.web.record_scenes import Desk

DAY = timedelta(days=1)


def at(desk: Desk, absence_id: UUID | None = None) -> str:
    return f"/doctors/{desk.doctor_id}/absences" + (f"/{absence_id}" if absence_id else "")


def entered(desk: Desk, first: date = MONDAY, last: date = MONDAY, hours: tuple[time, time] | None = None) -> UUID:
    return desk.clinic.absence(desk.doctor_id, first, last, hours)


def stored(desk: Desk, absence_id: UUID) -> DoctorAbsence:
    desk.session.expire_all()
    return desk.session.get_one(DoctorAbsence, absence_id)


def names(page: Page) -> dict[str, str]:
    return {b.attrib["value"]: b.attrib["aria-label"] for b in page.all("button", class_="day")}


def test_the_form_shows_the_leave_as_it_is(desk: Desk) -> None:
    page = desk.doctor().get(at(desk, entered(desk, hours=(time(14), time(16)))))
    form = page.form(id="change")
    wanted = {"absence_type": "OTHER", "start_date": "2026-03-02", "start_time": "14:00", "end_time": "16:00"}
    assert wanted.items() <= form.values.items()


def test_extending_shows_the_added_slots_and_patients_first(desk: Desk) -> None:
    absence_id = entered(desk, MONDAY + DAY, MONDAY + DAY)
    page = desk.doctor().get(at(desk, absence_id))
    asked = page.form(id="change").send(start_date=str(MONDAY))
    assert asked.status == 409
    assert "One appointment lies in the added time" in asked.text
    assert "14 slots close" in asked.text
    assert stored(desk, absence_id).start_date == MONDAY + DAY
    done = asked.form(id="change").send()
    assert "Changed." in done.text
    assert "1 appointment needs seeing to." in done.text
    assert stored(desk, absence_id).start_date == MONDAY
    assert desk.clinic.count(Appointment, affected_cause="ABSENCE") == 1


def test_becoming_an_emergency_shows_its_cascade_first(desk: Desk) -> None:
    here = desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Noah Brown"), time(11))
    desk.session.execute(
        sa.update(Appointment)
        .where(Appointment.id == here.id)
        .values(status="CHECKED_IN", checked_in_at=desk.booked.created_at)
    )
    desk.session.commit()
    page = desk.admin().get(at(desk, entered(desk)))
    asked = page.form(id="change").send(absence_type="EMERGENCY")
    assert asked.status == 409
    assert "One appointment will be cancelled" in asked.text
    assert "One patient is here already and is left for you to see to. Mon 2 Mar 11:00 Noah Brown" in asked.text
    assert "Save the change and cancel one appointment" in [text(b) for b in asked.all("button", class_="danger")]
    assert desk.clinic.count(Appointment, status="CANCELLED") == 0
    done = asked.form(id="change").send()
    assert "1 appointment cancelled." in done.text
    assert "1 appointment needs seeing to." in done.text
    assert desk.clinic.row(desk.booked.id).cancel_reason == "Auto-cancelled due to doctor emergency"
    assert desk.clinic.row(here.id).status == "CHECKED_IN"


def test_shortening_says_what_opens_and_who_leaves_the_list(desk: Desk) -> None:
    browser = desk.doctor()
    page = browser.get(at(desk)).form(id="new").send(start_date=str(MONDAY)).form(id="new").send()
    change = page.follow("Change")
    told = browser.post(
        f"{change.url}/preview", change.form(id="change").values | {"start_time": "14:00", "end_time": "17:00"}
    )
    assert "8 slots open again" in told.text
    assert "10:00 booked" in told.text
    assert "One appointment no longer needs another time: Mon 2 Mar 10:00 Asha Sharma" in told.text
    asked = change.form(id="change").send(start_time="14:00", end_time="17:00")
    assert asked.status == 409
    asked.form(id="change").send()
    assert desk.clinic.count(Appointment, affected_cause="ABSENCE") == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"start_date": ""}, "Enter the first day."),
        ({"end_date": "2026-03-01"}, "The last day cannot be before the first day."),
        ({"end_date": "2026-03-20"}, "There is already an absence of this doctor in that time"),
    ],
)
def test_mistakes_keep_what_was_typed(desk: Desk, typed: dict[str, str], words: str) -> None:
    absence_id = entered(desk, MONDAY + DAY, MONDAY + DAY)
    entered(desk, MONDAY + 14 * DAY, MONDAY + 14 * DAY)
    form = desk.doctor().get(at(desk, absence_id)).form(id="change")
    refused = form.send(None, **({"reason": "Kept"} | typed))
    assert refused.status == 422
    assert words in refused.text
    assert refused.form(id="change").values["reason"] == "Kept"
    preview = form.page.browser.post(f"{at(desk, absence_id)}/preview", form.values | typed, headers=HX)
    assert words in preview.text


def test_one_that_was_cancelled_meanwhile_says_so(desk: Desk) -> None:
    absence_id = entered(desk)
    form = desk.doctor().get(at(desk, absence_id)).form(id="change")
    desk.session.execute(sa.update(DoctorAbsence).values(status="CANCELLED"))
    desk.session.commit()
    refused = form.send(reason="x")
    assert refused.status == 422
    assert "This leave was cancelled" in refused.text


def test_the_month_says_of_each_day_what_it_is_and_how_full(desk: Desk) -> None:
    entered(desk, MONDAY + DAY, MONDAY + DAY, (time(14), time(16)))
    entered(desk, MONDAY + 3 * DAY, MONDAY + 4 * DAY)
    desk.clinic.holiday(MONDAY + 7 * DAY)
    page = desk.doctor().get(at(desk))
    assert "March 2026" in page.text
    shown = names(page)
    assert shown["2026-03-02"] == "Monday 2 March, today, 1 of 14 booked"
    assert shown["2026-03-03"] == "Tuesday 3 March, Other 14:00–16:00, 0 of 10 booked"  # noqa: RUF001 from to
    assert shown["2026-03-05"] == "Thursday 5 March, Other"
    assert shown["2026-03-09"] == "Monday 9 March, closed: Holi"
    assert "2026-03-01" not in shown, "what has gone by starts no leave"
    link = page.all("a", aria_label="Other, Thursday 5 March")[0]
    assert page.browser.get(link.attrib["href"]).form(id="change").values["end_date"] == "2026-03-06"
    table = page.all("table", class_="calendar")[0]
    assert [text(head) for head in table.iter("th")] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert table.find("caption") is not None


def test_somebody_booked_in_closed_time_is_said(desk: Desk) -> None:
    entered(desk)
    assert names(desk.doctor().get(at(desk)))["2026-03-02"].endswith("1 booked in closed time")


def test_a_day_off_and_a_full_day_are_said(desk: Desk) -> None:
    desk.session.execute(sa.text("UPDATE doctors SET max_patients_per_day = 1"))
    desk.session.execute(sa.text("DELETE FROM doctor_schedules WHERE day_of_week = 'SUNDAY'"))
    desk.session.commit()
    page = desk.doctor().get(at(desk))
    assert names(page)["2026-03-08"] == "Sunday 8 March, day off"
    assert "1/1 full" in page.text


def test_without_javascript_two_days_are_picked_one_after_the_other(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    calendar = page.all("form", method="get")[0].attrib["action"].partition("#")[0]
    first = page.browser.get(f"{calendar}?first=2026-03-05&month=2026-03")
    assert first.form(id="new").values["start_date"] == "2026-03-05"
    assert "14 slots close" in first.text
    kinds = {b.attrib["value"]: b.attrib["name"] for b in first.all("button", class_="day")}
    assert (kinds["2026-03-04"], kinds["2026-03-05"], kinds["2026-03-09"]) == ("first", "last", "last")
    both = page.browser.get(f"{calendar}?first=2026-03-05&last=2026-03-09&month=2026-03")
    assert both.form(id="new").values["end_date"] == "2026-03-09"
    assert "70 slots close" in both.text
    picked = {b.attrib["value"] for b in both.all("button", aria_pressed="true")}
    assert picked == {f"2026-03-0{day}" for day in range(5, 10)}
    assert "Entered." in both.form(id="new").send().text


def test_months_are_turned_and_stand_in_the_address(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    april = page.all("a", id="month-after")[0].attrib["href"]
    assert april.endswith("?month=2026-04")
    shown = page.browser.get(april)
    assert "April 2026" in shown.text
    assert shown.all("a", id="month-now")
    assert shown.all("a", id="month-before")[0].attrib["href"].endswith("?month=2026-03")
    fragment = page.browser.fragment(april, **{"HX-Target": "month"})
    assert [e.attrib.get("id") for e in fragment.root] == ["month"]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("month=nonsense&first=x&last=2026-03-09", "March 2026"),
        ("first=2026-05-05", "May 2026"),
        ("first=2026-05-05&last=2026-04-01", "May 2026"),
        ("month=1900-01", "January 1900"),
        ("month=9998-12", "December 9998"),
        ("month=9999-12", "March 2026"),
        ("first=1999-01-01&month=2026-03", "The first day cannot be in the past."),
    ],
)
def test_an_address_that_makes_no_sense_shows_what_it_can(desk: Desk, asked: str, shown: str) -> None:
    page = desk.doctor().get(f"{at(desk)}?{asked}")
    assert page.status == 200
    assert shown in page.text
