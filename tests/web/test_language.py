"""In which language a page is written, who chooses it, and how it writes dates, refusals and what was stored."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hms_web.domain.no_show import BLOCKED_REASON
from hms_web.models import AuditEvent, Notification, Patient, User
from hms_web.services import consultation_team, job_words
from hms_web.web import language
from hms_web.web.stored import stored
from tests.scenes import NOW
from tests.web.pages import Browser, Page
from tests.web.record_scenes import Desk

HINDI, ENGLISH = {"Accept-Language": "hi-IN,hi;q=0.9,en;q=0.5"}, {"Accept-Language": "en-US,en;q=0.9,hi;q=0.1"}
LATIN = re.compile(r"[A-Za-z]{2,}")
# Ids, as the audit trail has them, are no words.
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|`[^`]*`")
"""What stands in a page as it is in every language: ids and commands."""


def written_in(page: Page) -> str:
    return page.root.attrib["lang"]


def choose(page: Page, code: str) -> Page:
    return page.form("/language").send(language=code)


@pytest.mark.parametrize(
    ("headers", "code", "title"),
    [
        (HINDI, "hi", "साइन इन करें"),
        (ENGLISH, "en", "Sign in"),
        ({"Accept-Language": "fr"}, "en", "Sign in"),
        ({}, "en", "Sign in"),
    ],
)
def test_a_stranger_reads_what_the_browser_asks_for(
    app: Flask, client: FlaskClient, headers: dict[str, str], code: str, title: str
) -> None:
    page = Browser(client).get("/login", headers=headers)
    assert (written_in(page), page.h1) == (code, title)


def test_a_stranger_chooses_for_this_browser_and_comes_back_to_where_they_were(app: Flask, client: FlaskClient) -> None:
    browser = Browser(client)
    chosen = choose(browser.get("/login?next=/board"), "hi")
    assert (chosen.url, written_in(chosen), chosen.h1) == ("/login?next=%2Fboard", "hi", "साइन इन करें")
    kept = client.get_cookie("language")
    assert kept is not None
    assert (kept.value, kept.http_only, kept.same_site) == ("hi", True, "Lax")
    assert written_in(browser.get("/login", headers=ENGLISH)) == "hi"
    assert written_in(choose(browser.get("/login"), "en")) == "en"


def test_a_persons_own_choice_goes_with_them_and_is_noted(desk: Desk) -> None:
    browser = desk.reception()
    chosen = choose(browser.get("/patients"), "hi")
    assert (chosen.url, written_in(chosen), chosen.h1) == ("/patients", "hi", "मरीज़")
    assert browser.client.get_cookie("language") is None
    elsewhere = desk.reception()
    elsewhere.client.set_cookie("language", "en")
    assert written_in(elsewhere.get("/patients", headers=ENGLISH)) == "hi"
    assert written_in(desk.admin().get("/patients")) == "en"
    choose(browser.get("/patients"), "hi")
    events = desk.session.scalars(
        sa.select(AuditEvent.details).where(AuditEvent.action == "user.language_chosen")
    ).all()
    assert events == [{"language": "hi"}]


@pytest.mark.parametrize("wrong", ["", "xx", "hi_IN"])
def test_a_language_that_there_is_not_is_refused(desk: Desk, wrong: str) -> None:
    browser = desk.reception()
    assert browser.post("/language", {"language": wrong, "csrf_token": browser.csrf_token("/patients")}).status == 400


def test_the_way_back_leads_nowhere_else(desk: Desk) -> None:
    browser = desk.reception()
    token = browser.csrf_token("/patients")
    sent = browser.client.post(
        "/language", data={"language": "hi", "next": "https://elsewhere.example/", "csrf_token": token}
    )
    assert sent.headers["Location"] == "/"


def hindi(desk: Desk, who: Browser) -> Browser:
    desk.session.execute(sa.update(User).values(language="hi"))
    desk.session.commit()
    return who


def test_dates_and_months_are_written_as_the_language_does(desk: Desk) -> None:
    reception = hindi(desk, desk.reception())
    assert "सोमवार 2 मार्च" in reception.get("/front-desk").text
    month = desk.admin().get(f"/doctors/{desk.doctor_id}/absences").root
    table = next(e for e in month.iter("table") if "calendar" in e.attrib.get("class", ""))
    assert next(table.iter("abbr")).attrib["title"] == "रविवार"


def test_a_mistake_and_a_refusal_are_said_in_the_language_of_the_page(desk: Desk) -> None:
    admin = hindi(desk, desk.admin())
    empty = admin.get("/holidays").form("/holidays", id="new").send(name="", date="")
    assert "नाम लिखें" in empty.text
    patient = admin.get("/patients/new").form("/patients").send(name="123", phone="12")
    assert "नाम में कम से कम एक अक्षर होता है।" in patient.text
    assert "फ़ोन नंबर में कम से कम" in patient.text
    doctor = (
        admin.get("/doctors/new")
        .form("/doctors")
        .send(name="Dr. A", email="a@b.test", department="ENT", slot_duration="3", max_patients_per_day="5")
    )
    assert "स्लॉट 5 से 240 मिनट का होता है।" in doctor.text


def test_our_own_stored_texts_are_said_in_the_language_of_the_page_and_typed_ones_are_not(desk: Desk) -> None:
    browser = hindi(desk, desk.reception())
    for stored_text, shown in ((BLOCKED_REASON, "3 बार अपॉइंटमेंट पर न आने से ब्लॉक"), ("Emergency", "Emergency")):
        values = {"status": "BLOCKED", "blocked_reason": stored_text, "blocked_at": NOW}
        desk.session.execute(sa.update(Patient).where(Patient.id == desk.patient_id).values(values))
        desk.session.commit()
        assert shown in browser.get(f"/patients/{desk.patient_id}").text


def test_what_was_told_is_told_again_sentence_by_sentence(app: Flask) -> None:
    asked = next(iter(consultation_team.ASKED.values())).format(name="Dr. Rao")
    trouble = next(iter(job_words.SENTENCES.values())).format(count=3, when="07:59, 2026-03-02")
    with app.test_request_context(headers=HINDI):
        assert "Dr. Rao ने" in stored(f"{asked}. {consultation_team.TO_DO}")
        said = stored(f"{trouble} {job_words.ADVICE}")
        assert "3" in said
        assert "07:59, 2026-03-02" in said
        assert not LATIN.search(said.replace("07:59", ""))
        assert stored("No-show, she said") == "No-show, she said"
        assert stored(None) == ""
    with app.test_request_context(headers=ENGLISH):
        assert stored(asked) == asked


# What stays in Latin letters: names of people, places and things of the test, and what hospitals write so.
STAYS = {
    "Admin",
    "Asha",
    "CSV",
    "Cardiology",
    "Clinic",
    "Dr",
    "English",
    "Enter",
    "Esc",
    "MRN",
    "Reception",
    "Redis",
} | {*("SMS", "Sharma", "Test", "cm", "kg", "mmHg")}


PAGES = (
    ("reception", "/front-desk"),
    ("reception", "/patients"),
    ("reception", "/patients/{patient}"),
    ("reception", "/appointments/{appointment}"),
    ("reception", "/affected"),
    ("reception", "/board"),
    ("doctor", "/my-day"),
    ("admin", "/doctors"),
    ("admin", "/holidays"),
    ("admin", "/no-shows"),
    ("admin", "/messages?state=FAILED"),
    ("admin", "/jobs"),
    ("admin", "/audit"),
    ("admin", "/users"),
    ("admin", "/doctors/{doctor}/schedule"),
    ("admin", "/doctors/{doctor}/absences"),
)


def test_a_page_in_hindi_has_no_english_in_it(desk: Desk) -> None:
    desk.session.execute(sa.delete(Notification))  # patients are written to in a language of their own
    ids = {"patient": desk.patient_id, "appointment": desk.booked.id, "doctor": desk.doctor_id}
    for role, path in PAGES:
        browser: Browser = hindi(desk, getattr(desk, role)())
        page = browser.get(path.format(**ids))
        assert (page.status, written_in(page)) == (200, "hi"), path
        said = [readable(page), *named(page)]
        foreign = {word for words in said for word in LATIN.findall(ID.sub("", words))}
        assert sorted(foreign - STAYS) == [], path


def named(page: Page) -> list[str]:
    attributes = ("aria-label", "title", "placeholder")
    return [element.attrib[name] for element in page.root.iter() for name in attributes if name in element.attrib]


def readable(page: Page) -> str:
    return " ".join(
        piece
        for element in page.root.iter()
        if not callable(element.tag) and element.tag not in {"script", "style", "code", "kbd", "option"}
        for piece in (element.text or "", *(child.tail or "" for child in element))
        if "@" not in piece
    )


def test_a_language_without_a_catalogue_is_shown_in_english() -> None:
    assert language.catalogue("xx").gettext("Sign in") == "Sign in"
    assert language.catalogue("hi").gettext("Sign in") == "साइन इन करें"
