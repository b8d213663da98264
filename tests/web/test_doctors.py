from datetime import time
from typing import Any

import sqlalchemy as sa

from hms_web.domain.schedules import DayOfWeek
from hms_web.models import Appointment, Doctor
from tests.scenes import NOW
from tests.web.pages import HX
from tests.web.record_scenes import Desk


def test_doctors_are_found_by_name_and_department(desk: Desk) -> None:
    page = desk.reception().get("/doctors")
    assert "Dr. 001" in page.text
    assert "Cardiology" in page.text
    assert "New doctor" not in page.text
    assert "No doctor fits" in page.form(id="filters").send(q="nobody").text
    assert "No doctor fits" in page.form(id="filters").send(department="").browser.get("/doctors?department=x").text


def test_a_search_as_you_type_is_a_fragment(desk: Desk) -> None:
    answer = desk.reception().fragment("/doctors?q=001")
    assert answer.fragment
    assert "1 doctor" in answer.response.headers["HX-Trigger-After-Settle"]


def test_a_new_doctor_gets_a_link_that_is_shown_once(desk: Desk) -> None:
    page = desk.admin().get("/doctors/new")
    done = page.form("/new").send(name="Dr. New", email="new@example.org", department="Surgery")
    assert done.h1 == "A link for Dr. New"
    assert "/set-password/" in done.text
    assert done.follow("Enter the hours").h1 == "Weekly hours of Dr. New"


def test_mistakes_of_a_new_doctor_keep_what_was_typed(desk: Desk) -> None:
    form = desk.admin().get("/doctors/new").form("/new")
    good: dict[str, Any] = {"name": "Dr. Kept", "email": "kept@example.org", "department": "Surgery"}
    form.send(**good)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "Enter the doctor's name"),
        ({"slot_duration": "4"}, "A slot lasts 5 to 240 minutes"),
        ({"slot_duration": "many"}, ""),
        ({"email": "kept"}, "Write an e-mail address"),
        ({}, "There is already a user with this e-mail address"),
    ]
    for wrong, words in cases:
        refused = form.send(**(good | wrong))
        assert refused.status in {409, 422}
        assert words in refused.text
        assert "Surgery" in refused.html


def test_everything_that_is_wrong_with_a_new_doctor_is_said_at_once(desk: Desk) -> None:
    form = desk.admin().get("/doctors/new").form("/new")
    form.send(name="Dr. First", email="first@example.org", department="Surgery")
    refused = form.send(
        name="", email=" FIRST@example.org ", department="", slot_duration="4", max_patients_per_day="x"
    )
    assert refused.status == 422
    for words in (
        "5 things to put right",
        "Enter the doctor's name",
        "There is already a user with this e-mail address",
        "Enter the department",
        "A slot lasts 5 to 240 minutes",
    ):
        assert words in refused.text, words
    assert desk.clinic.count(Doctor) == 2


def test_another_slot_length_is_saved(desk: Desk) -> None:
    page = desk.admin().get(f"/doctors/{desk.doctor_id}")
    done = page.form(f"/doctors/{desk.doctor_id}").send(slot_duration="20")
    assert "Saved" in done.text
    assert desk.session.scalar(sa.select(Doctor.slot_duration)) == 20
    assert page.form(f"/doctors/{desk.doctor_id}").send(department="").status == 422
    assert page.form(f"/doctors/{desk.doctor_id}").send(max_patients_per_day="0").status == 422


def test_another_slot_length_is_previewed(desk: Desk) -> None:
    browser = desk.admin()
    values = browser.get(f"/doctors/{desk.doctor_id}").form(f"/doctors/{desk.doctor_id}").values

    def told(minutes: str) -> str:
        return browser.post(f"/doctors/{desk.doctor_id}/slots", values | {"slot_duration": minutes}, headers=HX).text

    assert "63 slots a week instead of 98" in told("45")
    assert "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday 9 slots 09:00 09:45 10:30" in told("45")
    assert [told(minutes) for minutes in ("30", "2", "many", "")] == [""] * 4
    assert desk.session.scalar(sa.select(Doctor.slot_duration)) == 30


def test_who_does_not_fit_is_shown_before_another_slot_length_is_saved(desk: Desk) -> None:
    desk.clinic.hours(desk.doctor_id, DayOfWeek.MONDAY, time(14), time(17))
    page = desk.admin().get(f"/doctors/{desk.doctor_id}")
    asked = page.form(f"/doctors/{desk.doctor_id}").send(slot_duration="20")
    assert asked.status == 409
    assert "One appointment does not fit the hours." in asked.text
    assert "Asha Sharma" in asked.text
    assert desk.session.scalar(sa.select(Doctor.slot_duration)) == 30
    done = asked.form(f"/doctors/{desk.doctor_id}").send()
    assert "Asha Sharma" in done.follow("1 appointment needs another time.").text
    assert desk.clinic.row(desk.booked.id).affected_cause == "SCHEDULE_CHANGE"


def test_taking_no_more_appointments_names_those_it_cancels(desk: Desk) -> None:
    page = desk.admin().get(f"/doctors/{desk.doctor_id}").follow("Take no more appointments")
    assert "One appointment will be cancelled" in page.text
    assert "Asha Sharma" in page.text
    done = page.form("/availability").send(available="no")
    assert "1 appointment cancelled, a message for 1 patient waits to be sent." in done.text
    assert desk.clinic.count(Appointment, status="CANCELLED") == 1
    again = done.form("/availability").send(available="yes")
    assert "takes appointments" in again.text
    assert desk.clinic.row(desk.booked.id).status == "CANCELLED", "on again restores nothing"


def test_taking_no_more_appointments_leaves_who_is_here(desk: Desk) -> None:
    desk.session.execute(sa.update(Appointment).values(status="CHECKED_IN", checked_in_at=NOW))
    desk.session.commit()
    page = desk.admin().get(f"/doctors/{desk.doctor_id}/availability")
    assert "One patient is here already and is left for you to see to. Mon 2 Mar 10:00 Asha Sharma" in page.text
    assert "No appointment is to come" in page.text
    page.form("/availability").send(available="no")
    assert desk.clinic.row(desk.booked.id).status == "CHECKED_IN"


def test_nothing_is_cancelled_that_was_not_shown(desk: Desk) -> None:
    page = desk.admin().get(f"/doctors/{desk.doctor_id}/availability")
    refused = page.form("/availability").send(available="no", shown="")
    assert refused.status == 409
    assert "Nothing was done" in refused.text
    assert desk.clinic.count(Appointment, status="CANCELLED") == 0


def test_a_doctor_without_appointments_just_stops(desk: Desk) -> None:
    other = desk.clinic.doctor()
    page = desk.admin().get(f"/doctors/{other}/availability")
    assert "No appointment is to come" in page.text
    assert "0 appointments cancelled" in page.form("/availability").send(available="no").text
