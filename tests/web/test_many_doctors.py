"""No page grows with the number of doctors, and a doctor is found among hundreds by words of the name."""

from datetime import time
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from tests.scenes import MONDAY
from tests.visit_scenes import seen
from tests.web import many_doctors
from tests.web.desk_scenes import KIBIBYTE
from tests.web.pages import HX, Browser, Page, text
from tests.web.record_scenes import Desk
from tests.web.test_query_counts import affect, counted, miss

MANY = 500
PAGED = ("/doctors", "/users")
"""Lists of fifty rows, which ten doctors do not fill."""


def paths(consultation: object, appointment: object) -> dict[str, list[str]]:
    """The pages of each role that name doctors."""
    return {
        "admin": [
            *("/appointments", "/affected", "/no-shows", "/overview", "/doctors", "/users", "/doctors/new", "/alerts"),
            *("/front-desk", f"/appointments/{appointment}", "/messages", "/holidays"),
        ],
        "reception": [
            "/front-desk",
            "/front-desk/grid",
            "/front-desk/day",
            "/front-desk?find=1",
            "/board",
            "/affected",
        ],
        "doctor": [f"/consultations/{consultation}", "/my-day", "/board", "/no-shows", "/affected"],
    }


def costs(desk: Desk, wanted: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """How many statements and how many bytes each page takes."""
    browsers = {"admin": desk.admin(), "reception": desk.reception(), "doctor": desk.doctor()}
    needed = {}
    for who, pages in wanted.items():
        for path in pages:
            browser = browsers[who]
            browser.client.get(path)  # makes the slots that are looked at for the first time
            with counted(desk.app) as statements:
                answer = browser.client.get(path)
            assert answer.status_code == 200, path
            needed[f"{who} {path}"] = len(statements), len(answer.data)
    return needed


def test_no_page_costs_more_with_five_hundred_doctors_than_with_ten(desk: Desk) -> None:
    here = desk.clinic
    view = seen(here, desk.doctor_id, time(11), name="Maria Silva")
    many_doctors.add(desk.session, here.actor, 0, 8, "Cardiology")
    affect(desk)
    miss(desk)
    wanted = paths(view.id, desk.booked.id)
    few = costs(desk, wanted)
    many_doctors.add(desk.session, here.actor, 10, 99)
    few |= costs(desk, {"admin": list(PAGED)})
    many_doctors.add(desk.session, here.actor, 100, MANY)
    many = costs(desk, wanted)
    assert {path: (few[path], many[path]) for path in few if many[path][0] > few[path][0]} == {}
    # Fifty departments instead of one are in one list or two.
    assert {path: (few[path], many[path]) for path in few if many[path][1] > few[path][1] + 6 * KIBIBYTE} == {}


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """A hospital with a hundred doctors, of whom several are called alike and two the same."""
    many_doctors.add(desk.session, desk.clinic.actor, 10, 99)
    rename(desk, "Dr. Asha 0012", "Dr. Twin", "one@twins.test")
    rename(desk, "Dr. Maria 0014", "Dr. Twin", "two@twins.test")
    return desk


def rename(desk: Desk, name: str, other: str, email: str) -> None:
    given = {"name": name, "other": other, "email": email}
    desk.session.execute(sa.text("UPDATE users SET name = :other, email = :email WHERE name = :name"), given)
    desk.session.commit()


def suggested(browser: Browser, typed: str, **more: str) -> list[str]:
    page = browser.get(f"/doctors/names?{urlencode({'doctor': typed} | more)}")
    return [option.attrib["value"] for option in page.all("option")]


def fitting(page: Page) -> list[str]:
    (notice,) = page.all("div", class_="who-fits")
    return [text(link) for link in notice.iter("a")]


def test_names_are_suggested_as_they_are_typed(crowd: Desk) -> None:
    browser = crowd.doctor()
    assert suggested(browser, "ravi 001") == ["Dr. Ravi 0013, Department 01", "Dr. Ravi 0017, Department 01"]
    assert suggested(browser, "twin") == [
        "Dr. Twin, Department 01, one@twins.test",
        "Dr. Twin, Department 01, two@twins.test",
    ]
    assert len(suggested(browser, "dr.")) == 10
    assert suggested(browser, "0013", department="Department 02") == []
    assert suggested(browser, "") == suggested(browser, "%") == suggested(browser, ",") == []
    crowd.session.execute(sa.text("UPDATE users SET is_active = false WHERE name = 'Dr. Ravi 0013'"))
    crowd.session.commit()
    assert suggested(browser, "0013") == []
    assert suggested(browser, "0013", gone="1") == ["Dr. Ravi 0013, Department 01"]


def test_a_list_is_narrowed_to_the_doctor_whose_name_was_typed(desk: Desk) -> None:
    browser = desk.reception()
    assert browser.get("/appointments").form(id="filters").values["doctor"] == ""
    assert browser.get("/appointments").all("select", id="doctor"), "ten doctors are a list"
    many_doctors.add(desk.session, desk.clinic.actor, 10, 99)
    page = browser.get("/appointments")
    assert not page.all("select", id="doctor")
    page = page.form(id="filters").send(doctor="Dr. 001")
    assert f"doctor={desk.doctor_id}" in page.url
    assert "Asha Sharma" in page.text
    form = page.form(id="filters")
    assert form.values["doctor"] == "Dr. 001, Cardiology"
    assert "Asha Sharma" in form.send(status="SCHEDULED").text
    page = form.send(doctor="maria 0010")
    assert "Asha Sharma" not in page.text
    assert "No appointment fits." in page.text
    nobody = form.send(doctor="quincy")
    assert "fits “quincy”" in nobody.text
    assert "Asha Sharma" not in nobody.text
    assert nobody.form(id="filters").values["doctor"] == "quincy"


def test_several_who_fit_are_links_and_namesakes_are_told_apart(crowd: Desk) -> None:
    browser = crowd.admin()
    for path in ("/appointments?first=", "/no-shows?state=live", "/affected?cause=HOLIDAY", "/board", "/front-desk"):
        browser = crowd.reception() if path == "/board" else crowd.admin()
        page = browser.get(f"{path}{'&' if '?' in path else '?'}doctor=twin")
        assert fitting(page) == ["Dr. Twin, Department 01, one@twins.test", "Dr. Twin, Department 01, two@twins.test"]
        assert ("Asha Sharma" in page.text) == (path in {"/board", "/front-desk"})
        chosen = page.follow("two@twins.test")
        assert path.partition("?")[2] in chosen.url, "the other filters stay"
        field = next(e for e in chosen.root.iter() if e.attrib.get("name") == "doctor" and e.tag in {"input", "select"})
        form = chosen.form(id="filters") if chosen.all("form", id="filters") else chosen.form(path.partition("?")[0])
        again = form.send()
        assert not again.all("div", class_="who-fits"), "what stands in the field means the one who was chosen"
        assert field.tag == "input" or path in {"/board", "/front-desk"}
        many = browser.get(f"{path}{'&' if '?' in path else '?'}doctor=dr.")
        assert len(fitting(many)) == 10
        assert "Type more of the name." in many.text


def test_while_it_is_open_who_is_meant_no_file_has_everybody(crowd: Desk) -> None:
    browser = crowd.admin()
    affect(crowd)
    assert "As a CSV file" in browser.get("/affected").text
    assert "As a CSV file" not in browser.get("/affected?doctor=twin").text
    for path in ("/no-shows/export.csv", "/no-shows/charts/by-doctor.csv", "/affected/export.csv"):
        assert browser.get(f"{path}?doctor=Dr.+001").status == 200
        assert browser.get(f"{path}?doctor=twin").status == 404


def test_the_audit_trail_is_narrowed_to_a_person_found_by_name(desk: Desk) -> None:
    browser = desk.admin()
    assert browser.get("/audit").all("select", id="person"), "few people are a list"
    many_doctors.add(desk.session, desk.clinic.actor, 10, 99)
    form = browser.get("/audit").form(id="filters")
    assert form.values["person"] == ""
    several = form.send(person="ravi 001")
    assert [words.partition(",")[0] for words in fitting(several)] == ["Dr. Ravi 0013", "Dr. Ravi 0017"]
    assert "Appointment booked" not in text(several.all("div", id="results")[0])
    one = several.follow("Dr. Ravi 0017")
    field = one.form(id="filters").values["person"]
    assert field.startswith("Dr. Ravi 0017, many17-")
    assert "Nothing that was done fits." in one.form(id="filters").send(what="appointment").text
    assert "Appointment booked" in form.send(person="Reception 1").text
    assert "fits “quincy”" in form.send(person="quincy").text
    for typed in ("the system by itself", "system"):
        itself = form.send(person=typed)
        assert itself.form(id="filters").values["person"] == "The system by itself"
        assert "Asha Sharma" not in itself.text
    assert browser.get("/audit/export.csv?first=&person=ravi+001").status == 404
    options = [
        one.attrib["value"].partition(",")[0] for one in browser.get("/audit/people?person=ravi+001").all("option")
    ]
    assert options == ["The system by itself", "Dr. Ravi 0013", "Dr. Ravi 0017"]
    assert len(browser.get("/audit/people").all("option")) == 1


def test_a_person_who_was_chosen_stays_chosen_though_anothers_name_and_address_have_the_words(crowd: Desk) -> None:
    rename(crowd, "Dr. Ravi 0013", "Dr. Ravi", "one@ravis.test")
    rename(crowd, "Dr. Ravi 0017", "Dr. Ravi Kumar", "someone@ravis.test")
    chosen = crowd.admin().get("/audit?first=&person=ravi+one").follow("Dr. Ravi, one@ravis.test")
    again = chosen.form(id="filters").send(what="appointment")
    assert not again.all("div", class_="who-fits")
    assert again.form(id="filters").values["person"] == "Dr. Ravi, one@ravis.test"


def test_a_fragment_has_the_links_too(crowd: Desk) -> None:
    browser = crowd.admin()
    token = browser.csrf_token("/appointments")
    part = browser.post("/appointments", {"doctor": "twin", "csrf_token": token}, headers=HX)
    assert len(fitting(part)) == 2
    part = browser.fragment("/no-shows?doctor=twin", **{"HX-Target": "results"})
    assert len(fitting(part)) == 2
    assert "In these days" not in part.text


def test_an_appointment_is_moved_to_a_doctor_found_by_name(crowd: Desk) -> None:
    browser = crowd.reception()
    path = f"/appointments/{crowd.booked.id}"
    page = browser.get(f"{path}?date={MONDAY}&doctor=twin")
    assert len(fitting(page)) == 2
    assert not page.all("button", name="slot"), "nobody is moved while it is open to whom"
    page = page.follow("two@twins.test")
    moved = browser.post(
        f"{path}/move", page.form("/move").values | {"slot": page.all("button", name="slot")[0].attrib["value"]}
    )
    assert "with Dr. Twin." in moved.text
    part = browser.fragment(f"{path}?doctor=quincy", **{"HX-Target": "times"})
    assert "fits “quincy”" in part.text


def test_a_colleague_is_asked_by_name(crowd: Desk) -> None:
    view = seen(crowd.clinic, crowd.doctor_id, time(11), name="Maria Silva")
    page = crowd.doctor().get(f"/consultations/{view.id}")
    form, where = page.form(id="consultation"), f"/consultations/{view.id}/participants"
    for typed, words in (
        ("twin", "Write one of them in full: Dr. Twin, Department 01, one@twins.test;"),
        ("quincy", "fits"),
    ):
        refused = page.browser.post(where, form.values | {"doctor": typed, "role": "CONSULTING"})
        assert refused.status == 422
        assert words in refused.text
        assert refused.all("input", id="doctor")[0].attrib["value"] == typed
    asked = page.browser.post(where, form.values | {"doctor": "two@twins.test", "role": "CONSULTING"})
    assert "Dr. Twin has been asked." in asked.text


def test_a_large_hospital_has_a_board_and_a_search_for_each_department(crowd: Desk) -> None:
    browser = crowd.reception()
    page = browser.get("/board")
    assert "Asha Sharma" in page.text, "Cardiology is the first"
    assert "All departments" not in text(page.all("select", id="in-department")[0])
    (columns,) = page.all("div", id="board")
    assert "department=Cardiology" in columns.attrib["hx-get"], "and stays what is shown"
    assert "Asha Sharma" not in browser.get("/board?department=Department+01").text
    finder = browser.get("/front-desk?find=1&part=any")
    assert finder.form(id="finder").values["with"] == "Cardiology"
    assert "All departments" not in text(finder.all("select", id="find-with")[0])


def test_a_large_department_stands_on_several_pages(desk: Desk) -> None:
    many_doctors.add(desk.session, desk.clinic.actor, 10, 69, "Surgery")
    browser = desk.reception()
    page = browser.get(f"/front-desk?date={MONDAY}&department=Surgery")
    columns = [text(column) for column in page.all("h2", class_="head")]
    assert len(columns) == 24
    assert "Doctors 1 to 24 of 60" in page.text
    assert page.all("input", id="by-doctor"), "sixty are too many for a list"
    second = page.follow("Later names")
    assert "Doctors 25 to 48 of 60" in second.text
    assert not {text(one) for one in second.all("h2", class_="head")} & set(columns)
    (poll,) = [e for e in second.root.iter() if "/front-desk/grid" in e.attrib.get("hx-get", "")]
    part = browser.fragment(poll.attrib["hx-get"].replace("seen=", "was="))
    assert [text(e) for e in part.all("h2", class_="head")] == [text(e) for e in second.all("h2", class_="head")]
    last = second.follow("Later names")
    assert "Doctors 49 to 60 of 60" in last.text
    assert "Later names" not in last.text
    one = browser.get(f"/front-desk?date={MONDAY}&department=Surgery&after=24&doctor={desk.doctor_id}")
    assert len(one.all("h2", class_="head")) == 1
    assert "Doctors 25 to" not in one.text
