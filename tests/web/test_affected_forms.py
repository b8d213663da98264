"""What a form of the affected list was filled in with and shows stays; the ways to the list lead to it."""

from datetime import time

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.services import absences, holidays
from hms_web.services.holidays import NewHoliday
from hms_web.web import my_day
from tests.scenes import MONDAY, NOW
from tests.services.affected_scenes import Ill, away
from tests.web.record_scenes import Desk
from tests.web.test_affected import planned


@pytest.fixture
def clinic(desk: Desk) -> Ill:
    """The desk's doctor is away on Monday over two patients; a colleague is there."""
    here = desk.clinic
    second = here.book(desk.doctor_id, here.patient(name="Ravi Kumar"), time(11))
    colleague = here.doctor()
    return Ill(here, desk.doctor_id, colleague, away(here, desk.doctor_id), [desk.booked, second])


def test_what_was_filled_in_stays_when_something_is_missing(desk: Desk, clinic: Ill) -> None:
    form = planned(desk, "COLLEAGUE").form("/affected/plans")
    first, second = (f"to-{key}" for key in clinic.ids)
    taken, free = (f"{clinic.colleague}/{MONDAY}/{at}" for at in ("12:00", "16:30"))
    assert form.values[first] == taken
    desk.clinic.book(clinic.colleague, desk.clinic.patient(), time(12))
    cancelled = {second: "CANCEL"}
    mistaken = form.send(None, step=clinic.ids, reason=" ", **cancelled)
    assert mistaken.status == 422
    again = mistaken.form("/affected/plans")
    assert {name: value for name, value in again.values.items() if name not in {"reason", "csrf_token"}} == {
        name: value for name, value in (form.values | cancelled).items() if name not in {"reason", "csrf_token"}
    }
    assert "Mon 2 Mar 12:00, " in mistaken.text
    assert mistaken.text.count("(not free any more)") == 1
    other = again.send(None, step=clinic.ids, reason=" ", **{first: free, second: "CANCEL"})
    assert other.form("/affected/plans").values[first] == free
    assert "(not free any more)" not in other.text
    assert "(not free" not in again.send(None, step=clinic.ids, reason=" ", **{first: "x/y", second: "CANCEL"}).text


def test_a_change_in_between_is_not_hidden_by_a_mistake(desk: Desk, clinic: Ill) -> None:
    form = planned(desk).form("/affected/plans")
    desk.session.execute(sa.text("UPDATE appointments SET version = version + 1"))
    desk.session.commit()
    again = form.send(None, step=clinic.ids, reason=" ", **{f"to-{clinic.ids[0]}": "CANCEL"}).form("/affected/plans")
    assert again.values["batch"] == form.values["batch"]
    assert again.send(step=clinic.ids, reason="Ill").h1 == "0 done, 2 refused"


def test_a_group_of_a_narrowed_list_is_what_it_shows(desk: Desk) -> None:
    other = desk.clinic.doctor()
    desk.clinic.book(other, desk.clinic.patient(name="Zoe Quill"), time(10))
    holidays.create(desk.session, desk.clinic.admin, NewHoliday("Holi", MONDAY), now=NOW)
    page = desk.reception().get(f"/affected?doctor={desk.doctor_id}&cause=HOLIDAY")
    group = page.all("button", name="group")[0].attrib["value"]
    plan = page.form("/affected/plan").send(group=group, do="")
    assert "Asha Sharma" in plan.text
    assert "Zoe Quill" not in plan.text
    everybody = desk.reception().get("/affected").form("/affected/plan").send(group=group, do="")
    assert "Zoe Quill" in everybody.text


def test_what_is_said_after_leave_leads_to_the_list(desk: Desk) -> None:
    form = desk.admin().get(f"/doctors/{desk.doctor_id}/absences").form(id="new")
    done = form.send(start_date=str(MONDAY)).form(id="new").send()
    listed = done.follow("1 appointment needs seeing to.")
    assert listed.url.endswith(f"/affected?doctor={desk.doctor_id}")
    assert listed.form("/affected/plan").page.h1 == "Needs attention"


def test_what_is_said_after_a_holiday_leads_to_the_list(desk: Desk) -> None:
    form = desk.admin().get("/holidays").form("/holidays")
    asked = form.send(name="Holi", date=str(MONDAY))
    done = asked.form("/holidays").send(name="Holi", date=str(MONDAY))
    assert done.follow("1 appointment needs another time.").url.endswith("/affected")


def test_a_doctors_own_day_and_hours_lead_to_the_list(desk: Desk, clinic: Ill) -> None:
    assert desk.doctor().get("/my-day").follow("Plan for all").url.endswith("/affected")
    assert clinic.ids


def test_a_doctors_day_shows_the_list_and_leads_to_a_plan(
    desk: Desk, clinic: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.clinic.book(clinic.colleague, desk.clinic.patient(name="Zoe Quill"), time(12))
    away(desk.clinic, clinic.colleague)
    day = desk.doctor().get("/my-day")
    assert day.follow("Show them").root.find(".//*[@id='affected-title']") is not None
    titles = [heading.text for heading in day.all("h3") if (heading.attrib.get("id") or "").startswith("affected-")]
    assert titles == [f"{desk.booked.doctor_name}: Annual leave, Mon 2 Mar"]
    plans = [link.attrib["href"] for link in day.all("a") if "See to" in (link.text or "")]
    assert plans == [f"/affected/plan?chosen={key}" for key in clinic.ids]
    assert "Zoe Quill" not in day.text, "a colleague's"
    (button,) = day.all("button", name="group")
    values = day.form("/consultations").values | {"group": button.attrib["value"]}
    assert day.browser.post(button.attrib["formaction"], values).h1 == "Plan for 2 appointments"
    assert "Zoe Quill" in desk.doctor(clinic.colleague).get("/my-day").text
    monkeypatch.setattr(my_day, "MOST_AFFECTED", 1)
    assert "1 more" in day.browser.get("/my-day").text


def test_a_doctors_day_that_shows_the_list_hears_of_its_causes(desk: Desk, clinic: Ill) -> None:
    browser = desk.doctor()
    poll = browser.get("/my-day").root.find(".//*[@id='my-day']")
    assert poll is not None
    address = poll.attrib["hx-get"]
    assert browser.get(address).status == 204
    wanted = absences.AbsenceChange(absence_type=AbsenceType.TRAINING)
    absences.change(desk.session, desk.clinic.admin, desk.doctor_id, clinic.absence, wanted, now=NOW)
    assert "Training, Mon 2 Mar" in browser.get(address).text
