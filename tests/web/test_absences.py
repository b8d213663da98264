from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa

from hms_web.models import Appointment, DoctorAbsence
from tests.scenes import MONDAY
from tests.web.pages import text
from tests.web.record_scenes import Desk

HX = {"HX-Request": "true"}


def at(desk: Desk) -> str:
    return f"/doctors/{desk.doctor_id}/absences"


def test_leave_over_nobody_is_entered_at_once(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    assert "No leave is entered" in page.text
    done = page.form(id="new").send(start_date="2026-03-10", end_date="2026-03-12", reason="Hills")
    assert "Entered." in done.text
    assert "Tue 10 Mar – Thu 12 Mar" in done.text  # noqa: RUF001 from to
    assert "Hills" in done.text


def test_leave_over_patients_shows_them_first(desk: Desk) -> None:
    asked = desk.doctor().get(at(desk)).form(id="new").send(start_date=str(MONDAY))
    assert asked.status == 409
    assert "One appointment lies in this time" in asked.text
    assert "Asha Sharma" in asked.text
    assert desk.clinic.count(DoctorAbsence) == 0
    done = asked.form(id="new").send()
    assert "Asha Sharma" in done.follow("1 appointment needs seeing to.").text
    assert desk.clinic.count(Appointment, affected_cause="ABSENCE") == 1


def test_an_emergency_says_that_it_cancels_and_does(desk: Desk) -> None:
    asked = desk.admin().get(at(desk)).form(id="new").send(start_date=str(MONDAY))
    emergency = asked.form(id="new").send(absence_type="EMERGENCY")
    assert emergency.status == 409
    assert "One appointment will be cancelled" in emergency.text
    assert "a message for one patient is written and waits to be sent" in emergency.text
    assert "Enter the leave and cancel one appointment" in [text(b) for b in emergency.all("button", class_="danger")]
    done = emergency.form(id="new").send()
    assert "1 appointment cancelled." in done.text
    assert desk.clinic.count(Appointment, status="CANCELLED") == 1


def test_part_of_a_day_has_hours(desk: Desk) -> None:
    page = desk.doctor().get(at(desk))
    done = page.form(id="new").send(start_date=str(MONDAY), start_time="14:00", end_time="16:00")
    assert "Mon 2 Mar, 14:00–16:00" in done.text  # noqa: RUF001 from to


def test_mistakes_keep_what_was_typed(desk: Desk) -> None:
    desk.clinic.absence(desk.doctor_id, MONDAY + timedelta(days=20), MONDAY + timedelta(days=21))
    form = desk.doctor().get(at(desk)).form(id="new")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"start_date": ""}, "Enter the first day"),
        ({"start_date": "2026-02-01"}, "cannot be in the past"),
        ({"end_date": "2026-03-01"}, "The last day cannot be before the first day"),
        ({"start_time": "10:00"}, "Say until when"),
        ({"start_date": "2026-03-22"}, "There is already an absence of this doctor in that time"),
    ]
    for wrong, words in cases:
        refused = form.send(**({"start_date": "2026-03-05", "reason": "Kept"} | wrong))
        assert refused.status == 422
        assert words in refused.text
        assert 'value="Kept"' in refused.html


def test_a_preview_says_whom_it_concerns(desk: Desk) -> None:
    browser = desk.doctor()
    values = browser.get(at(desk)).form(id="new").values

    def told(**more: str) -> str:
        return browser.post(f"{at(desk)}/preview", values | more, headers=HX).text

    assert "Asha Sharma" in told(start_date=str(MONDAY))
    # Another range has other people in it, and none of them has come meanwhile.
    assert told(start_date=str(MONDAY), shown="0123456789").split().count("new") == 0
    assert "No appointment lies in this time" in told(start_date="2026-03-05")
    assert "cannot be in the past" in told(start_date="2026-02-05")
    assert "14 slots close" in told(start_date="2026-03-05")
    assert told() == "Enter the leave"


def test_a_preview_changes_the_button_and_takes_the_mistakes_of_before_away(desk: Desk) -> None:
    browser = desk.doctor()
    values = browser.get(at(desk)).form(id="new").values
    wanted = {"start_date": str(MONDAY), "absence_type": "EMERGENCY"}
    answer = browser.post(f"{at(desk)}/preview", values | wanted, headers=HX)
    assert "Enter the leave and cancel one appointment" in answer.text
    assert [part.get("hx-swap-oob") for part in answer.all("div", id="mistakes")] == ["true"]
    assert "to put right" not in answer.text


def test_cancelling_leave_says_what_opens_and_opens_it(desk: Desk) -> None:
    desk.clinic.absence(desk.doctor_id, MONDAY, MONDAY, (time(14), time(15)))
    page = desk.doctor().get(at(desk))
    assert "now" in page.text
    asked = page.all("a", aria_label="Cancel the leave Mon 2 Mar, 14:00–15:00")[0]  # noqa: RUF001 from to
    question = page.browser.get(asked.attrib["href"])
    assert "2 slots open again" in question.text
    assert "14:00 14:30" in question.text
    assert desk.clinic.count(DoctorAbsence, status="ACTIVE") == 1
    done = question.form("/cancel").send()
    assert "The time can be booked again" in done.text
    assert desk.clinic.count(DoctorAbsence, status="CANCELLED") == 1
    assert "cancelled" in done.follow("Past leave too").text
    assert question.form("/cancel").send().status == 200, "twice is harmless"
    again = page.browser.get(asked.attrib["href"])
    assert "This leave was cancelled" in again.text
    assert not again.all("form", id="change")


def test_cancelling_shows_who_leaves_the_list_before_it_is_done(desk: Desk) -> None:
    other = desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Noah Brown"), time(11))
    page = desk.doctor().get(at(desk)).form(id="new").send(start_date=str(MONDAY)).form(id="new").send()
    desk.clinic.row(other.id).affected_cause = "HOLIDAY"
    desk.session.commit()
    question = page.browser.get(f"{at(desk)}/{desk.session.scalars(sa.select(DoctorAbsence.id)).one()}/cancel")
    assert "One appointment no longer needs another time" in question.text
    assert "Asha Sharma" in question.text
    assert "Noah Brown" not in question.text
    desk.clinic.row(other.id).affected_cause = "ABSENCE"
    desk.session.commit()
    changed = question.form("/cancel").send()
    assert changed.status == 409
    assert "Noah Brown" in changed.text
    assert "Cancelled." in changed.form("/cancel").send().text
    assert desk.clinic.count(Appointment, affected_cause="ABSENCE") == 0


def test_a_long_list_is_paged(desk: Desk) -> None:
    for day in range(51):
        desk.clinic.absence(desk.doctor_id, MONDAY + timedelta(days=day), MONDAY + timedelta(days=day))
    rest = desk.doctor().get(at(desk)).follow("Next page")
    assert len(rest.all("table", class_="table")[0].findall(".//tbody/tr")) == 1
    assert rest.follow("From the start").h1.startswith("Leave of")


def test_a_doctor_sees_to_their_own_leave_only(desk: Desk) -> None:
    browser = desk.doctor(desk.clinic.doctor())
    assert browser.get(at(desk)).status == 403
