"""docs/usability.md: what the commonest jobs take, written by `make usability` from what tests/browser/test_journeys.py
does, and read back by it.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from hms_web import clock

PAGE = Path(__file__).parent.parent / "docs" / "usability.md"
BEGIN, END = "<!-- journeys: written by `make usability` -->", "<!-- end of the journeys -->"
ROUNDS = 3
HOW = {"mouse": "mouse", "keys": "keyboard alone"}


@dataclass(frozen=True, slots=True)
class Job:
    """A job, in words, and the most actions that it may take."""

    words: str
    most: int


JOBS = {
    "book": Job("A patient who is known asks for a certain doctor on Thursday: booked", 3),
    "check in": Job("A patient stands at the desk: checked in", 1),
    "vitals": Job("Temperature and pulse of somebody who waits: recorded", 4),
    "alert": Job("Somebody waits too long: taken on by name", 1),
    "leave": Job("A doctor is away today and tomorrow: entered, after whom it hits was shown", 3),
    "consultation": Job("A patient is seen: begun, complaint and diagnosis written, completed", 4),
}


def counted() -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return actions, clicks and keys of each job and way, as the page has them."""
    found: dict[tuple[str, str], tuple[int, int, int]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        ways = {words: how for how, words in HOW.items()}
        jobs = {job.words: key for key, job in JOBS.items()}
        if len(cells) > 4 and cells[0] in jobs and cells[1] in ways:
            actions, clicks, keys = (int(cell) for cell in cells[2:5])
            found[jobs[cells[0]], ways[cells[1]]] = actions, clicks, keys
    return found


def write(rounds: list[dict[str, Any]]) -> None:
    """Put the table, from what the rounds have told, into its place on the page."""
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text("\n".join([before + BEGIN, "", *_lines(rounds), "", END]) + after)


def _lines(rounds: list[dict[str, Any]]) -> Iterator[str]:
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}"
    yield f"Measured on {clock.now():%Y-%m-%d}: {machine}, server and browser on one machine; medians of {ROUNDS}."
    yield ""
    yield "| The job | With | Actions | Clicks | Keys | The page's time | A practised person |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for key, job in JOBS.items():
        for how, words in HOW.items():
            told = [one for one in rounds if (one["job"], one["how"]) == (key, how)]
            one, page, whole = told[0], median(t["page"] for t in told), median(t["estimate"] for t in told)
            counts = f"{len(one['actions'])} | {one['clicks']} | {one['keys']}"
            yield f"| {job.words} | {words} | {counts} | {page:.1f} s | {whole:.0f} s |"
    yield ""
    for key, job in JOBS.items():
        for how, words in HOW.items():
            one = next(t for t in rounds if (t["job"], t["how"]) == (key, how))
            yield f"- {re.split(':', job.words)[0]}, {words}: {'; '.join(one['actions'])}."


def main() -> int:
    """Do every journey a few times, and write the page."""
    rounds: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "journeys"
            command = [sys.executable, "-m", "pytest", "-q", "tests/browser/test_journeys.py"]
            done = subprocess.run(command, env={**os.environ, "HMS_USABILITY": str(kept)}, check=False)
            if done.returncode:
                return done.returncode
            rounds += [json.loads(line) for line in kept.read_text().splitlines()]
    write(rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
