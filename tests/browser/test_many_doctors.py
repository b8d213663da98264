"""A doctor is found among hundreds by words of the name: with the keyboard, with the mouse, and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.scenes import MONDAY
from tests.web import many_doctors

pytestmark = pytest.mark.browser


@pytest.fixture
def large(scene: Scene) -> Scene:
    """A hospital with a hundred doctors."""
    many_doctors.add(scene.clinic.session, scene.clinic.actor, 10, 110)
    return scene


def fits(page: Page) -> None:
    for size in (TABLET, WIDE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        check_axe_for_all(page)


def test_a_list_is_narrowed_to_a_doctor_with_the_keyboard(large: Scene) -> None:
    page = large.open("/appointments")
    expect(page.get_by_role("table")).to_contain_text("Maria Silva")
    field = page.get_by_role("combobox", name="Doctor")
    field.focus()
    with page.expect_response(re.compile("/doctors/names")) as answer:
        page.keyboard.type("ravi 001")
    assert "csrf" not in answer.value.url
    expect(page.locator("#doctor-names option")).to_have_count(2)
    expect(page).to_have_url(re.compile("/appointments$"))
    page.keyboard.press("Enter")
    expect(page.locator(".who-fits a")).to_have_count(2)
    fits(page)
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("dr. ravi 0013, department 01")
    page.keyboard.press("Tab")
    expect(page.locator("#results")).to_contain_text("No appointment fits.")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    expect(page.get_by_role("table")).to_contain_text("Maria Silva")


def test_the_front_desk_shows_the_doctor_whose_name_was_typed(large: Scene) -> None:
    many_doctors.add(large.clinic.session, large.clinic.actor, 200, 260, "Surgery")
    page = large.open(f"/front-desk?date={MONDAY}&department=Surgery")
    expect(page.locator(".col")).to_have_count(24)
    fits(page)
    page.get_by_role("link", name="Later names").click()
    expect(page.locator(".beside")).to_contain_text("Doctors 25 to 48 of 61")
    field = page.locator("#by-doctor")
    with page.expect_response(re.compile("/doctors/names.*department=Surgery")):
        field.press_sequentially("0013")
    expect(page.locator("#by-doctor-names option")).to_have_count(0)  # of another department
    with page.expect_response(re.compile("/doctors/names.*department=Surgery")):
        field.fill("ravi 02 surgery")
    field.press("Enter")
    page.locator(".who-fits a").first.click()
    expect(page.locator(".col")).to_have_count(1)
    expect(page.locator(".col h2")).to_have_text(re.compile("Dr. Ravi 02"))
    expect(page.locator("#by-doctor")).to_have_value(re.compile("Dr. Ravi 02.., Surgery"))
    fits(page)
    page.keyboard.press("w")
    expect(page.locator(".col")).to_have_count(7)


def test_the_board_of_a_large_hospital_is_one_of_a_department(large: Scene) -> None:
    page = large.open("/board")
    expect(page.locator("#in-department")).to_have_value("Cardiology")
    expect(page.locator("#board")).to_contain_text("Maria Silva")
    fits(page)
    page.locator("#in-department").select_option("Department 01")
    expect(page.locator("#board")).not_to_contain_text("Maria Silva")
    page.locator("#by-doctor").select_option(label="Dr. Ravi 0013")
    expect(page).to_have_url(re.compile("doctor=[0-9a-f-]{36}"))


def test_an_appointment_is_moved_to_a_doctor_found_by_name(large: Scene) -> None:
    booked = large.appointments()[0]
    page = large.open(f"/appointments/{booked.id}")
    field = page.get_by_role("combobox", name="Doctor")
    field.fill("maria 00")
    field.press("Tab")
    expect(page.locator("#times .who-fits a")).to_have_count(10)
    fits(page)
    page.locator("#times .who-fits a").first.click()
    expect(page.get_by_role("combobox", name="Doctor")).to_have_value(re.compile("^Dr. Maria 00"))
    page.locator("#times button.slot").first.click()
    expect(page.locator("body")).to_contain_text(re.compile("with Dr. Maria 00"))
