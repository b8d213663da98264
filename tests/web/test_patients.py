from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hms_web.domain.patients import PatientStatus
from hms_web.models import Patient
from hms_web.services.paging import write_cursor
from tests.web.record_scenes import Desk


def block(desk: Desk) -> None:
    blocked = {"status": "BLOCKED", "no_show_count": 3, "lifetime_no_shows": 4, "blocked_reason": "3 no-shows"}
    desk.session.execute(sa.update(Patient).values(blocked | {"blocked_at": sa.func.now()}))
    desk.session.commit()


def test_everybody_is_listed_by_name_and_a_search_narrows(desk: Desk) -> None:
    desk.clinic.patient(name="Zoe Quill")
    page = desk.reception().get("/patients")
    assert "Asha Sharma" in page.text
    found = page.form(id="filters").send(q="quil")
    assert "Zoe Quill" in found.text
    assert "Asha Sharma" not in found.text
    assert "quil" not in found.url
    assert "Nobody is found" in page.form(id="filters").send(q="xxyyzz").text


def test_pages_are_asked_for_by_the_form_so_that_no_name_stands_in_an_address(desk: Desk) -> None:
    for number in range(60):
        desk.clinic.patient(name=f"Many {number:02}")
    page = desk.reception().get("/patients")
    assert len(page.all("tr")) == 51
    cursor = page.all("button", name="cursor")[0].attrib["value"]
    rest = page.form(id="filters").send(cursor=cursor)
    assert len(rest.all("tr")) == 12
    assert rest.url == "/patients"
    last = write_cursor(4, 0, "zz", UUID(int=1))
    assert "Nobody else is found" in page.form(id="filters").send(q="many", cursor=last).text


def test_who_is_blocked_is_a_list_of_its_own(desk: Desk) -> None:
    browser = desk.admin()
    nobody = browser.get("/patients").follow("Only blocked")
    assert "Nobody is blocked." in nobody.text
    block(desk)
    desk.clinic.patient(name="Zola Free")
    listed = browser.get("/patients?blocked=1")
    assert listed.h1 == "Patients who are blocked"
    assert "Asha Sharma" in listed.text
    assert "Zola Free" not in listed.text
    assert "Nobody is found." in listed.form(id="filters").send(q="Zola").text
    assert "/patients?sort=number&amp;blocked=1" in listed.html
    assert "Zola Free" in listed.follow("Show everybody").text
    assert '<a href="/patients?blocked=1">1</a>' in browser.get("/no-shows").html


def test_a_search_as_you_type_is_a_fragment(desk: Desk) -> None:
    form = desk.reception().get("/patients").form(id="filters")
    answer = form.send({"HX-Request": "true"}, q="asha")
    assert answer.fragment
    assert "1 patient" in answer.response.headers["HX-Trigger-After-Settle"]


def test_the_record_shows_appointments_messages_and_no_shows(desk: Desk) -> None:
    page = desk.reception().get(f"/patients/{desk.patient_id}")
    assert page.h1 == "Asha Sharma"
    for words in ("Mon 2 Mar 10:00", "Appointment Booked", "waiting to be sent", "0 counted, 0 in all", "text message"):
        assert words in page.text


def test_a_new_patient_gets_the_next_number(desk: Desk) -> None:
    page = desk.reception().get("/patients/new")
    done = page.form("/new").send(name="Ravi Menon", phone="080 555 1234", date_of_birth="1990-02-03", sex="MALE")
    assert done.h1 == "Ravi Menon"
    assert "Added with the number 000001" in done.text


def test_possible_duplicates_are_shown_before_anything_is_saved(desk: Desk) -> None:
    page = desk.reception().get("/patients/new")
    asked = page.form("/new").send(name="A. Sharma", phone="98450-12345")
    assert asked.status == 409
    assert "One patient may be the same person" in asked.text
    assert 'value="A. Sharma"' in asked.html
    assert desk.clinic.count(Patient) == 1
    done = asked.form("/new").send()
    assert done.h1 == "A. Sharma"
    assert desk.clinic.count(Patient) == 2


def test_the_same_name_is_asked_about_though_phone_and_birth_date_say_nothing(desk: Desk) -> None:
    asked = desk.reception().get("/patients/new").form("/new").send(name="asha  sharma", phone="080 555 9999")
    assert asked.status == 409
    assert "One patient may be the same person" in asked.text


def test_who_may_be_the_same_is_told_while_typing(desk: Desk) -> None:
    browser = desk.reception()
    values = browser.get("/patients/new").form("/new").values
    answer = browser.post("/patients/alike", values | {"phone": "9845012345"}, headers={"HX-Request": "true"})
    assert "Asha Sharma" in answer.text
    assert browser.post("/patients/alike", values).text == ""


def test_mistakes_stand_at_their_fields_and_nothing_is_lost(desk: Desk) -> None:
    form = desk.reception().get("/patients/new").form("/new")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "Enter the patient's name"),
        ({"phone": "call me"}, "Use only digits"),
        ({"phone": ""}, "Enter a phone number"),
        ({"date_of_birth": "2030-01-01"}, "cannot be in the future"),
        ({"email": "nowhere"}, "Write an e-mail address"),
        ({"mrn": "T00002"}, "Another patient of this hospital has that number"),
    ]
    for wrong, words in cases:
        refused = form.send(**({"name": "Ravi Menon", "phone": "080 555 1234", "email": "r@example.org"} | wrong))
        assert refused.status in {409, 422}
        assert words in refused.text
        assert refused.all("div", class_="wrong")
    assert desk.clinic.count(Patient) == 1


def test_a_record_is_changed_and_its_history_says_what(desk: Desk) -> None:
    browser = desk.reception()
    page = browser.get(f"/patients/{desk.patient_id}/edit")
    assert 'value="Asha Sharma"' in page.html
    done = page.form("/edit").send(name="Asha Sharma Rao", email="asha@example.org")
    assert done.h1 == "Asha Sharma Rao"
    assert "Changed: e-mail address, name" in done.text


def test_a_change_that_is_refused_keeps_what_was_typed(desk: Desk) -> None:
    desk.clinic.patient(mrn="OTHER-1")
    form = desk.reception().get(f"/patients/{desk.patient_id}/edit").form("/edit")
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"phone": "abc"}, 422, "Use only digits"),
        ({"phone": ""}, 422, "Enter a phone number"),
        ({"mrn": "OTHER-1"}, 409, "Another patient of this hospital has that number"),
        ({"mrn": ""}, 422, ""),
        ({"name": ""}, 422, "Enter the patient's name"),
    ]
    for wrong, status, words in cases:
        refused = form.send(**({"email": "kept@example.org"} | wrong))
        assert refused.status == status
        assert words in refused.text
        assert "kept@example.org" in refused.html


def test_only_an_administrator_unblocks_and_only_with_a_reason(desk: Desk) -> None:
    block(desk)
    seen = desk.reception().get(f"/patients/{desk.patient_id}")
    assert "An administrator can unblock" in seen.text
    assert not [f for f in seen.all("form") if "unblock" in f.attrib.get("action", "")]
    browser = desk.admin()
    page = browser.get(f"/patients/{desk.patient_id}")
    assert "3 counted, 4 in all" in page.text
    assert page.form("/unblock").send(reason=" ").status == 422
    assert page.form("/unblock").send(reason="x" * 501).status == 422
    done = page.form("/unblock").send(reason="Came with the bus papers")
    assert "Came with the bus papers" in done.text
    assert desk.clinic.count(Patient, status=PatientStatus.ACTIVE) == 1
    assert "not blocked" in page.form("/unblock").send(reason="again").text
