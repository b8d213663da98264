"""What is pressed is what was seen, although a list has meanwhile brought another row under the pointer."""

from datetime import time

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Request, expect

from hms_web.domain.visits import AppointmentStatus
from hms_web.services import visits
from tests.browser.conftest import Scene
from tests.scenes import NOW

pytestmark = pytest.mark.browser


def place_of(target: Locator) -> FloatRect:
    box = target.bounding_box()
    assert box is not None
    return box


def press(page: Page, box: FloatRect, times: int) -> None:
    """Press there, as the first or the second half of a double click."""
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down(click_count=times)
    page.mouse.up(click_count=times)


def sent_by(page: Page) -> list[Request]:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/status" in request.url else None)
    return sent


def test_a_double_click_checks_in_one_patient_and_not_the_next(scene: Scene) -> None:
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Next In Line"), time(10, 30))
    page = scene.open()
    sent = sent_by(page)
    first = page.get_by_role("button", name="Check in Maria Silva")
    following = page.get_by_role("button", name="Check in Next In Line")
    box = place_of(first)
    press(page, box, 1)
    expect(first).to_have_count(0)
    assert place_of(following)["y"] == pytest.approx(box["y"], abs=8)
    press(page, box, 2)
    page.mouse.move(0, 0)
    press(page, box, 1)  # meant: it is another click
    expect(following).to_have_count(0)
    assert len(sent) == 2


def test_a_press_that_was_on_its_way_is_not_taken_for_the_row_that_a_poll_brought_there(scene: Scene) -> None:
    booked = scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Next In Line"), time(10, 30))
    page = scene.open("/board")
    sent = sent_by(page)
    page.clock.install()
    page.reload()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    first = page.get_by_role("button", name="Check in Maria Silva")
    box = place_of(first)
    maria = next(one for one in scene.appointments() if one.id != booked.id)
    visits.set_status(scene.clinic.session, scene.clinic.actor, maria.id, AppointmentStatus.CHECKED_IN, now=NOW)
    page.evaluate("htmx.trigger('#board', 'refresh')")
    expect(first).to_have_count(0)
    press(page, box, 1)
    page.clock.run_for(500)
    page.clock.resume()
    assert sent == []
    press(page, place_of(page.get_by_role("button", name="Check in Next In Line")), 1)
    expect(page.get_by_role("button", name="Check in Next In Line")).to_have_count(0)
    assert len(sent) == 1


def test_a_key_that_is_held_down_presses_once(scene: Scene) -> None:
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Next In Line"), time(10, 30))
    page = scene.open()
    sent = sent_by(page)
    page.get_by_role("button", name="Check in Maria Silva").focus()
    page.keyboard.down("Enter")
    following = page.get_by_role("button", name="Check in Next In Line")
    expect(following).to_be_focused()
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert len(sent) == 1
    following.press("Enter")
    expect(following).to_have_count(0)
    assert len(sent) == 2
