"""One visit from the telephone to the door, by a receptionist, a nurse and a doctor, each at a screen of their own.

The server's clock stands still at eight, so that nobody is signed out; the check of 08:26 is asked with its own time.
The browsers' clocks are set forward to the next poll, so that nobody waits for it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from hms_web.domain.identity import Actor, Role
from hms_web.domain.job_health import RunSource
from hms_web.models import AuditEvent, Consultation, StageAlert
from hms_web.services import no_show_check
from hms_web.services.job_health import Ran
from tests.api.callers import person
from tests.browser.conftest import WIDE, Scene, later
from tests.scenes import NOW
from tests.visit_scenes import acting

pytestmark = pytest.mark.browser

WHO = "Asha Sharma"
Opened = Callable[[Actor, str], Page]


@pytest.fixture
def screens(scene: Scene, browser: Browser) -> Iterator[Opened]:
    """Give somebody a browser of their own, on a page."""
    contexts: list[BrowserContext] = []

    def opened(actor: Actor, path: str) -> Page:
        contexts.append(browser.new_context(viewport=WIDE))  # type: ignore[arg-type]
        contexts[-1].clock.install()
        page = scene.sign_in(contexts[-1], actor)
        page.goto(scene.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def column(board: Page, title: str) -> Locator:
    return board.get_by_role("region", name=title, exact=True)


def book_and_check_in(desk: Page, slot: str) -> None:
    desk.locator(slot).click()
    desk.get_by_label("Patient", exact=True).press_sequentially("asha sh")
    desk.get_by_role("option", name=re.compile(WHO)).click()
    desk.get_by_role("button", name=re.compile("^Book")).click()
    expect(desk.locator("#panel")).to_have_attribute("data-kind", "booked")
    desk.get_by_role("button", name=f"Check in {WHO}").click()
    expect(desk.locator("#day")).to_contain_text("here")


def take_vitals(board: Page) -> None:
    board.get_by_role("link", name=f"Vitals of {WHO}").click()
    board.get_by_label("Pulse").fill("72")
    board.get_by_role("button", name="Record").click()
    expect(column(board, "Vitals done")).to_contain_text(WHO)


def check(scene: Scene, minutes: int) -> None:
    """Let the no-show check run, as it would so many minutes later."""
    place = scene.clinic
    ran = no_show_check.check(place.session, place.admin, RunSource.MANUAL, now=NOW + timedelta(minutes=minutes))
    assert isinstance(ran, Ran)
    assert not ran.run.has_failed
    place.session.rollback()


def complete(room: Page) -> None:
    room.get_by_label("Chief complaint").fill("Cough")
    room.get_by_label("Diagnoses").fill("J20.9 Bronchitis")
    room.get_by_role("button", name="Complete the visit").click()
    expect(room.get_by_text(f"The visit of {WHO} is completed.")).to_be_visible()


def test_a_whole_visit_on_three_screens(scene: Scene, screens: Opened) -> None:
    doctor_id = scene.clinic.doctor(15, start=time(8))
    nurse = person(scene.clinic, Role.NURSE)
    doctor = acting(scene.clinic, doctor_id)
    scene.page.context.clock.install()
    desk, room = scene.open(), screens(doctor, "/my-day")
    board, alerts = screens(nurse, "/board"), screens(nurse, "/alerts")
    expect(room.get_by_text("Nobody is booked with you today.")).to_be_visible()
    expect(alerts.get_by_text("Nobody waits too long.")).to_be_visible()

    book_and_check_in(desk, f'#grid button[aria-label^="08:00 free, {doctor.name}"]')
    expect(column(later(board), "Arrived")).to_contain_text(WHO)
    take_vitals(board)
    expect(later(room).get_by_role("heading", name="Next, ready for you")).to_be_visible()
    check(scene, 24)  # a slot of fifteen minutes and ten more are not over yet
    assert scene.clinic.count(StageAlert, hospital_id=nurse.hospital_id) == 0
    check(scene, 26)
    mine = later(alerts).locator("[data-alert]", has_text=WHO)
    expect(mine).to_contain_text("Nobody is on it")

    alerts.get_by_role("button", name=f"I'm on it: {WHO}").click()
    expect(mine).to_contain_text(f"{nurse.name} is on it since 08:00")
    expect(column(later(board), "Vitals done")).to_contain_text("alert")

    room.get_by_role("button", name=f"Start with {WHO}").first.click()
    expect(room.get_by_role("heading", level=1)).to_have_text(WHO)
    expect(later(alerts).get_by_text("Nobody waits too long.")).to_be_visible()
    expect(column(later(board), "With the doctor")).to_contain_text(WHO)
    complete(room)
    expect(column(later(board), "Done")).to_contain_text(WHO)
    expect(later(desk).locator("#day")).to_contain_text("done")
    written_down(scene)


def written_down(scene: Scene) -> None:
    """See that what the screens showed is stored, step by step and by whom."""
    session = scene.clinic.session
    visit = next(row for row in scene.appointments() if row.patient_id == scene.patient_id)
    assert visit.status == "COMPLETED"
    alert = session.scalars(sa.select(StageAlert).where(StageAlert.appointment_id == visit.id)).one()
    consultation = session.scalars(sa.select(Consultation).where(Consultation.appointment_id == visit.id)).one()
    assert (alert.alert_type, alert.status, alert.resolved_by_id) == ("NO_DOCTOR", "RESOLVED", None)
    assert alert.acknowledged_by_id is not None
    assert (consultation.status, consultation.diagnosis) == ("COMPLETED", ["J20.9 Bronchitis"])
    of_visit = AuditEvent.record_id == visit.id, AuditEvent.record_type == "appointment"
    done = session.scalars(
        sa.select(AuditEvent.action).where(*of_visit, AuditEvent.action != "appointment.viewed")
    ).all()
    assert len(done) == visit.version
    session.rollback()
