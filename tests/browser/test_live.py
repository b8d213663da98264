"""What changed is seen, a lost contact is said and mended, nothing is sent twice, and the focus stays."""

import re
from datetime import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Scene

pytestmark = pytest.mark.browser


def refresh(page: Page, part: str) -> None:
    with page.expect_response(re.compile(f"/front-desk/{part}")):
        page.evaluate(f"htmx.trigger('#{part}', 'refresh')")


def test_what_somebody_else_changed_is_seen_for_a_moment_and_nothing_else(scene: Scene) -> None:
    page = scene.open()
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Ravi Iyer"), time(11))
    for part, item in (("grid", "#grid .col > *"), ("day", "#day .day-row")):
        refresh(page, part)
        expect(page.locator(f"{item}.changed")).to_have_count(1)
        expect(page.locator(f"{item}.changed")).to_contain_text("Ravi Iyer")
    expect(page.locator(".changed")).to_have_count(0)
    page.emulate_media(reduced_motion="reduce")
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Meera Nair"), time(12))
    refresh(page, "grid")
    cell = page.locator("#grid .changed")
    assert "inset" in cell.evaluate("element => getComputedStyle(element).boxShadow")


def test_a_lost_contact_is_said_at_once_and_mended_by_itself(scene: Scene) -> None:
    page = scene.open()
    bar = page.get_by_role("alert").filter(has_text="No contact with the server since")
    expect(bar).to_have_count(0)
    page.route(re.compile("/front-desk/grid|/healthz"), lambda route: route.abort())
    page.evaluate("htmx.trigger('#grid', 'refresh')")
    expect(bar).to_be_visible()
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Ravi Iyer"), time(11))
    page.unroute_all()
    expect(page.locator("#grid")).to_contain_text("Ravi Iyer")
    expect(bar).to_have_count(0)
    expect(page.locator("#announcer")).to_have_text("The server is reached again.")
    page.context.set_offline(True)
    expect(bar).to_be_visible()
    page.context.set_offline(False)
    expect(bar).to_have_count(0)


def counted(page: Page, pattern: str) -> list[str]:
    """The forms that are sent to an address from now on."""
    sent: list[str] = []

    def note(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
        route.continue_()

    page.route(re.compile(pattern), note)
    return sent


def test_a_form_that_is_under_way_is_not_sent_again(scene: Scene) -> None:
    page = scene.open("/patients/new")
    sent = counted(page, "/patients/new$")
    page.get_by_label("Name", exact=True).fill("Lakshmi Rao")
    with page.expect_navigation():
        page.evaluate("for (const _ of 'two') document.querySelector('main form[method=post]').requestSubmit()")
    assert len(sent) == 1
    page = scene.open()
    sent = counted(page, "/status")
    with page.expect_response(re.compile("/status")):
        page.locator("#day button[name=status]").evaluate("button => { for (const _ of 'two') button.click() }")
    expect(page.locator("#day")).to_contain_text("here")
    assert len(sent) == 1


def test_the_focus_goes_to_the_part_that_took_its_place(scene: Scene) -> None:
    page = scene.open()
    page.locator("#grid button", has_text="Maria Silva").click()
    link = page.locator("#panel .panel-foot a").first
    link.focus()
    page.evaluate("htmx.ajax('GET', '/front-desk', { target: '#panel', swap: 'outerHTML', source: '#panel' })")
    expect(page.locator("#panel")).to_have_attribute("data-kind", "empty")
    expect(page.locator("#panel")).to_be_focused()
