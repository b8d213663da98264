"""What the scheduler's sign of life on Redis says: it lives, it is dead, or that is not known (product.md, Jobs)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# The scheduler looks every ten seconds. One that has not for so long is dead or stuck.
LONGEST_WITHOUT_A_LOOK = timedelta(minutes=2)


class SchedulerState(StrEnum):
    """What is known of the scheduler. UNKNOWN is neither well nor ill: a Redis that was just emptied tells nothing."""

    LIVES = "LIVES"
    DEAD = "DEAD"
    UNKNOWN = "UNKNOWN"
    REDIS_GONE = "REDIS_GONE"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What Redis says of the scheduler: whether it answers, and when the scheduler last looked, where that is known.

    `missed_since` is when somebody first found no sign of it at all.
    """

    answers: bool = True
    looked_at: datetime | None = None
    missed_since: datetime | None = None

    def state(self, now: datetime) -> SchedulerState:
        """Judge it: one that was not heard of for two minutes is dead, whether or not a sign of it is left."""
        if not self.answers:
            return SchedulerState.REDIS_GONE
        heard = self.looked_at or self.missed_since
        if heard is not None and now - heard > LONGEST_WITHOUT_A_LOOK:
            return SchedulerState.DEAD
        return SchedulerState.UNKNOWN if self.looked_at is None else SchedulerState.LIVES


NOT_LOOKED_AT = Pulse()
"""What is known of the scheduler by somebody who has not asked Redis."""
