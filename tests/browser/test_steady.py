"""What is pressed is what was seen, although a list has meanwhile brought another row under the pointer."""

import re
from datetime import time

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Request, Route, expect

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


def after_an_answer(page: Page, sent: list[Request]) -> list[Request]:
    """What was sent before something that is asked now is answered."""
    page.evaluate("() => fetch('/static/icon.svg').then(() => true)")
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
    assert len(after_an_answer(page, sent)) == 1
    page.mouse.move(0, 0)
    press(page, box, 1)  # meant: it is another click
    expect(following).to_have_count(0)
    assert len(sent) == 2


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


def test_a_press_on_its_way_while_a_list_comes_anew_is_dropped(scene: Scene) -> None:
    """Somebody else checks the first patient in, and the answer that says so comes just before the press."""
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Next In Line"), time(10, 30))
    page = scene.page
    page.clock.install()
    scene.open()
    sent = sent_by(page)
    first = page.get_by_role("button", name="Check in Maria Silva")
    following = page.get_by_role("button", name="Check in Next In Line")
    box = place_of(first)
    answers: list[Route] = []
    page.route(re.compile("/front-desk/day"), lambda route: answers.append(route))  # noqa: PLW0108 a built-in has no place for its mark
    with page.expect_request(re.compile("/front-desk/day")):
        page.evaluate("htmx.trigger('#day', 'refresh')")
    here = scene.clinic.row(scene.appointments()[0].id)
    visits.set_status(scene.clinic.session, scene.clinic.actor, here.id, AppointmentStatus.CHECKED_IN, now=NOW)
    expect(first).to_be_visible()
    # From here on the page's time stands still: the press comes as quickly as it can after what it was not meant for.
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    with page.expect_response(re.compile("/front-desk/day")):
        answers[0].continue_()
    expect(first).to_have_count(0)
    assert place_of(following)["y"] == pytest.approx(box["y"], abs=8)
    press(page, box, 1)
    assert after_an_answer(page, sent) == []
    page.clock.run_for(500)
    press(page, box, 1)  # it has been read
    expect(following).to_have_count(0)
    assert len(sent) == 1
