"""What was measured: medians of rounds in which both sides took turns, and the ratio between them."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a figure counts, and so which of two is better."""

    RATE = "/s"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MEBIBYTES = "MiB"

    def written(self, value: float) -> str:
        """A figure with its unit."""
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        return f"{value:,.{digits}f} {self.value}" if self is not Kind.RATE else f"{value:,.{digits}f}{self.value}"


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio to reach: of a rate at least, of a time at most."""

    ratio: float
    kind: Kind

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio >= self.ratio if self.kind is Kind.RATE else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'≥' if self.kind is Kind.RATE else '≤'} {self.ratio:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `baseline` is None where nothing is there to be compared with."""

    name: str
    kind: Kind
    ours: float
    baseline: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the baseline's."""
        return self.ours / self.baseline if self.baseline else None

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None or self.ratio is None:
            return ""
        return "met" if self.target.is_met(self.ratio) else "missed"

    def cells(self) -> list[str]:
        """The line in words."""
        return [
            self.name,
            self.kind.written(self.ours),
            self.kind.written(self.baseline) if self.baseline else "",
            f"{self.ratio:.2f}" if self.ratio else "",
            f"{self.target} {self.verdict}".strip() if self.target else "",
            self.note,
        ]


Once = Callable[[], float]


def in_turns(rounds: int, ours: Once, baseline: Once | None = None) -> tuple[float, float | None]:
    """Measure both sides in turns; return the medians. Whoever else uses the machine disturbs both alike."""
    own: list[float] = []
    others: list[float] = []
    for _ in range(rounds):
        own.append(ours())
        if baseline is not None:
            others.append(baseline())
    return statistics.median(own), statistics.median(others) if others else None
