"""The pages about messages in a real browser: what axe finds, the live preview, and a call noted with the keyboard."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from hms_web.models import Notification
from hms_web.services import cancelling, outbox
from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.scenes import MONDAY, NOW

pytestmark = pytest.mark.browser

PAGES = (
    "/messages",
    "/messages/to-phone",
    "/messages/templates",
    "/messages/templates/appointment.booked/en",
    "/messages/providers",
    "/notifications",
)


def as_admin(scene: Scene) -> Page:
    """A page in front of the administrator, who takes the receptionist's place."""
    scene.page.context.clear_cookies()
    return scene.sign_in(scene.page.context, scene.clinic.admin)


def somebody_to_phone(scene: Scene) -> None:
    """Cancel an appointment whose patient could not be told."""
    place = scene.clinic
    booked = place.book(scene.doctor_id, scene.patient_id, time(11), MONDAY + timedelta(days=1))
    cancelling.cancel(place.session, place.actor, booked.id, reason="x", now=NOW)
    values = {"state": "NOT_CONFIGURED", "last_error": "NO_PROVIDER"}
    place.session.execute(sa.update(Notification).where(Notification.state == "QUEUED").values(values))
    place.session.commit()


def test_axe_finds_nothing_serious(scene: Scene) -> None:
    somebody_to_phone(scene)
    assert scene.clinic.admin.user_id
    for number in range(2):
        outbox.queue_staff(
            scene.clinic.session,
            scene.clinic.admin.hospital_id,
            [scene.clinic.admin.user_id],
            title="The check has failed",
            body="Three times in a row.",
            dedupe=f"x:{number}",
            now=NOW,
            link="/jobs",
        )
    scene.clinic.session.commit()
    page = as_admin(scene)
    for path in PAGES:
        page.goto(scene.url + path)
        for size in (WIDE, TABLET):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            check_axe_for_all(page)
            width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert width <= 0, f"{path} is wider than the window"


def test_the_wording_is_shown_while_it_is_typed(scene: Scene) -> None:
    page = as_admin(scene)
    page.goto(scene.url + "/messages/templates/appointment.booked/en")
    text = page.get_by_label("Text", exact=True)
    text.fill("Come to {doctor} on {date")
    expect(page.locator("#preview")).to_contain_text("A { has no }")
    text.press("End")
    page.keyboard.type("}")
    expect(page.locator("#preview")).to_contain_text("Come to Dr. Anjali Mehta on Thursday 5 March 2026")
    expect(text).to_be_focused()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Come to {doctor} on {date}")).to_be_visible()


def test_a_call_is_noted_with_the_keyboard(scene: Scene) -> None:
    somebody_to_phone(scene)
    page = scene.open("/front-desk")
    page.get_by_role("link", name="1 to phone").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("+91 98450 12345")).to_be_visible()
    page.get_by_role("button", name="Phoned").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody has to be phoned.")).to_be_visible()
    page.get_by_role("button", name="Take back").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("+91 98450 12345")).to_be_visible()
