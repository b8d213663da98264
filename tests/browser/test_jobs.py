"""The page of the jobs in a real browser: the button by keyboard alone, and what axe finds in either scheme."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from hms_web.models import CronJobRun, new_id
from tests.browser.axe import check_axe
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.scenes import NOW

pytestmark = pytest.mark.browser
ENDINGS = ["SUCCESS"] * 9 + ["LOST", "SUCCESS", "SUCCESS", "SUCCESS", "ERROR", "ERROR", "ERROR"]


def fill(scene: Scene) -> None:
    """Write some history: mostly well, in trouble now."""
    for number, status in enumerate(ENDINGS):
        begun = NOW - timedelta(minutes=5 * (len(ENDINGS) - number))
        took = 40 + 37 * (number % 5)
        scene.clinic.session.add(
            CronJobRun(
                id=new_id(),
                hospital_id=scene.clinic.actor.hospital_id,
                job_name="NO_SHOW_CHECK",
                source="EXTERNAL" if number % 4 == 3 else "SCHEDULER",
                status=status,
                started_at=begun,
                ended_at=begun + timedelta(milliseconds=took),
                duration_ms=None if status == "LOST" else took,
                items_processed=number % 3,
                error="OperationalError, SQLSTATE 57P01" if status == "ERROR" else None,
            )
        )
    scene.clinic.session.commit()


def test_trouble_is_seen_and_run_now_works_with_the_keyboard_alone(
    scene: Scene, context: BrowserContext, pictures: Path
) -> None:
    fill(scene)
    assert context.browser
    page = scene.sign_in(context.browser.new_context(), scene.clinic.admin)
    for size, name in ((WIDE, "wide"), (TABLET, "tablet")):
        for scheme in ("light", "dark"):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme)
            page.goto(f"{scene.url}/jobs")
            expect(page.get_by_role("heading", name="The check is in trouble")).to_be_visible()
            page.screenshot(path=pictures / f"jobs-{name}-{scheme}.png", full_page=True)
            check_axe(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Run now").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#jobs").get_by_text("The check ran: 0 no-shows")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing is wrong, but the scheduler was not heard of yet")).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_be_focused()
    page.screenshot(path=pictures / "jobs-well.png", full_page=True)
