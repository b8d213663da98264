"""Leave in a real browser: picked in the month by mouse and by keyboard alone, changed and cancelled."""

import re
from datetime import time

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from hms_web.models import DoctorAbsence
from tests.browser.axe import check_axe, check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.scenes import MONDAY

pytestmark = pytest.mark.browser


@pytest.fixture
def month(scene: Scene, browser: Browser) -> Page:
    """The month of the first doctor, as the administrator sees it."""
    page = scene.sign_in(browser.new_context(), scene.clinic.admin)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.goto(f"{scene.url}/doctors/{scene.doctor_id}/absences")
    page.wait_for_load_state("networkidle")
    return page


def entered(scene: Scene) -> list[tuple[str, str, str]]:
    scene.clinic.session.rollback()
    columns = DoctorAbsence.absence_type, DoctorAbsence.start_date, DoctorAbsence.end_date
    rows = scene.clinic.session.execute(sa.select(*columns).where(DoctorAbsence.doctor_id == scene.doctor_id)).all()
    scene.clinic.session.rollback()
    return [(kind, str(first), str(last)) for kind, first, last in rows]


def test_days_are_picked_with_the_mouse_and_the_rest_of_the_form_stays(scene: Scene, month: Page) -> None:
    month.get_by_label("Reason").fill("Wedding")
    month.get_by_role("button", name=re.compile("^Thursday 5 March")).click()
    month.get_by_role("button", name=re.compile("^Tuesday 10 March")).click()
    expect(month.locator("#effect")).to_contain_text("84 slots close")
    expect(month.locator("#month [aria-pressed=true]")).to_have_count(6)
    month.get_by_role("link", name="The month after").click()
    expect(month.locator("#month")).to_contain_text("April 2026")
    assert month.url.endswith("month=2026-04")
    expect(month.get_by_label("Reason")).to_have_value("Wedding")
    month.get_by_role("button", name="Enter the leave").click()
    expect(month.locator("main")).to_contain_text("Entered.")
    assert entered(scene) == [("ANNUAL_LEAVE", "2026-03-05", "2026-03-10")]


def test_an_emergency_is_entered_with_the_keyboard_alone(scene: Scene, month: Page) -> None:
    month.get_by_role("link", name="The month after").focus()
    month.keyboard.press("Tab")
    expect(month.get_by_role("button", name=re.compile("^Monday 2 March, today"))).to_be_focused()
    month.keyboard.press("ArrowRight")
    month.keyboard.press("ArrowLeft")
    month.keyboard.press("Enter")
    expect(month.locator("#effect")).to_contain_text("One appointment lies in this time")
    month.keyboard.press("ArrowRight")
    month.keyboard.press("Enter")
    expect(month.locator("#end_date")).to_have_value("2026-03-03")
    month.keyboard.press("PageDown")
    expect(month.locator("#month")).to_contain_text("April 2026")
    expect(month.locator("#month [data-day]").first).to_be_focused()
    month.keyboard.press("ArrowUp")
    expect(month.locator("#month")).to_contain_text("March 2026")
    month.locator("#absence_type").focus()
    month.keyboard.type("Emerg")
    expect(month.locator("#enter")).to_contain_text("Enter the leave and cancel one appointment")
    month.locator("#reason").focus()
    month.keyboard.press("Enter")
    expect(month.locator("main")).to_contain_text("1 appointment cancelled.")
    assert entered(scene) == [("EMERGENCY", "2026-03-02", "2026-03-03")]
    assert [view.status for view in scene.appointments()] == ["CANCELLED"]


def test_leave_is_extended_and_cancelled_with_what_that_does(scene: Scene, month: Page) -> None:
    scene.clinic.absence(scene.doctor_id, MONDAY, MONDAY, (time(14), time(16)))
    month.reload()
    month.get_by_role("link", name=re.compile("^Other 14:00")).click()
    month.locator("#start_time").fill("09:00")
    month.locator("#start_time").blur()
    expect(month.locator("#effect")).to_contain_text("One appointment lies in the added time")
    check_axe(month)
    month.get_by_role("button", name="Save the change").click()
    expect(month.locator("main")).to_contain_text("1 appointment needs seeing to.")
    month.get_by_role("link", name=re.compile("^Cancel the leave")).click()
    expect(month.locator("main")).to_contain_text("One appointment no longer needs another time")
    check_axe(month)
    month.get_by_role("button", name="Cancel the leave").click()
    expect(month.locator("main")).to_contain_text("The time can be booked again")


def test_axe_finds_nothing_serious_and_nothing_is_cut_off(scene: Scene, month: Page) -> None:
    scene.clinic.holiday(MONDAY.replace(day=18))
    scene.clinic.absence(scene.doctor_id, MONDAY.replace(day=12), MONDAY.replace(day=14))
    month.reload()
    month.get_by_role("button", name=re.compile("^Monday 2 March")).click()
    expect(month.locator("#effect")).to_contain_text("One appointment lies in this time")
    for size in (WIDE, TABLET):
        month.set_viewport_size(size)  # type: ignore[arg-type]
        check_axe_for_all(month)
        assert month.evaluate("document.documentElement.scrollWidth <= innerWidth")
