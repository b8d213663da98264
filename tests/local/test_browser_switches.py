"""What the browser tests tell Chromium to leave out."""

import re
from pathlib import Path

import playwright

from tests.browsers import LEFT_OUT


def test_what_playwright_leaves_out_is_left_out_still() -> None:
    """Our list takes the place of its own, so it has to have all of that; those of other browsers begin with ms."""
    driver = Path(str(playwright.__file__)).with_name("driver") / "package" / "lib"
    lists = [
        found
        for path in sorted(driver.rglob("*.js"))
        for found in re.findall(r"disabledFeatures = \[(.*?)\]", path.read_text("utf-8"), re.DOTALL)
    ]
    assert lists, "Playwright keeps its list in another form: see what it is now"
    named = {name for found in lists for name in re.findall(r'^ *"(\w+)"', found, re.MULTILINE)}
    assert {name for name in named if not name.startswith("ms")} == set(LEFT_OUT)
