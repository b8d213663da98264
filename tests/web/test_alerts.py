"""The board of alerts: what it shows to whom, taking on, ending, and asking cheaply."""

from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.identity import Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import StageAlert
from hms_web.services import stage_alerts, visits
from tests.scenes import NOW
from tests.web.pages import Browser
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in
from tests.web.test_access import somebody

ARRIVED = NOW - timedelta(minutes=42)


def nurse(desk: Desk) -> Browser:
    return signed_in(desk.app, desk.session, somebody(desk, Role.NURSE))


def alarm(desk: Desk, appointment_id: UUID | None = None, at: datetime = ARRIVED) -> UUID:
    """Check somebody in and let them wait too long; return the alert."""
    key = appointment_id or desk.booked.id
    visits.set_status(desk.session, desk.clinic.actor, key, AppointmentStatus.CHECKED_IN, now=at)
    stage_alerts.scan(desk.session, desk.clinic.actor, now=NOW)
    query = sa.select(StageAlert.id).where(StageAlert.appointment_id == key)
    found = desk.session.scalars(query).one()
    desk.session.rollback()
    return found


@pytest.fixture
def alert(desk: Desk) -> UUID:
    """Somebody who waits for vitals for 42 minutes."""
    return alarm(desk)


def test_an_empty_board_says_what_would_be_there(desk: Desk) -> None:
    page = nurse(desk).get("/alerts")
    assert "Nobody waits too long." in page.text
    assert page.all("span", id="alert-count")[0].attrib.get("hidden") is not None


def test_the_board_shows_how_long_who_and_for_what(desk: Desk, alert: UUID) -> None:
    page = nurse(desk).get("/alerts")
    assert page.h1 == "Alerts"
    for words in ("42 min", "Asha Sharma", "no vitals yet", "Dr. 001", "Nobody is on it", "1 person waits too long"):
        assert words in page.text
    assert "hidden" not in page.all("span", id="alert-count")[0].attrib


def test_taking_on_and_ending_without_scripts(desk: Desk, alert: UUID) -> None:
    browser = nurse(desk)
    taken = browser.get("/alerts").form(f"/{alert}/acknowledge").send()
    assert "You look after Asha Sharma." in taken.text
    assert "X is on it since 08:00" in taken.text
    assert not [form for form in taken.all("form") if "acknowledge" in form.attrib.get("action", "")]
    asked = browser.get(f"/alerts/{alert}")
    ended = asked.form("/resolve").send(note="Was in the wrong room")
    assert "Ended: Asha Sharma." in ended.text
    assert "Nobody waits too long." in ended.text
    kept = browser.get(f"/alerts/{alert}")
    assert "Was in the wrong room" in kept.text
    assert not [form for form in kept.all("form") if "resolve" in form.attrib.get("action", "")]


def test_whoever_is_on_it_may_be_relieved(desk: Desk, alert: UUID) -> None:
    browser, other = nurse(desk), desk.admin()
    browser.get("/alerts").form(f"/{alert}/acknowledge").send()
    late, relief = nurse(desk).get("/alerts").form(f"/{alert}/acknowledge"), other.get("/alerts")
    assert "Take over" in relief.text
    open_page = browser.get("/alerts").all("div", id="alerts")[0].attrib["hx-get"]
    taken = relief.form(f"/{alert}/acknowledge").send()
    assert "You look after Asha Sharma." in taken.text
    assert "X is on it" not in taken.text
    assert browser.fragment(open_page).status == 200, "whoever has it open sees another name"
    assert "Take over" not in taken.text
    assert "Somebody has taken this alert on already" in late.send().text


def test_who_is_too_late_is_told_so(desk: Desk, alert: UUID) -> None:
    browser, other = nurse(desk), desk.admin()
    mine, theirs = browser.get("/alerts").form("/acknowledge"), other.get("/alerts").form("/acknowledge")
    mine.send()
    assert "Somebody has taken this alert on already" in theirs.send().text
    again = theirs.send({"HX-Request": "true"})
    assert again.status == 409
    assert "Somebody has taken" in again.response.headers["HX-Trigger-After-Settle"]
    resolve = browser.get(f"/alerts/{alert}").form("/resolve")
    resolve.send()
    assert "This alert is over already" in resolve.send().text


def test_ending_from_the_sheet_closes_it(desk: Desk, alert: UUID) -> None:
    browser = nurse(desk)
    sheet = {"HX-Request": "true", "HX-Target": "sheet-body"}
    fragment = browser.get(f"/alerts/{alert}", headers=sheet)
    assert fragment.fragment
    form = fragment.form("/resolve")
    wrong = form.send(sheet, note="x" * 501)
    assert wrong.status == 422
    assert "at most 500" in wrong.text
    done = form.send(sheet, note="Seen to", csrf_token=browser.csrf_token("/alerts"))
    assert "close-sheet" in done.response.headers["HX-Trigger-After-Settle"]
    assert done.response.headers["HX-Reswap"] == "none"


def test_nothing_is_rendered_while_nothing_changes(desk: Desk, alert: UUID) -> None:
    browser = nurse(desk)
    region = browser.get("/alerts").all("div", id="alerts")[0].attrib["hx-get"]
    assert browser.fragment(region).status == 204
    form = browser.get("/alerts").form("/acknowledge")
    answer = form.send({"HX-Request": "true"})
    assert "You look after Asha Sharma." in answer.response.headers["HX-Trigger-After-Settle"]
    changed = browser.fragment(region)
    assert changed.status == 200
    assert "is on it" in changed.text
    assert browser.fragment(changed.all("div", id="alerts")[0].attrib["hx-get"]).status == 204


def test_a_doctor_sees_their_own_patients_first_or_alone(desk: Desk) -> None:
    other = desk.clinic.doctor()
    colleagues = desk.clinic.book(other, desk.clinic.patient(name="Ravi Rao"), time(10))
    alarm(desk, colleagues.id, ARRIVED - timedelta(minutes=10))
    alarm(desk)
    everybody = desk.doctor().get("/alerts")
    assert everybody.text.index("Your patients") < everybody.text.index("Asha Sharma")
    assert everybody.text.index("Asha Sharma") < everybody.text.index("Other doctors' patients")
    assert everybody.text.index("Other doctors' patients") < everybody.text.index("Ravi Rao")
    mine = everybody.follow("My patients")
    assert "Ravi Rao" not in mine.text
    by_wait = nurse(desk).get("/alerts").text
    assert by_wait.index("Ravi Rao") < by_wait.index("Asha Sharma")
    assert "None of your patients" in desk.doctor(desk.clinic.doctor()).get("/alerts?mine=1").text


def test_a_receptionist_looks_and_leaves_it_to_others(desk: Desk, alert: UUID) -> None:
    page = desk.reception().get("/alerts")
    assert "Asha Sharma" in page.text
    assert not [form for form in page.all("form") if "/alerts/" in form.attrib.get("action", "")]
    one = desk.reception().get(f"/alerts/{alert}")
    assert not [form for form in one.all("form") if "/alerts/" in form.attrib.get("action", "")]


def test_yesterdays_forgotten_people_alarm_nobody(desk: Desk, alert: UUID) -> None:
    before = StageAlert.waiting_since - timedelta(days=1)
    desk.session.execute(sa.update(StageAlert).values(waiting_since=before))
    desk.session.commit()
    assert "Nobody waits too long." in nurse(desk).get("/alerts").text
