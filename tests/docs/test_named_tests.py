"""Every test that a page of the documentation names is there; hazards and security leave nothing out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FIELDS = ["Cause", "Effect", "Control", "Test", "What remains"]


@cache
def functions(module: str) -> frozenset[str]:
    path = ROOT / module
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_every_test_that_is_named_is_there() -> None:
    named = {(path.name, *found) for path in PAGES for found in NAMED.findall(path.read_text())}
    assert len(named) > 100
    assert [one for one in sorted(named) if one[2] not in functions(one[1])] == []


def hazards() -> list[tuple[str, str]]:
    parts = re.split(r"^## (H\d+ .*)$", page("hazards.md"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_every_hazard_says_everything_and_names_a_test() -> None:
    found = hazards()
    assert [title.split()[0] for title, _ in found] == [f"H{number}" for number in range(1, len(found) + 1)]
    for title, text in found:
        assert re.findall(r"^- \*\*([\w ]+):\*\*", text, re.MULTILINE) == FIELDS, title
        assert NAMED.search(text), title


@pytest.mark.parametrize("chapter", range(1, 18))
def test_every_requirement_of_a_chapter_is_answered(chapter: int) -> None:
    text = page("security.md")
    (body,) = re.findall(rf"^## V{chapter} [^\n]+\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    shown = re.compile(r"`tests/|`make ")
    said = re.compile(r"\*\*[Nn]ot yet|\*\*[Tt]he house|does not apply: |no test \|$")
    rows = [row for row in body.splitlines() if row.startswith(f"| {chapter}.")]
    assert rows
    assert [row for row in rows if row.count("|") != 5 or not (shown.search(row) or said.search(row))] == []
