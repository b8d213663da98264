"""The board of alerts in a real browser: it fills by itself, obeys mouse and keys, and looks live only while it is."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import StageAlert, User, new_id
from hms_web.services import alert_board, stage_alerts, visits
from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene, later
from tests.scenes import NOW

pytestmark = pytest.mark.browser


COUNT_TONES = (
    "() => { const own = OscillatorNode.prototype.start; window.tones = 0;"
    " OscillatorNode.prototype.start = function (...at) { window.tones += 1; return own.apply(this, at); }; }"
)


def arrive(scene: Scene, name: str, at: time, minutes: int) -> UUID:
    """Let somebody have been here for so many minutes, and look whether that is too long."""
    place = scene.clinic
    booked = place.book(scene.doctor_id, place.patient(name=name), at)
    came = NOW - timedelta(minutes=minutes)
    visits.set_status(place.session, place.actor, booked.id, AppointmentStatus.CHECKED_IN, now=came)
    stage_alerts.scan(place.session, place.actor, now=NOW)
    return booked.id


@pytest.fixture
def ward(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of the nurses' own."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield context
    context.close()


def nurse(scene: Scene, context: BrowserContext) -> Page:
    """Sign a nurse in, on the board."""
    mine = scene.clinic.actor
    user = User(id=new_id(), hospital_id=mine.hospital_id, name="Nurse Mary", email=f"{new_id()}@test", role=Role.NURSE)
    scene.clinic.session.add(user)
    scene.clinic.session.commit()
    page = scene.sign_in(context, Actor(mine.hospital_id, mine.timezone, user.id, "Nurse Mary", Role.NURSE))
    page.goto(scene.url + "/alerts")
    page.wait_for_load_state("networkidle")
    return page


def states(scene: Scene) -> list[str]:
    scene.clinic.session.expire_all()
    mine = StageAlert.hospital_id == scene.clinic.actor.hospital_id
    query = sa.select(StageAlert.status).where(mine).order_by(StageAlert.waiting_since)
    found = scene.clinic.session.scalars(query).all()
    scene.clinic.session.rollback()
    return list(found)


def test_an_alert_appears_by_itself_is_told_and_heard(scene: Scene, ward: BrowserContext) -> None:
    ward.clock.install()
    page = nurse(scene, ward)
    expect(page.get_by_text("Nobody waits too long.")).to_be_visible()
    expect(page.locator("[data-live]")).to_contain_text("Live, as of")
    page.evaluate(COUNT_TONES)
    page.locator("h1").click()  # browsers make no sound before a press
    expect(page.locator("#sound")).to_have_text("Sound on · mute")
    arrive(scene, "Asha Sharma", time(11), 42)
    expect(later(page).locator("[data-alert]")).to_contain_text("Asha Sharma")
    expect(page.locator("#announcer")).to_contain_text("New alert: Asha Sharma, no vitals yet")
    expect(page.locator("#alert-count")).to_have_text("1 not taken on")
    assert page.evaluate("() => window.tones") == 2
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_text("Muted · turn sound on")
    arrive(scene, "Ravi Rao", time(12), 40)
    expect(later(page).locator("[data-alert]")).to_have_count(2)
    assert page.evaluate("() => window.tones") == 2
    page.reload()
    expect(page.locator("#sound")).to_have_text("Muted · turn sound on")


def test_an_alert_is_heard_behind_another_tab(scene: Scene, ward: BrowserContext) -> None:
    ward.clock.install()
    page = nurse(scene, ward)
    page.evaluate(COUNT_TONES)
    page.locator("h1").click()
    page.evaluate("() => Object.defineProperty(document, 'hidden', { get: () => true })")
    arrive(scene, "Asha Sharma", time(11), 42)
    expect(later(page).locator("[data-alert]")).to_contain_text("Asha Sharma")
    assert page.evaluate("() => window.tones") == 2


def test_a_nurse_takes_on_and_ends_with_the_mouse(scene: Scene, ward: BrowserContext) -> None:
    arrive(scene, "Asha Sharma", time(11), 42)
    page = nurse(scene, ward)
    page.get_by_role("button", name="I'm on it: Asha Sharma").click()
    expect(page.locator("[data-alert]")).to_contain_text("Nurse Mary is on it since 08:00")
    expect(page.locator("#alert-count")).to_be_hidden()
    assert states(scene) == ["ACKNOWLEDGED"]
    page.get_by_role("link", name="End the alert of Asha Sharma").click()
    page.get_by_label("What was done").fill("Was in the wrong room")
    page.get_by_role("button", name="End the alert").click()
    expect(page.get_by_text("Nobody waits too long.")).to_be_visible()
    assert states(scene) == ["RESOLVED"]


def test_a_nurse_takes_on_and_ends_with_the_keys(scene: Scene, ward: BrowserContext) -> None:
    arrive(scene, "Asha Sharma", time(11), 42)
    page = nurse(scene, ward)
    page.get_by_role("button", name="I'm on it: Asha Sharma").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-alert]")).to_contain_text("Nurse Mary is on it")
    assert page.evaluate("() => document.querySelector('#alerts').contains(document.activeElement)")
    page.get_by_role("link", name="End the alert of Asha Sharma").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("What was done")).to_be_focused()
    page.keyboard.type("Seen to")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody waits too long.")).to_be_visible()
    assert states(scene) == ["RESOLVED"]


def test_arrows_walk_over_the_alerts_and_letters_press_what_stands_beside_a_name(
    scene: Scene, ward: BrowserContext
) -> None:
    arrive(scene, "Asha Sharma", time(11), 95)
    arrive(scene, "Ravi Rao", time(12), 60)
    page = nurse(scene, ward)
    first, second = (page.get_by_role("link", name=name, exact=True) for name in ("Asha Sharma", "Ravi Rao"))
    page.keyboard.press("i")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    assert states(scene) == ["ACTIVE", "ACTIVE"], "a letter from nowhere means nobody"
    page.keyboard.press("i")
    expect(page.locator("[data-alert]").first).to_contain_text("Nurse Mary is on it")
    expect(first).to_be_focused()
    for key, there in (("ArrowDown", second), ("ArrowDown", second), ("Home", first), ("End", second)):
        page.keyboard.press(key)
        expect(there).to_be_focused()
    # Somebody waits for longer: a list that comes anew leaves the focus on whom it was on.
    arrive(scene, "Meera Nair", time(14), 99)
    page.evaluate("htmx.trigger('#alerts', 'refresh')")
    expect(page.locator("[data-alert]")).to_have_count(3)
    expect(second).to_be_focused()
    page.keyboard.press("e")
    expect(page.get_by_label("What was done")).to_be_focused()
    page.keyboard.type("i")
    page.keyboard.press("Enter")
    expect(page.locator("[data-alert]")).to_have_count(2)
    assert states(scene) == ["ACTIVE", "ACKNOWLEDGED", "RESOLVED"], "nor does one that is typed"
    page.reload()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Meera Nair", exact=True)).to_be_focused()  # nobody is on it
    page.keyboard.press("v")
    expect(page).to_have_url(re.compile("/vitals"))


def test_nobody_is_taken_over_from_a_colleague_by_a_letter(scene: Scene, ward: BrowserContext) -> None:
    arrive(scene, "Asha Sharma", time(11), 42)
    page = nurse(scene, ward)
    page.keyboard.press("ArrowDown")
    mine = StageAlert.hospital_id == scene.clinic.actor.hospital_id
    alert = scene.clinic.session.scalars(sa.select(StageAlert.id).where(mine)).one()
    alert_board.acknowledge(scene.clinic.session, scene.clinic.admin, alert, now=NOW)
    page.evaluate("htmx.trigger('#alerts', 'refresh')")
    expect(page.get_by_role("button", name="Take Asha Sharma over")).to_be_visible()
    page.keyboard.press("i")
    page.keyboard.press("e")  # what a letter sends is sent before this opens
    expect(page.get_by_label("What was done")).to_be_focused()
    expect(page.locator("[data-alert]")).not_to_contain_text("Nurse Mary")


def test_without_the_server_the_board_says_so_at_once_and_pales(scene: Scene, ward: BrowserContext) -> None:
    arrive(scene, "Asha Sharma", time(11), 42)
    page = nurse(scene, ward)
    expect(page.locator("[data-live]")).to_contain_text("Live, as of")
    ward.set_offline(True)
    expect(page.locator("[data-live]")).to_contain_text("No contact since")
    expect(page.locator("[data-live-part]")).to_have_class(re.compile("is-stale"))
    expect(page.locator("#announcer")).to_contain_text("No contact since")
    ward.set_offline(False)
    expect(page.locator("[data-live]")).to_contain_text("Live, as of")
    expect(page.locator("[data-live-part]")).not_to_have_class("is-stale")


def test_the_board_is_readable(scene: Scene, ward: BrowserContext, pictures: Path) -> None:
    arrive(scene, "Asha Sharma", time(11), 95)
    arrive(scene, "Venkatanarasimharajuvaripeta Subramaniam", time(12), 51)
    arrive(scene, "Ravi Rao", time(14), 40)
    page = nurse(scene, ward)
    page.get_by_role("button", name="I'm on it: Asha Sharma").click()
    expect(page.locator("[data-alert].taken")).to_have_count(1)
    for size in (WIDE, TABLET):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        check_axe_for_all(page)
        page.screenshot(path=pictures / f"alerts-{size['width']}.png")
        page.get_by_role("link", name="End the alert of Ravi Rao").click()
        expect(page.get_by_label("What was done")).to_be_visible()
        check_axe_for_all(page)
        page.screenshot(path=pictures / f"alert-sheet-{size['width']}.png")
        page.keyboard.press("Escape")
