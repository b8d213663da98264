"""What came of an import, counted while it goes on, so that it can be told even when it is broken off."""

from collections import Counter
from dataclasses import dataclass, field

MOST_REASONS = 20
OTHER = "other"


@dataclass(slots=True)
class Tally:
    """Counts of rows: each row that was read is imported, already there, skipped or refused.

    `skipped` counts by reason and `refused` by the code of the rule; `weeks` is by how many weeks dates were moved.
    """

    imported: int = 0
    already_there: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    weeks: int = 0

    @property
    def read(self) -> int:
        """How many rows were dealt with."""
        return self.imported + self.already_there + self.skipped.total() + self.refused.total()

    def skip(self, reason: str) -> None:
        """Count a row that is not meant to be imported; too many different reasons become one."""
        known = reason in self.skipped or len(self.skipped) < MOST_REASONS
        self.skipped[reason if known else OTHER] += 1
