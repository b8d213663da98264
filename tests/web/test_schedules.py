from datetime import time
from typing import Any

import sqlalchemy as sa

from hms_web.models import Appointment, DoctorSchedule
from tests.web.pages import text
from tests.web.record_scenes import Desk

HX = {"HX-Request": "true"}


def at(desk: Desk) -> str:
    return f"/doctors/{desk.doctor_id}/schedule"


def hours(desk: Desk, day: str) -> DoctorSchedule | None:
    desk.session.expire_all()
    return desk.session.scalar(sa.select(DoctorSchedule).where(DoctorSchedule.day_of_week == day))


def test_the_hours_as_they_are_and_what_they_give(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    assert page.h1 == "Weekly hours of Dr. 001"
    assert [text(day) for day in page.all("output")] == ["14 slots"] * 7
    assert "98 slots a week" in page.text
    assert page.form("/schedule").values["monday-start"] == "09:00"


def test_a_preview_counts_the_slots_and_names_who_no_longer_fits(desk: Desk) -> None:
    browser = desk.doctor()
    values = browser.get(at(desk)).form("/schedule").values
    answer = browser.post(f"{at(desk)}/preview", values | {"monday-start": "11:00"}, headers=HX)
    assert "94 slots a week" in answer.text
    assert "Monday 10 slots 11:00 11:30 12:00 12:30 14:00" in answer.text
    assert "One appointment does not fit these hours" in answer.text
    assert "Asha Sharma" in answer.text
    assert len(answer.all("output")) == 7
    wrong = browser.post(f"{at(desk)}/preview", values | {"monday-start": "19:00"}, headers=HX)
    assert "Monday: The end must be after the start." in wrong.text


def test_hours_are_saved_once_those_concerned_have_been_shown(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    later: dict[str, Any] = {"monday-start": "11:00"}
    asked = page.form("/schedule").send(**later)
    assert asked.status == 409
    assert "Not saved yet" in asked.text
    stored = hours(desk, "MONDAY")
    assert stored
    assert stored.start_time == time(9)
    done = asked.form("/schedule").send()
    assert "Saved: " in done.text
    assert "Asha Sharma" in done.follow("1 appointment needs another time.").text
    assert "Saving keeps" not in done.text
    assert "1 appointment of this doctor needs another time" in done.text
    stored = hours(desk, "MONDAY")
    assert stored
    assert stored.start_time == time(11)
    assert desk.clinic.count(Appointment, affected_cause="SCHEDULE_CHANGE") == 1
    assert "Asha Sharma" in done.follow("See which").text


def test_a_day_off_keeps_its_hours_for_later(desk: Desk) -> None:
    page = desk.admin().get(at(desk))
    done = page.form("/schedule").send(None, **{"sunday-on": None})
    assert "day off" in done.text
    assert done.form("/schedule").values["sunday-start"] == "09:00"
    stored = hours(desk, "SUNDAY")
    assert stored
    assert not stored.is_active


def test_a_day_off_without_sound_hours_has_none(desk: Desk) -> None:
    page = desk.admin().get(at(desk))
    off: dict[str, Any] = {"saturday-on": None, "saturday-end": "08:00", "sunday-on": None, "sunday-break_end": ""}
    off |= {"friday-on": None, "friday-break_start": "", "friday-break_end": "", "thursday-break_end": "15:00"}
    page.form("/schedule").send(**off)
    assert hours(desk, "SATURDAY") is None
    assert hours(desk, "SUNDAY") is None
    assert hours(desk, "FRIDAY")


def test_mistakes_stand_at_the_day_they_are_about(desk: Desk) -> None:
    form = desk.doctor().get(at(desk)).form("/schedule")
    for field, value, words in (
        ("monday-end", "08:00", "Monday: The end must be after the start."),
        ("tuesday-start", "", "Tuesday: Say from when."),
        ("friday-start", "soon", "Friday: Write a time like 09:30."),
        ("sunday-break_start", "", "Sunday: Say when the break starts"),
        ("sunday-break_end", "18:00", "inside the hours. For a day without one, empty both its times."),
    ):
        typed: dict[str, Any] = {field: value}
        refused = form.send(**typed)
        assert refused.status == 422
        assert words in refused.text
        assert refused.all("td", class_="wrong")
        assert refused.form("/schedule").values[field] == value


def test_a_doctor_sees_to_their_own_hours_only(desk: Desk) -> None:
    browser = desk.doctor(desk.clinic.doctor())
    assert browser.get(at(desk)).status == 403
    token = browser.csrf_token("/patients")
    assert browser.post(at(desk), {"csrf_token": token}).status == 403
    assert hours(desk, "MONDAY")
