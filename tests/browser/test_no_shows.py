"""No-shows in a real browser: noted from the front desk, taken back, and the figures at both sizes."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from hms_web.domain.no_show import NoShowReason
from hms_web.services import no_show
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.browser.test_front_desk import check_axe
from tests.scenes import NOW

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_figures_are_readable(scene: Scene, office: BrowserContext, scheme: str, pictures: Path) -> None:
    place = scene.clinic
    for number, at in enumerate((time(9), time(11), time(14), time(15))):
        booked = place.book(scene.doctor_id, place.patient(name=f"Asha Sharma {number}"), at)
        reason = list(NoShowReason)[1 + number % 3]
        no_show.mark(place.session, place.actor, booked.id, reason=reason, notes="Called twice", now=NOW)
    page = scene.sign_in(office, place.admin)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(scene.url + "/no-shows")
    expect(page.get_by_text("Where it happens")).to_be_visible()
    for size in (WIDE, TABLET):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        check_axe(page)
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.screenshot(path=pictures / f"no-shows-{size['width']}-{scheme}.png", full_page=True)
    page.get_by_label("Found out").select_option("PATIENT_CALLED")
    expect(page.locator("#results tbody").first.locator("tr")).to_have_count(1)
