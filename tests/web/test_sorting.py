"""Lists are sorted by the heads of their columns: by an address, page after page, and in the file."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.models import Doctor, User
from hms_web.services import audit_log, cancelling
from hms_web.web import audit, doctors, messages, users
from tests.scenes import MONDAY, NOW
from tests.services.test_figures import visit
from tests.web.pages import Browser, Page, text
from tests.web.record_scenes import Desk


def column(page: Page, number: int = 0) -> list[str]:
    rows = page.all("table", class_="table")[-1].iterfind(".//tbody/tr")
    return [text(row[number]) for row in rows]


def state(page: Page, words: str) -> str | None:
    return next(head.attrib.get("aria-sort") for head in page.all("th") if text(head) == words)


def turned(browser: Browser, page: Page, words: str) -> Page:
    """Press the head of a column."""
    head = next(head for head in page.all("th") if text(head) == words)
    return browser.get(head[0].attrib["href"])


def everything(page: Page, number: int, words: str, wanted: str) -> list[str]:
    """The cells of a column on all pages, each of which says how it is sorted."""
    cells = column(page, number)
    assert state(page, words) == wanted
    while page.all("a", rel="next"):
        page = page.follow("Next page")
        assert state(page, words) == wanted
        cells += column(page, number)
    return cells


def minutes_of(cell: str) -> int:
    return int(cell.split(maxsplit=1)[0])


def test_doctors_are_sorted_page_after_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    place = desk.clinic
    for department, minutes in (("Surgery", 10), ("Allergy", 60), ("Allergy", 20)):
        key = place.doctor(minutes=minutes)
        place.session.execute(sa.update(Doctor).where(Doctor.id == key).values(department=department))
    place.session.commit()
    monkeypatch.setattr(doctors, "ROWS", 2)
    browser = desk.admin()
    start = browser.get("/doctors")
    assert (state(start, "Name"), state(start, "Department")) == ("ascending", None)
    for words, number, kind in (("Department", 1, str), ("Slot", 2, minutes_of)):
        page = start
        for is_down in (False, True):
            page = turned(browser, page, words)
            cells = everything(page, number, words, "descending" if is_down else "ascending")
            assert len(cells) == 4
            assert cells == sorted(cells, key=kind, reverse=is_down)
    form = browser.get("/doctors?sort=-slot").form("/doctors")
    assert form.send(q="Dr").url.count("sort=-slot") == 1, "who narrows a sorted list keeps its order"
    assert state(browser.get("/doctors?sort=hair"), "Name") == "ascending", "an unknown word is none"


def test_users_and_patients_are_sorted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, place = desk.admin(), desk.clinic
    monkeypatch.setattr(users, "ROWS", 1)
    emails = everything(browser.get("/users?sort=-email"), 1, "E-mail", "descending")
    known = place.session.scalars(sa.select(User.email).where(User.hospital_id == place.actor.hospital_id)).all()
    place.session.rollback()
    assert emails == sorted(known, reverse=True)
    assert column(turned(browser, browser.get("/users"), "Role"), 2) == ["Administrator"]
    place.patient(name="Aaron First", mrn="Z9")
    monkeypatch.setattr("hms_web.web.patients.ROWS", 1)
    start = browser.get("/patients")
    assert column(start) == ["Aaron First"]
    last = turned(browser, turned(browser, start, "Number"), "Number")
    assert (column(last, 1), state(last, "Number")) == (["Z9"], "descending")
    following = last.form("/patients").send(cursor=last.all("button", name="cursor")[0].attrib["value"])
    assert (column(following, 1) < ["Z9"], state(following, "Number")) == (True, "descending")
    found = start.form("/patients").send(q="Aaron")
    assert state(found, "Number") is None
    assert not found.all("a", class_="sort"), "what is found stands as well as it fits"


def test_appointments_begin_with_the_last_if_asked(desk: Desk) -> None:
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(15), MONDAY + timedelta(days=2))
    browser = desk.reception()
    start = browser.get("/appointments")
    last = turned(browser, start, "Time")
    assert (state(start, "Time"), state(last, "Time")) == ("ascending", "descending")
    assert column(last) == column(start)[::-1]
    assert len(column(last)) > 1


def test_the_file_of_no_shows_is_sorted_as_the_list(desk: Desk) -> None:
    place = desk.clinic
    for days in (7, 14, 21):
        visit(place, desk.doctor_id, time(9), "NO_SHOW", MONDAY - timedelta(days=days), patient=desk.patient_id)
    browser = desk.admin()
    start = browser.get("/no-shows")
    oldest = turned(browser, start, "Found out")
    assert (state(start, "Found out"), state(oldest, "Found out")) == ("descending", "ascending")
    assert column(oldest) == column(start)[::-1]
    link = next(a for a in oldest.all("a") if text(a) == "All of these as CSV")
    written = [line.split(",")[0] for line in browser.get(link.attrib["href"]).html.splitlines()[1:]]
    assert len(written) == 3
    assert written == sorted(written)


@pytest.mark.parametrize(("address", "words"), [("/messages", "Written"), ("/audit", "When")])
def test_messages_and_the_audit_trail_begin_with_the_oldest_if_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    place = desk.clinic
    for number in range(3):
        later = NOW + timedelta(minutes=5 * number)
        booked = place.book(desk.doctor_id, place.patient(), time(14 + number))
        cancelling.cancel(place.session, place.actor, booked.id, reason="x", now=later)
    monkeypatch.setattr(messages, "ROWS", 3)
    monkeypatch.setattr(audit, "ROWS", 3)
    monkeypatch.setattr(audit_log, "AT_A_TIME", 2)
    browser = desk.admin()
    # So that reading the trail adds nothing at its end between two pages of it.
    start = browser.get(f"{address}?last={MONDAY}")
    oldest = turned(browser, start, words)
    newest = turned(browser, oldest, words)
    down, up = everything(newest, 0, words, "descending"), everything(oldest, 0, words, "ascending")
    assert up == down[::-1]
    assert len(up) > 3
    assert up[0] != up[-1]
    form = oldest.form(id="filters")
    assert form.send().url.count("sort=-") == 1, "who narrows a sorted list keeps its order"
    link = next(a.attrib["href"] for a in oldest.all("a") if "export.csv" in a.attrib["href"])
    written = [line.split(",")[0] for line in browser.get(link).html.splitlines()[1:]]
    assert len(written) >= len(up)
    assert written == sorted(written)
