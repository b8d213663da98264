"""The style guide in both schemes: axe finds nothing in any state of any component."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, Scene

pytestmark = pytest.mark.browser


def test_no_component_has_a_fault_that_axe_finds(scene: Scene) -> None:
    page = scene.open("/styleguide")
    expect(page.get_by_role("heading", name="Style guide")).to_be_visible()
    check_axe_for_all(page)
    page.get_by_role("button", name="Open a dialog").click()
    expect(page.get_by_role("dialog", name="A dialog")).to_be_visible()
    check_axe_for_all(page)
    page.keyboard.press("Escape")
    for size in (TABLET, {"width": 320, "height": 640}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
