"""Every picture that a page shows is one that `make screenshots` takes, and each of them is shown."""

import re
from pathlib import Path

import pytest

from tests.pictures import FOLDER, PICTURES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def shown() -> set[Path]:
    return {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    }


def test_every_picture_is_taken_by_the_script_and_shown() -> None:
    taken = {(FOLDER / f"{name}.png").resolve() for name in PICTURES}
    assert shown() == taken == {path.resolve() for path in FOLDER.glob("*.png")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
