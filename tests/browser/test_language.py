"""The pages in another language, in a real browser: the switch, and room for words that are longer than in English."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import check_axe
from tests.browser.conftest import TABLET, WIDE, Scene

pytestmark = pytest.mark.browser

# A language whose every word is two fifths longer. Numbers, and codes like MRN, stay as they are.
LONGER = r"""() => {
    const grown = (word) => word + 'm'.repeat(Math.ceil(word.length * 0.4));
    const longer = (words) => words.replace(/[A-Za-z]*[a-z]{2,}/g, grown);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) node.data = longer(node.data);
    for (const field of document.querySelectorAll('[placeholder]')) field.placeholder = longer(field.placeholder);
}"""
# What can be pressed or names something, and is cut off or stands outside of the window.
CUT_OFF = """() => {
    const isOwn = (part) => !part.closest('.hidden, .table-wrap');  // which is read by others, or scrolls by itself
    const isSeen = (part) => part.checkVisibility({ visibilityProperty: true }) && isOwn(part);
    const isCut = (part) => {
        const box = part.getBoundingClientRect(), style = getComputedStyle(part);
        const isShortened = style.textOverflow === 'ellipsis';  // names of people
        const hides = style.overflowX !== 'visible' && !isShortened && part.scrollWidth > part.clientWidth + 1;
        return hides || box.left < -0.5 || box.right > innerWidth + 0.5;
    };
    const parts = [...document.querySelectorAll('button, .button, label, legend, h1, h2, h3, summary, dt, .badge')];
    return parts.filter((part) => isSeen(part) && isCut(part)).map((part) => part.textContent.trim());
}"""
FITS = "() => document.documentElement.scrollWidth <= innerWidth"


def test_a_person_reads_hindi_from_the_menu_under_their_name(scene: Scene, pictures: Path) -> None:
    page = scene.open("/patients")
    page.locator("#who > summary").click()
    check_axe(page)
    page.get_by_role("button", name="हिन्दी").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("मरीज़")
    assert page.url == scene.url + "/patients"
    for size, scheme in ((WIDE, "light"), (TABLET, "dark")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in ("/front-desk", "/patients", f"/patients/{scene.patient_id}", "/board"):
            scene.open(path)
            assert page.evaluate(FITS), path
            page.screenshot(path=pictures / f"hindi-{path.split('/')[1]}-{size['width']}-{scheme}.png")
    page.locator("#who > summary").click()
    check_axe(page)
    page.screenshot(path=pictures / "hindi-menu.png")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_before_signing_in_the_language_is_this_browsers(product_url: str, browser: Browser, pictures: Path) -> None:
    context = browser.new_context(viewport=TABLET, locale="hi-IN")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(product_url + "/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("साइन इन करें")
    check_axe(page)
    page.screenshot(path=pictures / "hindi-sign-in.png")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()


@pytest.fixture
def product_url(scene: Scene) -> str:
    """Where the product is."""
    return scene.url


def test_words_that_are_longer_by_two_fifths_have_room(scene: Scene, browser: Browser, pictures: Path) -> None:
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    admin = scene.sign_in(context, scene.clinic.admin)
    absences = f"/doctors/{scene.doctor_id}/absences"
    for page, path in (
        (scene.page, "/front-desk"),
        (scene.page, f"/patients/{scene.patient_id}"),
        (scene.page, "/appointments"),
        (scene.page, "/board"),
        (admin, absences),
        (admin, "/users/new"),
        (admin, "/messages"),
    ):
        for size in (WIDE, TABLET):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(scene.url + path)
            page.evaluate(LONGER)
            name = path.replace(str(scene.patient_id), "one").replace(str(scene.doctor_id), "one").strip("/")
            page.screenshot(path=pictures / f"longer-{name.replace('/', '-')}-{size['width']}.png")
            assert (page.evaluate(FITS), page.evaluate(CUT_OFF)) == (True, []), (path, size)
    # The measure measures: what is wider than the window is found.
    admin.evaluate("() => { document.querySelector('h1').style.width = '3000px'; }")
    assert not admin.evaluate(FITS)
    context.close()
