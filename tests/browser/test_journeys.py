"""The six commonest jobs, with the mouse and with the keyboard alone: how many actions each takes.

docs/usability.md has the same figures; `make usability` writes them there, with the times that were measured.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hms_web.domain.identity import Actor, Role
from tests.api.callers import person
from tests.browser.conftest import WIDE, Scene
from tests.browser.hands import Hands
from tests.browser.test_alerts import arrive
from tests.usability import JOBS, counted
from tests.visit_scenes import acting, arrived

pytestmark = pytest.mark.browser

Opened = Callable[[Actor, str], Page]


@pytest.fixture
def window(scene: Scene, browser: Browser) -> Iterator[Opened]:
    """Give somebody a browser of their own, on a page that has settled."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]

    def opened(actor: Actor, path: str) -> Page:
        page = scene.sign_in(context, actor)
        page.goto(scene.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield opened
    context.close()


def book_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(scene.clinic.actor, "/front-desk"))
    page = hands.page
    hands.click(page.get_by_role("button", name="Dr. 001", exact=True), "the doctor's name, which opens the week")
    hands.see(page.locator('#grid button[aria-label="09:30 free, Thu 5 Mar"]'))
    hands.click(page.locator('#grid button[aria-label="09:30 free, Thu 5 Mar"]'), "the time on Thursday")
    hands.feel(page.locator("#q"))
    hands.write("asha sh", "the patient's name, and Enter twice", then="Enter")
    hands.feel(page.locator("#reason"))
    hands.once_more("Enter")
    hands.see(page.locator('#panel[data-kind="booked"]'))
    return hands


def book_with_the_keys(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(scene.clinic.actor, "/front-desk"))
    page = hands.page
    hands.press("w", "W, the week of the first doctor")
    hands.see(page.locator('#grid button[aria-label="09:00 free, Thu 5 Mar"]'))
    thursday = page.locator('#grid button[aria-label="09:00 free, Thu 5 Mar"]')
    hands.walk("ArrowDown ArrowRight", thursday, "the arrows to Thursday, and Enter", then="Enter")
    hands.feel(page.locator("#q"))
    hands.write("asha sh", "the patient's name, and Enter twice", then="Enter")
    hands.feel(page.locator("#reason"))
    hands.once_more("Enter")
    hands.see(page.locator('#panel[data-kind="booked"]'))
    return hands


def check_in_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(scene.clinic.actor, "/front-desk"))
    hands.click(hands.page.get_by_role("button", name="Check in Maria Silva"), "Check in, beside the name")
    hands.see(hands.page.locator("#day"), "here")
    return hands


def check_in_with_the_keys(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(scene.clinic.actor, "/front-desk"))
    hands.walk(
        "ArrowDown",
        hands.page.locator("#grid button", has_text="Maria Silva"),
        "the arrows to the name, and C",
        then="c",
    )
    hands.see(hands.page.locator("#day"), "here")
    return hands


def vitals_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    arrived(scene.clinic, scene.doctor_id, time(11), name="Asha Rao")
    hands = Hands(window(person(scene.clinic, Role.NURSE), "/board"))
    page = hands.page
    hands.click(page.get_by_role("link", name="Vitals of Asha Rao"), "Vitals, beside the name")
    hands.feel(page.get_by_label("Temperature"))
    hands.write("37.2", "the temperature", then="Tab")
    hands.write("72", "the pulse")
    hands.click(page.get_by_role("button", name="Record"), "Record")
    hands.see(page.get_by_role("region", name="Vitals done"), "Asha Rao")
    return hands


def vitals_with_the_keys(scene: Scene, window: Opened) -> Hands:
    arrived(scene.clinic, scene.doctor_id, time(11), name="Asha Rao")
    hands = Hands(window(person(scene.clinic, Role.NURSE), "/board"))
    page = hands.page
    name = page.get_by_role("link", name="Asha Rao", exact=True)
    hands.walk("ArrowDown", name, "the arrows to the name, and V", then="v")
    hands.feel(page.get_by_label("Temperature"))
    hands.write("37.2", "the temperature", then="Tab")
    hands.write("72", "the pulse, and Enter", then="Enter")
    hands.see(page.get_by_role("region", name="Vitals done"), "Asha Rao")
    return hands


def alert_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    arrive(scene, "Asha Sharma", time(11), 42)
    hands = Hands(window(person(scene.clinic, Role.NURSE), "/alerts"))
    hands.click(hands.page.get_by_role("button", name="I'm on it: Asha Sharma"), "I'm on it")
    hands.see(hands.page.locator("[data-alert]"), "is on it since")
    return hands


def alert_with_the_keys(scene: Scene, window: Opened) -> Hands:
    arrive(scene, "Asha Sharma", time(11), 42)
    hands = Hands(window(person(scene.clinic, Role.NURSE), "/alerts"))
    hands.walk(
        "Tab",
        hands.page.get_by_role("button", name="I'm on it: Asha Sharma"),
        "Tab to I'm on it, and Enter",
        then="Enter",
    )
    hands.see(hands.page.locator("[data-alert]"), "is on it since")
    return hands


def leave_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(acting(scene.clinic, scene.doctor_id), f"/doctors/{scene.doctor_id}/absences"))
    page = hands.page
    hands.click(page.get_by_role("button", name=re.compile("^Monday 2 March")), "the first day in the month")
    hands.click(page.get_by_role("button", name=re.compile("^Tuesday 3 March")), "the last day")
    hands.see(page.locator("#effect"), "One appointment lies in this time")
    hands.click(page.get_by_role("button", name="Enter the leave"), "Enter the leave")
    hands.see(page.locator("main"), "Entered.")
    return hands


def leave_with_the_keys(scene: Scene, window: Opened) -> Hands:
    hands = Hands(window(acting(scene.clinic, scene.doctor_id), f"/doctors/{scene.doctor_id}/absences"))
    page = hands.page
    first, last = (page.get_by_role("button", name=re.compile(f"^{day} March")) for day in ("Monday 2", "Tuesday 3"))
    hands.walk("Tab", first, "Tab to the first day, and Enter", then="Enter")
    hands.walk("ArrowRight", last, "the arrow to the last day, and Enter", then="Enter")
    hands.see(page.locator("#effect"), "One appointment lies in this time")
    button = page.get_by_role("button", name="Enter the leave")
    hands.walk("Tab", button, "Tab to Enter the leave, and Enter", then="Enter")
    hands.see(page.locator("main"), "Entered.")
    return hands


def see_with_the_mouse(scene: Scene, window: Opened) -> Hands:
    arrived(scene.clinic, scene.doctor_id, time(11), name="Asha Rao")
    hands = Hands(window(acting(scene.clinic, scene.doctor_id), "/my-day"))
    page = hands.page
    hands.click(page.get_by_role("button", name="Start with Asha Rao").first, "Start")
    hands.see(page.get_by_role("heading", level=1), "Asha Rao")
    hands.feel(page.get_by_label("Chief complaint"))
    hands.write("Cough", "the complaint", then="Tab")
    hands.write("J20.9 Bronchitis", "the diagnosis")
    hands.click(page.get_by_role("button", name="Complete the visit"), "Complete the visit")
    hands.see(page.get_by_text("The visit of Asha Rao is completed."))
    return hands


def see_with_the_keys(scene: Scene, window: Opened) -> Hands:
    arrived(scene.clinic, scene.doctor_id, time(11), name="Asha Rao")
    hands = Hands(window(acting(scene.clinic, scene.doctor_id), "/my-day"))
    page = hands.page
    hands.walk(
        "Tab", page.get_by_role("button", name="Start with Asha Rao").first, "Tab to Start, and Enter", then="Enter"
    )
    hands.see(page.get_by_role("heading", level=1), "Asha Rao")
    hands.feel(page.get_by_label("Chief complaint"))
    hands.write("Cough", "the complaint", then="Tab")
    hands.write("J20.9 Bronchitis", "the diagnosis")
    hands.press("Control+Enter", "Ctrl+Enter completes")
    hands.see(page.get_by_text("The visit of Asha Rao is completed."))
    return hands


JOURNEYS = {
    ("book", "mouse"): book_with_the_mouse,
    ("book", "keys"): book_with_the_keys,
    ("check in", "mouse"): check_in_with_the_mouse,
    ("check in", "keys"): check_in_with_the_keys,
    ("vitals", "mouse"): vitals_with_the_mouse,
    ("vitals", "keys"): vitals_with_the_keys,
    ("alert", "mouse"): alert_with_the_mouse,
    ("alert", "keys"): alert_with_the_keys,
    ("leave", "mouse"): leave_with_the_mouse,
    ("leave", "keys"): leave_with_the_keys,
    ("consultation", "mouse"): see_with_the_mouse,
    ("consultation", "keys"): see_with_the_keys,
}


@pytest.mark.parametrize("journey", JOURNEYS, ids=" with the ".join)
def test_a_job_takes_as_many_actions_as_the_page_about_it_says(
    scene: Scene, window: Opened, journey: tuple[str, str]
) -> None:
    hands = JOURNEYS[journey](scene, window)
    expect(hands.page.locator("main")).to_be_visible()
    kept = os.environ.get("HMS_USABILITY")
    if kept:  # `make usability` writes the page from these
        told = {"job": journey[0], "how": journey[1], "actions": hands.actions, "clicks": hands.clicks}
        told |= {"keys": hands.keys, "page": hands.waited, "estimate": hands.estimate}
        with Path(kept).open("a") as file:
            file.write(json.dumps(told) + "\n")
        return
    assert (len(hands.actions), hands.clicks, hands.keys) == counted()[journey]
    assert len(hands.actions) <= JOBS[journey[0]].most


def test_every_job_has_both_ways() -> None:
    assert {job for job, _how in JOURNEYS} == set(JOBS)
    assert len(JOURNEYS) == 2 * len(JOBS)
