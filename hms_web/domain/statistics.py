"""Figures of what has been: shares with how sure they are, stretches of days, how long before somebody booked.

What is counted is decided in docs/rules.md, "How are the figures counted?". Nothing here knows a name.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LONGEST = 366
"""Of so many days figures are shown at most: a year, so that nobody asks for ten by accident."""
FEW = 20
"""A share of fewer than these is shown as one of few."""
_SURE, _VERY_SURE = 1.96, 2.576
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a share that was counted may really lie, each end from 0 to 1."""

    low: float
    high: float


def wilson(part: int, whole: int, sure: float = _SURE) -> Interval:
    """Return Wilson's interval of a share, by default that of 95 %; of nothing it is everything.

    It keeps within 0 and 1, and stays wide where there are few, also for none and for all of them.
    """
    if whole == 0:
        return Interval(0.0, 1.0)
    square, share = sure * sure, part / whole
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    reach = sure / (1 + square / whole) * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return Interval(max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those who should have come by now did not. Whoever cancelled in time counts as neither."""

    missed: int
    came: int

    @property
    def whole(self) -> int:
        """How many should have come."""
        return self.missed + self.came

    @property
    def rate(self) -> float:
        """The share that did not come, from 0 to 1; 0 where nobody was to come."""
        return self.missed / self.whole if self.missed else 0.0

    @property
    def interval(self) -> Interval:
        """Where the rate may lie by chance alone, 19 times in 20."""
        return wilson(self.missed, self.whole)

    @property
    def is_few(self) -> bool:
        """Whether there were too few to say anything of it."""
        return self.whole < FEW

    def __add__(self, other: "Share") -> "Share":
        return Share(self.missed + other.missed, self.came + other.came)


NOBODY = Share(0, 0)


def stands_out(share: Share, whole: Share) -> bool:
    """Whether a share lies so far above that of everybody that chance is no good reason.

    It is asked of dozens of hours and doctors at once, of which some would stand out by chance alone; so this looks at
    the interval of 99 %, above which chance goes once in two hundred.
    """
    return not share.is_few and wilson(share.missed, share.whole, _VERY_SURE).low > whole.rate


class LeadTime(StrEnum):
    """How long before its day an appointment was booked. UNKNOWN is what came from another system."""

    SAME_DAY = "SAME_DAY"
    TO_TWO_DAYS = "TO_TWO_DAYS"
    TO_A_WEEK = "TO_A_WEEK"
    TO_TWO_WEEKS = "TO_TWO_WEEKS"
    LONGER = "LONGER"
    UNKNOWN = "UNKNOWN"


_LEADS = ((0, LeadTime.SAME_DAY), (2, LeadTime.TO_TWO_DAYS), (7, LeadTime.TO_A_WEEK), (14, LeadTime.TO_TWO_WEEKS))


def lead_time(days: int) -> LeadTime:
    """Return the band of so many days between the local day of booking and that of the appointment."""
    if days < 0:
        return LeadTime.UNKNOWN
    return next((lead for most, lead in _LEADS if days <= most), LeadTime.LONGER)


class Step(StrEnum):
    """What one point of a chart over time stands for."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


_STEPS = ((14, Step.DAY), (120, Step.WEEK))


@dataclass(frozen=True, slots=True)
class Days:
    """The local days from `first` to `last`, both included. `is_cut` says that more of them were asked for."""

    first: date
    last: date
    is_cut: bool = False

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    @property
    def step(self) -> Step:
        """How they are put together: a fortnight by day, some months by week, more by month."""
        return next((step for most, step in _STEPS if self.count <= most), Step.MONTH)

    def beginning(self, day: date) -> date:
        """Return the first day of the step that a day belongs to, as far as it lies within."""
        begins = {
            Step.DAY: day,
            Step.WEEK: day - timedelta(days=day.weekday()),
            Step.MONTH: day.replace(day=1),
        }[self.step]
        return max(begins, self.first)

    def beginnings(self) -> Iterator[date]:
        """Yield the first day of each step, in order."""
        day = self.first
        while day <= self.last:
            if self.beginning(day) == day:
                yield day
            day += _ONE_DAY


def days_of(first: date | None, last: date | None, today: date) -> Days:
    """Return the days that figures are about: up to today unless said, in order, and the latest 366 of too many.

    `first` is None for everything.
    """
    last = max(today, first or today) if last is None else last
    begins, ends = min(first or last, last), max(first or last, last)
    earliest = ends - (LONGEST - 1) * _ONE_DAY
    if first is None or begins < earliest:
        return Days(earliest, ends, is_cut=True)
    return Days(begins, ends)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many times were offered, how many of them somebody booked, and in how many a patient was seen."""

    offered: int
    booked: int
    used: int

    @property
    def booked_share(self) -> float:
        """The part of what was offered that was booked, from 0 to 1."""
        return self.booked / self.offered if self.offered else 0.0

    @property
    def used_share(self) -> float:
        """The part of what was offered in which a patient was seen, from 0 to 1."""
        return self.used / self.offered if self.offered else 0.0

    def __add__(self, other: "Filled") -> "Filled":
        return Filled(self.offered + other.offered, self.booked + other.booked, self.used + other.used)


EMPTY = Filled(0, 0, 0)


class WaitStage(StrEnum):
    """A part of a visit whose length is measured."""

    VITALS = "VITALS"
    DOCTOR = "DOCTOR"
    CONSULTATION = "CONSULTATION"
    WHOLE = "WHOLE"


@dataclass(frozen=True, slots=True)
class Waited:
    """How long one stage took: half of the visits no longer than `median`, nine of ten no longer than `most`."""

    stage: WaitStage
    count: int
    median: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of messages that leave the house. What was no longer true in time, and so never sent, is none."""

    sent: int
    failed: int
    unsendable: int
    waiting: int

    @property
    def whole(self) -> int:
        """How many there are."""
        return self.sent + self.failed + self.unsendable + self.waiting

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            self.sent + other.sent,
            self.failed + other.failed,
            self.unsendable + other.unsendable,
            self.waiting + other.waiting,
        )


NOTHING = Delivered(0, 0, 0, 0)
