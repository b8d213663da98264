"""The table of figures, on the screen and in docs/performance.md."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import psycopg

from bench import load
from bench.figures import Row
from bench.house import House
from bench.run import Options
from hms_web import clock

HEAD = ("What", "The product", "Baseline", "Ratio", "Target", "")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of the figures -->"


def line(row: Row) -> str:
    """A line for the screen."""
    name, ours, bare, ratio, target, note = row.cells()
    return f"{name:<56}{ours:>12}{bare:>12}{ratio:>8}  {target:<12}{note}"


def heading() -> str:
    """The head of those lines."""
    name, ours, bare, ratio, target, _ = HEAD
    return f"{name:<56}{ours:>12}{bare:>12}{ratio:>8}  {target}"


def table(house: House, options: Options, rows: Sequence[Row]) -> str:
    """All lines as Markdown, with where and how they were measured."""
    with psycopg.connect(house.database()) as connection:
        version = connection.info.server_version // 10_000
    lines = [
        _circumstances(version, options),
        "",
        f"| {' | '.join(HEAD)} |",
        "|---|---:|---:|---:|---|---|",
        *(f"| {' | '.join(row.cells())} |" for row in rows),
    ]
    return "\n".join(lines)


def _circumstances(version: int, options: Options) -> str:
    return (
        f"Measured on {clock.now():%Y-%m-%d}: {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"PostgreSQL {version} with fsync, load by {load.generator()}; {options.rounds} rounds of "
        f"{options.seconds:g} s a side in turns, medians. The machine's load average was {os.getloadavg()[1]:.1f}."
    )


def write(page: Path, figures: str) -> None:
    """Put the figures in their place on the page; raises ValueError where the page has none."""
    before, found, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        message = f"{page} has no place for figures."
        raise ValueError(message)
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}")
