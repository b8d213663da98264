"""The header in a real browser: whole at both sizes, for everybody, in languages that need more room; and its menu."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hms_web.domain.identity import Actor, Role
from tests.api.callers import person
from tests.browser.axe import check_axe
from tests.browser.conftest import TABLET, WIDE, Scene
from tests.visit_scenes import acting

pytestmark = pytest.mark.browser

# Texts in other languages are up to two fifths longer than in English.
LONGER = """() => {
    const walker = document.createTreeWalker(document.querySelector('.site'), NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const words = node.data.trim();
        if (/[a-z]/i.test(words)) node.data = words + 'm'.repeat(Math.round(words.length * 0.4));
    }
}"""
# Two figures beside what waits, as on a busy day, and in how many lines the pages' names stand then.
COUNTS = """() => document.querySelectorAll('.site-nav a').forEach((link) => {
    if (!/affected|alerts/.test(link.href)) return;
    link.querySelectorAll('.badge').forEach((badge) => badge.remove());
    link.insertAdjacentHTML('beforeend', '<span class="badge warn">26</span>');
})"""
LINES = "() => new Set([...document.querySelectorAll('.site-nav > *')].map((one) => one.offsetTop)).size"
# What stands in the header and cannot be read in full, or stands over something else.
AMISS = """() => {
    const parts = '.site > a, .site-nav > a, .site > p button, .site summary';
    const boxes = [...document.querySelectorAll(parts)].map((part) => [part, part.getBoundingClientRect()]);
    const bottom = document.querySelector('.site').getBoundingClientRect().bottom;
    const isOut = (box) => box.left < 0 || box.right > innerWidth + 0.5 || box.bottom > bottom + 0.5;
    const meets = (one, two) => one.left < two.right - 0.5 && two.left < one.right - 0.5
        && one.top < two.bottom - 0.5 && two.top < one.bottom - 0.5;
    const isAmiss = ([, box], at) => isOut(box) || boxes.slice(0, at).some(([, other]) => meets(box, other));
    return boxes.filter(isAmiss).map(([part]) => part.textContent.trim());
}"""


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window of somebody's own."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield context
    context.close()


def somebody(scene: Scene, role: Role) -> Actor:
    if role is Role.DOCTOR:
        return acting(scene.clinic, scene.doctor_id)
    return scene.clinic.admin if role is Role.ADMIN else person(scene.clinic, role)


@pytest.mark.parametrize("role", Role)
def test_the_header_fits(scene: Scene, window: BrowserContext, role: Role, pictures: Path) -> None:
    page = scene.sign_in(window, somebody(scene, role))
    for size, scheme in ((WIDE, "light"), (TABLET, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(scene.url + "/patients")
        assert page.evaluate(AMISS) == []
        check_axe(page)
        page.screenshot(path=pictures / f"header-{role}-{size['width']}-{scheme}.png")
        page.evaluate(LONGER)
        assert page.evaluate(AMISS) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=pictures / f"header-{role}-{size['width']}-longer.png")
    if role is Role.ADMIN:  # whose header is the fullest; the others' would fit in one line
        page.evaluate("() => { document.querySelector('.site-nav').style.flexWrap = 'nowrap'; }")
        assert page.evaluate(AMISS), "a header that is cut off would not be seen"
    page.goto(scene.url)
    page.evaluate(COUNTS)
    assert page.evaluate(LINES) == 1


def manage(page: Page) -> None:
    expect(page.get_by_role("link", name="Holidays")).to_be_hidden()
    page.locator("#manage > summary").click()
    page.get_by_role("link", name="Holidays").click()
    expect(page.get_by_role("heading", level=1, name="Holidays")).to_be_visible()
    expect(page.locator("#manage > summary")).to_contain_text("Holidays")


def test_the_menu_of_what_is_managed_with_the_keyboard_alone(
    scene: Scene, window: BrowserContext, pictures: Path
) -> None:
    page = scene.sign_in(window, scene.clinic.admin)
    page.goto(scene.url)
    summary, body = page.locator("#manage > summary"), page.locator("#manage .menu-body")
    summary.focus()
    page.keyboard.press("Enter")
    expect(body).to_be_visible()
    check_axe(page)
    page.screenshot(path=pictures / "header-menu.png")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Doctors")).to_be_focused()
    page.keyboard.press("Escape")
    expect(body).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(body).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Holidays")).to_be_visible()


def test_the_menu_works_without_scripts(scene: Scene, browser: Browser) -> None:
    context = browser.new_context(viewport=TABLET, java_script_enabled=False)  # type: ignore[arg-type]
    page = scene.sign_in(context, scene.clinic.admin)
    page.goto(scene.url)
    manage(page)
    context.close()


def test_the_menu_with_the_mouse_closes_beside_it(scene: Scene, window: BrowserContext) -> None:
    page = scene.sign_in(window, scene.clinic.admin)
    page.goto(scene.url)
    manage(page)
    page.locator("#manage > summary").click()
    page.locator("h1").click()
    expect(page.locator("#manage .menu-body")).to_be_hidden()
