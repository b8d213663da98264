"""Writes docs/quality-evidence.md from tests/evidence.toml: `python -m tests.evidence`, or make evidence."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE, PAGE = ROOT / "tests" / "evidence.toml", ROOT / "docs" / "quality-evidence.md"
NOT_YET = "not yet"
KINDS = ("tests", "control")

HEAD = """\
# What shows it

Each promise with the tests that would fail if it were broken, and the control that shows that they can: the same with
the guard switched off. Written by `make evidence` from `tests/evidence.toml`; `tests/docs/test_evidence.py` fails when
this page is not what that file says, or when a test that it names is not there. "{not_yet}" is meant as it reads.

The races and faults run on a real PostgreSQL and Redis with real server and worker processes: `make test` and
`make test-faults`.

{shown} of {all} claims have a test; {controlled} have a control of their own.
"""


def claims() -> dict[str, Any]:
    """The file: by letter its title, and by number a list of claims with their tests and controls."""
    return tomllib.loads(SOURCE.read_text())


def each(parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every claim under its id, like C1."""
    for letter, part in parts.items():
        for number, rows in part.items():
            if number != "title":
                yield from ((f"{letter}{number}", row) for row in rows)


def written(parts: dict[str, Any]) -> str:
    """The page."""
    rows = [row for _, row in each(parts)]
    counts = {
        "all": len(rows),
        "shown": sum(bool(row.get("tests")) for row in rows),
        "controlled": sum(bool(row.get("control")) for row in rows),
    }
    lines = [HEAD.format(not_yet=NOT_YET, **counts)]
    for letter, part in parts.items():
        lines += [f"## {part['title']}\n", "| # | What holds | Shown by | Control |", "|---|---|---|---|"]
        lines += [
            f"| {key} | {row['claim']} | {_named(row, 'tests') or NOT_YET} | {_named(row, 'control')} |"
            for key, row in each({letter: part})
        ]
        lines.append("")
    return "\n".join(lines)


def _named(row: dict[str, Any], kind: str) -> str:
    return "<br>".join(f"`{name}`" for name in row.get(kind, []))


def missing(parts: dict[str, Any]) -> list[str]:
    """The tests that are named and not there."""
    named = sorted({name for _, row in each(parts) for kind in KINDS for name in row.get(kind, [])})
    return [name for name in named if not _exists(name)]


def _exists(name: str) -> bool:
    path, _, function = name.partition("::")
    file = ROOT / "tests" / path
    if not file.is_file():
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in ast.parse(file.read_text()).body)


if __name__ == "__main__":
    found = claims()
    if absent := missing(found):
        sys.exit("\n".join(f"tests/evidence.toml names a test that is not there: {name}" for name in absent))
    PAGE.write_text(written(found))
