"""What axe finds on a page as it is now."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Whatever else axe looked at and found in order is not told of: to write that down takes twice as long as to look.
OPTIONS = {"resultTypes": ["violations"]}
# A document that has it already keeps it: the browser has translated it by then.
IS_THERE = "() => 'axe' in window"
LOOK = "async (options) => (await axe.run(options)).violations"


def faults(page: Page) -> list[tuple[str, str, str]]:
    """How bad, which rule, and where for the first time: everything that axe finds."""
    if not page.evaluate(IS_THERE):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(LOOK, OPTIONS)
    return [(item["impact"], item["id"], item["nodes"][0]["html"][:200]) for item in found]


def check_axe(page: Page) -> None:
    """Fail on anything, however slight."""
    assert faults(page) == [], page.url


def check_axe_for_all(page: Page) -> None:
    """The same in either scheme of colours."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == [], (page.url, scheme)
