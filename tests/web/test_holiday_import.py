"""Importing public holidays on its page."""

from datetime import date, time

from hms_web.models import Appointment, HospitalHoliday
from tests.web.record_scenes import Desk

HOLI = date(2026, 3, 4)


def test_the_own_country_and_this_year_stand_there_at_first(desk: Desk) -> None:
    page = desk.admin().get("/holidays").follow("Import public holidays")
    assert page.form("/holidays/import").values["country"] == "IN"
    boxes = {box.attrib["value"]: box.attrib for box in page.all("input", type="checkbox")}
    assert not any("checked" in box for box in boxes.values()), "nothing closes that nobody has chosen"
    assert "disabled" in boxes["2026-01-26"]
    assert "past" in page.text
    everything = page.follow("Tick all")
    ticked = {box.attrib["value"] for box in everything.all("input", type="checkbox") if "checked" in box.attrib}
    assert "2026-03-04" in ticked
    assert "2026-01-26" not in ticked
    assert "Tick none" in everything.text


def test_only_the_chosen_days_are_added(desk: Desk) -> None:
    page = desk.admin().get("/holidays/import?country=IN&year=2026")
    form = next(f for f in page.all("form", method="post") if f.attrib["action"] == "/holidays/import")
    assert form is not None
    browser = page.browser
    sent = {"csrf_token": browser.csrf_token("/holidays"), "country": "IN", "year": "2026", "day": str(HOLI)}
    done = browser.post("/holidays/import", sent)
    assert "1 holiday added." in done.text
    assert desk.clinic.count(HospitalHoliday) == 1
    again = browser.get("/holidays/import?country=IN&year=2026")
    assert "entered already" in again.text


def test_whom_a_day_concerns_is_shown_first(desk: Desk) -> None:
    desk.clinic.book(desk.doctor_id, desk.patient_id, time(11), HOLI)
    browser = desk.admin()
    sent = {"csrf_token": browser.csrf_token("/holidays"), "country": "IN", "year": "2026", "day": str(HOLI)}
    asked = browser.post("/holidays/import", sent)
    assert asked.status == 409
    assert "1 appointment" in asked.text
    assert "Wed 4 Mar 11:00 Asha Sharma" in asked.text
    assert desk.clinic.count(HospitalHoliday) == 0
    shown = asked.all("input", name="shown")[0].attrib["value"]
    done = browser.post("/holidays/import", sent | {"shown": shown})
    listed = done.follow("1 appointment needs another time.")
    assert "Asha Sharma" in listed.text
    assert desk.clinic.count(Appointment, affected_cause="HOLIDAY") == 1


def test_mistakes_are_said_and_what_was_chosen_stays(desk: Desk) -> None:
    browser = desk.admin()
    token = browser.csrf_token("/holidays")
    for query, words in (
        ("country=XX&year=2026", "The public holidays of this country are not known"),
        ("country=IN&year=1999", "Choose a year from 2026 to 2031"),
        ("country=IN&subdivision=ZZ&year=2026", "This country has no such part"),
    ):
        page = browser.get(f"/holidays/import?{query}")
        assert page.status == 422
        assert words in page.text
        pairs = (pair.split("=") for pair in query.split("&"))
        sent: dict[str, str] = {name: value for name, value in pairs}  # noqa: C416 the pairs are lists
        assert words in browser.post("/holidays/import", sent | {"csrf_token": token, "day": str(HOLI)}).text
    nothing = browser.post("/holidays/import", {"csrf_token": token, "country": "IN", "year": "2026"})
    assert nothing.status == 422
    assert "Choose at least one day." in nothing.text
    odd = browser.get("/holidays/import?country=IN&year=x")
    assert "No public holidays are known for this choice" in odd.text


def test_a_country_without_any_says_what_to_do(desk: Desk) -> None:
    assert "No public holidays are known" in desk.admin().get("/holidays/import?country=HM&year=2026").text


def test_a_part_is_chosen_by_its_name(desk: Desk) -> None:
    page = desk.admin().get("/holidays/import?country=IN&subdivision=KA&year=2027")
    chosen = [o for o in page.all("option", value="KA") if "selected" in o.attrib]
    assert "".join(chosen[0].itertext()) == "Karnataka"
    assert "Karnataka Rajyotsava" in page.text


def test_a_past_day_is_refused_in_the_form(desk: Desk) -> None:
    refused = desk.admin().get("/holidays").form(id="new").send(name="Gone", date="2026-03-01")
    assert refused.status == 422
    assert "This day has gone by. Enter a day from today on, or let it recur every year." in refused.text
