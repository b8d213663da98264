"""The drawing of charts: places and heights in the units of their own drawings, for templates/components/charts.html.

A chart never stands alone: its figures are a table beside it, and a file (docs/decisions/0130).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from hms_web.domain.statistics import Interval, Share
from hms_web.web.language import gettext

T = TypeVar("T")

# A chart over time; its frame is drawn from MARGIN on, and words stand below HEIGHT.
WIDTH, HEIGHT, MARGIN = 640, 180, 52
MOST_NAMED = 8
# The small drawing in a row of a table.
ROW_WIDTH = 160
LEAST_TOP = 0.1


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a chart: what its file holds, and what the page shows below it."""

    names: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line across a chart and what it stands for."""

    y: int
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where one step of a chart over time is drawn; `words` are empty where there is no room for them."""

    middle: int
    left: int
    width: int
    words: str


def percent(share: float) -> str:
    """A share from 0 to 1 in per cent, with one decimal and without the sign: `3.5`."""
    return f"{100 * share:.1f}"


def rate_words(share: Share) -> str:
    """The rate of a share as words: `3.5 %`, or a dash where too few were to come to claim one."""
    return "–" if share.is_few else gettext("%(share)s %%", share=percent(share.rate))  # noqa: RUF001 a dash


def interval_words(interval: Interval) -> str:
    """Where a share may lie by chance: `2.0 to 6.1 %`."""
    return gettext("%(low)s to %(high)s %%", low=percent(interval.low), high=percent(interval.high))


def places(names: Sequence[str]) -> list[Place]:
    """Return where the steps of these names are drawn, side by side; as many are named as there is room for."""
    room = (WIDTH - MARGIN) / max(1, len(names))
    every = -(-len(names) // MOST_NAMED)
    wide = max(4, min(44, round(room * 0.6)))
    found = []
    for number, name in enumerate(names):
        middle = round(MARGIN + room * (number + 0.5))
        found.append(Place(middle, middle - wide // 2, wide, name if number % every == 0 else ""))
    return found


def share_top(shares: Sequence[float]) -> float:
    """Return the share at a chart's upper edge: 10, 20, 50 or 100 %, the first that nothing exceeds."""
    longest = max(shares, default=0)
    return next(top for top in (LEAST_TOP, 0.2, 0.5, 1.0) if longest <= top or top == 1)


def count_top(most: int) -> int:
    """Return the number at a chart's upper edge: 10, 20, 50, 100 ..., the first that nothing exceeds."""
    top = 10
    while top < most:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top


def share_lines(top: float) -> list[Line]:
    """The lines across a chart of shares: at nothing, in the middle and at the top."""
    return [Line(height(part, 1), gettext("%(share)s %%", share=f"{100 * part * top:g}")) for part in (0, 0.5, 1)]


def count_lines(top: int) -> list[Line]:
    """The lines across a chart of numbers."""
    return [Line(height(part, 2), f"{part * top // 2}") for part in (0, 1, 2)]


def height(value: float, top: float) -> int:
    """Return how far down a chart a value is drawn."""
    return HEIGHT - round(HEIGHT * min(value, top) / top)


def across(value: float, top: float) -> int:
    """Return how far to the right a value is drawn in a row."""
    return round(4 + (ROW_WIDTH - 8) * min(value, top) / top)


@dataclass(frozen=True, slots=True)
class Point:
    """A rate with its interval in a chart over time, or in a row."""

    at: int
    low: int
    high: int
    share: Share


@dataclass(frozen=True, slots=True)
class RateChart:
    """Rates over time, and the path from one to the next; steps without anybody have no point."""

    lines: Sequence[Line]
    places: Sequence[Place]
    points: Sequence[Point | None]

    @property
    def path(self) -> str:
        """The way from point to point, broken where there was nobody."""
        written, is_drawing = [], False
        for place, point in zip(self.places, self.points, strict=True):
            if point is not None:
                written.append(f"{'L' if is_drawing else 'M'}{place.middle} {point.at}")
            is_drawing = point is not None
        return "".join(written)


def rates(names: Sequence[str], shares: Sequence[Share]) -> RateChart:
    """Draw rates over time."""
    top = share_top([min(share.interval.high, 2 * share.rate + LEAST_TOP) for share in shares if share.whole])
    points = [_point(share, top) if share.whole else None for share in shares]
    return RateChart(share_lines(top), places(names), points)


def _point(share: Share, top: float) -> Point:
    interval = share.interval
    return Point(height(share.rate, top), height(interval.low, top), height(interval.high, top), share)


def row_points(shares: Sequence[Share]) -> list[Point]:
    """Draw rates in rows of a table, all on one scale, which ends where the longest of them does."""
    top = max([LEAST_TOP, *(min(share.interval.high, 2 * share.rate + LEAST_TOP) for share in shares)])
    return [
        Point(across(share.rate, top), across(share.interval.low, top), across(share.interval.high, top), share)
        for share in shares
    ]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar."""

    y: int
    height: int
    kind: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars over time, each of several parts."""

    lines: Sequence[Line]
    places: Sequence[Place]
    bars: Sequence[Sequence[Part]]


def nested(names: Sequence[str], bars: Sequence[Sequence[tuple[str, int]]]) -> BarChart:
    """Draw bars that stand in front of each other; each names its parts from the largest to the smallest."""
    top = count_top(max((count for bar in bars for _, count in bar), default=0))
    drawn = [
        [Part(height(count, top), HEIGHT - height(count, top), kind) for kind, count in bar if count] for bar in bars
    ]
    return BarChart(count_lines(top), places(names), drawn)


def stacked(names: Sequence[str], bars: Sequence[Sequence[tuple[str, int]]]) -> BarChart:
    """Draw bars whose parts stand on each other, from the bottom."""
    top = count_top(max((sum(count for _, count in bar) for bar in bars), default=0))
    return BarChart(count_lines(top), places(names), [_stack(bar, top) for bar in bars])


def _stack(bar: Sequence[tuple[str, int]], top: int) -> list[Part]:
    parts, below = [], 0
    for kind, count in bar:
        lower, below = height(below, top), below + count
        if count:
            upper = height(below, top)
            parts.append(Part(upper, max(1, lower - upper), kind))
    return parts
