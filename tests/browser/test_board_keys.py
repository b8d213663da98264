"""The board with the keyboard alone: arrows to somebody, and a letter does what stands beside the name."""

import re
from collections.abc import Iterator
from datetime import time

import pytest
from playwright.sync_api import Browser, Page, expect

from hms_web.domain.identity import Role
from tests.api.callers import person
from tests.browser.conftest import WIDE, Scene
from tests.visit_scenes import arrived

pytestmark = pytest.mark.browser


@pytest.fixture
def board(scene: Scene, browser: Browser) -> Iterator[Page]:
    """The board of a nurse: one is expected, two have arrived."""
    for number in range(2):
        arrived(scene.clinic, scene.doctor_id, time(11, 30 * number), name=f"Here {number}")
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        page = scene.sign_in(context, person(scene.clinic, Role.NURSE))
        page.goto(scene.url + "/board")
        page.wait_for_load_state("networkidle")
        yield page


def test_arrows_walk_over_the_people_and_v_opens_their_vitals(board: Page) -> None:
    names = ("Maria Silva", "Here 0", "Here 1")
    expected, first, second = (board.get_by_role("link", name=name, exact=True) for name in names)
    board.keyboard.press("v")
    expect(board.locator("#sheet")).to_be_hidden()  # nobody is meant
    board.keyboard.press("ArrowDown")
    expect(first).to_be_focused()  # who waits to be measured, though somebody is expected
    for key, there in (("ArrowDown", second), ("ArrowDown", second), ("ArrowLeft", expected), ("ArrowLeft", expected)):
        board.keyboard.press(key)
        expect(there).to_be_focused()
    board.keyboard.press("ArrowRight")
    board.keyboard.press("End")
    expect(second).to_be_focused()
    board.keyboard.press("v")
    expect(board.get_by_label("Temperature")).to_be_focused()
    expect(board.locator("#sheet")).to_contain_text("Here 1")
    board.keyboard.type("37.2")
    board.keyboard.press("Enter")
    expect(board.get_by_role("region", name="Vitals done")).to_contain_text("Here 1")
    board.keyboard.press("?")
    expect(board.locator("#keys")).to_contain_text("Walk over the people")


def test_a_poll_leaves_the_focus_on_the_same_person_and_c_is_followed(board: Page, scene: Scene) -> None:
    board.keyboard.press("ArrowDown")
    board.keyboard.press("ArrowDown")
    second = board.get_by_role("link", name="Here 1", exact=True)
    expect(second).to_be_focused()
    arrived(scene.clinic, scene.doctor_id, time(9), name="Came First")
    with board.expect_response(re.compile("/board/columns")):
        board.evaluate("htmx.trigger('#board', 'refresh')")
    expect(board.get_by_role("region", name="Arrived")).to_contain_text("Came First")
    expect(second).to_be_focused()
    board.keyboard.press("ArrowLeft")
    board.keyboard.press("c")
    expect(board.get_by_role("region", name="Arrived")).to_contain_text("Maria Silva")
    expect(board.get_by_role("link", name="Maria Silva", exact=True)).to_be_focused()
    expect(board.get_by_role("link", name="Maria Silva", exact=True)).to_be_in_viewport()
    assert sum(row.status == "CHECKED_IN" for row in scene.appointments()) == 4


def test_letters_do_nothing_outside_of_the_board(board: Page) -> None:
    board.keyboard.press("ArrowDown")
    board.get_by_role("link", name="For a screen on the wall").focus()
    board.keyboard.press("v")
    board.keyboard.press("ArrowDown")
    expect(board.locator("#sheet")).to_be_hidden()
    expect(board.get_by_role("link", name="For a screen on the wall")).to_be_focused()
