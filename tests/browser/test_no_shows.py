"""No-shows in a real browser: noted from the front desk, taken back, and the figures at both sizes."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.axe import check_axe, check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.scenes import MONDAY
from tests.services.test_figures import slots, visit

pytestmark = pytest.mark.browser

MOVED_SIDEWAYS = """[...document.querySelectorAll('.table-wrap')].filter(box => box.scrollWidth > box.clientWidth + 1)
    .map(box => box.querySelector('caption')?.textContent.trim())"""
HOURS = """hours => document.querySelectorAll('.heat tr').forEach(row => {
    while (row.children.length <= hours) row.append(row.children[1].cloneNode(true));
})"""
COVERED = (
    """[...document.querySelectorAll('.heat .rate')].filter(rate => rate.scrollWidth > rate.clientWidth + 2).length"""
)


@pytest.fixture
def office(browser: Browser) -> Iterator[BrowserContext]:
    """The administrator's browser."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield context
    context.close()


def test_a_no_show_is_noted_at_the_front_desk_and_taken_back(scene: Scene, pictures: Path) -> None:
    page = scene.open()
    page.locator("#grid").get_by_text("Maria Silva").first.click()
    page.locator("#panel").get_by_role("link", name="No-show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No-show: Maria Silva")
    expect(page.get_by_text("The time can be booked again at once.")).to_be_visible()
    page.screenshot(path=pictures / "no-show-one.png")
    check_axe(page)
    page.get_by_label("The patient called").check()
    page.get_by_label("Notes").fill("Has a fever")
    page.get_by_role("button", name="Note the no-show").click()
    expect(page.get_by_text("Noted as a no-show: Maria Silva.")).to_be_visible()
    assert [row.status for row in scene.appointments()] == ["NO_SHOW"]
    page.goto(f"{scene.url}/no-shows/{scene.appointments()[0].id}")
    page.get_by_label("Why is it taken back?").fill("Feels better")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert [row.status for row in scene.appointments()] == ["SCHEDULED"]


def weeks_behind(scene: Scene) -> None:
    """Let thirty Mondays lie behind the doctor, a third of the visits missed, each with a time that was offered."""
    place = scene.clinic
    for weeks in range(1, 31):
        day = MONDAY - timedelta(days=7 * weeks)
        visit(place, scene.doctor_id, time(9), "COMPLETED" if weeks % 3 else "NO_SHOW", day, weeks % 3)
    slots(place, scene.doctor_id, time(9), time(11), day=MONDAY - timedelta(days=7))


def test_the_figures_are_readable(scene: Scene, office: BrowserContext, pictures: Path) -> None:
    weeks_behind(scene)
    page = scene.sign_in(office, scene.clinic.admin)
    for path, told in (("/no-shows", "10 of 30 did not come (33.3 %)"), ("/overview", "Of 2 times that were offered")):
        page.goto(f"{scene.url}{path}?first=2025-08-01")
        expect(page.get_by_text(told).first).to_be_visible()
        page.set_viewport_size({"width": 1000, "height": 800})
        assert page.evaluate(MOVED_SIDEWAYS) == []
        for size in (WIDE, TABLET):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            check_axe_for_all(page)
            assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            page.screenshot(path=pictures / f"{path[1:]}-{size['width']}.png", full_page=True)
            assert page.evaluate(MOVED_SIDEWAYS) == [], "nor does a table of it, opened or not"
            page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")


def test_a_long_day_of_figures_stands_side_by_side(scene: Scene, office: BrowserContext) -> None:
    place = scene.clinic
    for number in range(30):
        visit(
            place,
            scene.doctor_id,
            time(9),
            "NO_SHOW" if number % 3 else "COMPLETED",
            MONDAY - timedelta(days=7 * number + 7),
        )
    page = scene.sign_in(office, place.admin)
    page.goto(f"{scene.url}/no-shows?first=2025-08-01")
    expect(page.locator(".heat .rate")).to_have_count(1)
    for hours in (10, 15, 18):
        page.evaluate(HOURS, hours)
        assert page.evaluate(MOVED_SIDEWAYS) == [], hours
        assert page.evaluate(COVERED) == 0, hours


def test_the_days_are_changed_in_place_and_the_figures_go_on_paper(scene: Scene, office: BrowserContext) -> None:
    weeks_behind(scene)
    page = scene.sign_in(office, scene.clinic.admin)
    page.goto(scene.url)
    expect(page).to_have_url(re.compile("/overview$"))
    page.get_by_label("From").fill("2025-08-01")
    expect(page.get_by_text("10 of 30 did not come (33.3 %)").first).to_be_visible()
    expect(page.get_by_label("From")).to_be_focused()
    expect(page).to_have_url(re.compile("first=2025-08-01"))
    figures = page.locator("figure", has=page.get_by_role("heading", name="Who did not come")).locator("td").first
    expect(figures).to_be_hidden()
    page.emulate_media(media="print")
    expect(figures).to_be_visible()
    expect(page.locator("#filters")).to_be_hidden()
    page.emulate_media(media="screen")
    page.goto(scene.url + "/no-shows")
    page.get_by_label("Found out").select_option("PATIENT_CALLED")
    expect(page.get_by_text("Nobody missed an appointment in these days.")).to_be_visible()
