"""The week of one doctor, the search for a free time and the sheet of the keys, with the keyboard alone."""

import re
from datetime import time, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, Scene
from tests.browser.test_front_desk import held, kind
from tests.scenes import MONDAY

pytestmark = pytest.mark.browser


def test_the_week_is_walked_and_booked_into_with_the_keyboard(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("w")
    expect(page.locator(".col")).to_have_count(7)
    expect(page).to_have_url(re.compile("view=week"))
    check_axe_for_all(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator('#grid button[aria-label="09:00 free, Mon 2 Mar"]')).to_be_focused()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator('#grid button[aria-label="09:30 free, Wed 4 Mar"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#q")).to_be_focused()
    held(page)
    page.keyboard.type("asha sh")
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.press("Enter")
    kind(page, "booked")
    expect(page.locator(".col")).to_have_count(7)
    page.keyboard.press("Escape")
    expect(page.locator('#grid button[aria-label^="09:30 Asha Sharma"]')).to_be_focused()
    booked = next(one for one in scene.appointments() if one.patient_id == scene.patient_id)
    assert (booked.date, booked.start_time) == (MONDAY + timedelta(days=2), time(9, 30))
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text("Mon 9 Mar – Sun 15 Mar")  # noqa: RUF001
    page.go_back()
    expect(page.locator("h1")).to_have_text("Mon 2 Mar – Sun 8 Mar")  # noqa: RUF001
    page.get_by_role("button", name="Wed 4 Mar", exact=True).click()
    expect(page.locator("h1")).to_have_text("Wednesday 4 March")
    page.get_by_role("button", name="Dr. 002", exact=True).click()
    expect(page.locator(".col")).to_have_count(7)
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_week_is_that_of_the_doctor_in_whose_column_one_is(scene: Scene) -> None:
    page = scene.open()
    for key in ("ArrowDown", "ArrowRight", "w"):
        page.keyboard.press(key)
    expect(page.locator(".col")).to_have_count(7)
    expect(page.locator("#by-doctor option:checked")).to_have_text("Dr. 002")
    page.keyboard.press("w")
    expect(page.locator(".col")).to_have_count(2)


def test_in_a_doctors_head_what_is_free_is_never_cut(scene: Scene) -> None:
    """With a wide font it is the minutes that give way, as a whole."""
    page = scene.open()
    head = page.locator("#grid .head small").first
    free, minutes = head.locator("span").all()
    expect(free).to_have_text("13 of 14 free")
    lines = """small => [...small.children].map(one =>
        one.offsetTop + one.offsetHeight <= small.offsetTop + small.offsetHeight)"""
    assert head.evaluate(lines) == [True, True]
    head.evaluate("small => { small.style.letterSpacing = '2px'; small.closest('.col').style.flex = '0 0 136px'; }")
    assert head.evaluate(lines) == [True, False]
    assert free.evaluate("one => one.scrollWidth <= one.clientWidth")
    expect(minutes).to_have_text("30 min")


def test_a_free_time_is_found_across_a_department_with_the_keyboard(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("f")
    expect(page.locator("#find-with")).to_be_focused()
    page.keyboard.press("Tab")
    page.locator("#find-since").fill(str(MONDAY + timedelta(days=3)))
    page.locator("#find-part").focus()
    page.locator("#find-part").select_option("evening")
    expect(page.locator("#panel")).to_contain_text("Nothing of that kind is free")
    expect(page.locator("#find-part")).to_be_focused()  # looked for at once, and one may choose on
    page.locator("#find-part").select_option("morning")
    first = page.get_by_role("link", name="Thu 5 Mar 09:00 with Dr. 001: open the form")
    expect(first).to_be_visible()
    expect(page.locator("#find-part")).to_be_focused()
    page.get_by_role("button", name="Find", exact=True).press("Enter")
    expect(first).to_be_focused()
    check_axe_for_all(page)
    page.keyboard.press("Enter")
    kind(page, "booking")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("h1")).to_have_text("Thursday 5 March")
    page.go_back()
    kind(page, "finder")


def test_the_sheet_of_the_keys_opens_and_gives_the_focus_back(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Find a free time in a department")
    check_axe_for_all(page)
    page.keyboard.press("w")
    expect(page.locator(".col")).to_have_count(2)  # keys wait while the sheet is open
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator(scene.free("09:00"))).to_be_focused()
    page.get_by_role("button", name="keys").click()
    expect(sheet).to_be_visible()


# The tables whose head stands over a row at rest, and those in which another browser would let it: only clip makes no
# box that scrolls, whatever the browser.
COVERED = """() => [...document.querySelectorAll('.table-wrap')].filter((wrap) => {
    const head = wrap.querySelector('thead th').getBoundingClientRect();
    const first = wrap.querySelector('tbody tr').getBoundingClientRect();
    const isOpen = ['overflowX', 'overflowY'].some((side) => getComputedStyle(wrap)[side] !== 'clip');
    return head.bottom > first.top + 1 || isOpen;
}).map((wrap) => wrap.textContent.slice(0, 40))"""


def test_the_pages_for_paper_and_for_calendars_have_no_fault_that_axe_finds(scene: Scene) -> None:
    booked = scene.appointments()[0]
    page = scene.open(f"/appointments/{booked.id}/slip")
    for path in (f"/appointments/{booked.id}/slip", f"/front-desk/day-list?date={MONDAY}"):
        page.goto(scene.url + path)
        check_axe_for_all(page)
        assert page.evaluate(COVERED) == []
        page.emulate_media(media="print")
        expect(page.get_by_role("button", name="Print")).to_be_hidden()
        expect(page.locator("main")).to_contain_text("Maria Silva")
        page.emulate_media(media="screen")
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    admin = scene.sign_in(page.context, scene.clinic.admin)
    admin.goto(f"{scene.url}/doctors/{scene.doctor_id}/calendar")
    admin.get_by_label("Used in").fill("My phone")
    admin.get_by_role("button", name="Make a link").click()
    expect(admin.locator("code.secret")).to_contain_text(".ics")
    check_axe_for_all(admin)
