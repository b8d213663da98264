"""Between a hospital's wall clock and instants (product.md, Time).

A local time that a clock change skips does not exist; one that it repeats means the first of the two.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

# Days outside of these cannot be meant, and a time zone would push some of them over the edge of the calendar.
EARLIEST, LATEST = date(1900, 1, 1), date(9998, 12, 31)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time, from one instant up to but not including another."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share any instant; touching ends do not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def first_instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant a wall clock first reaches `at` on `day`, in UTC.

    For a time that the clock skips this is the instant at which it would have been, counted with the offset before
    the change.
    """
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def instant_of(day: date, at: time, zone: tzinfo) -> datetime | None:
    """Return the instant of a local time in UTC, or None when a clock change skips it."""
    instant = first_instant(day, at, zone)
    shown = instant.astimezone(zone)
    return instant if (shown.date(), shown.time()) == (day, at.replace(fold=0)) else None


def span_of(day: date, at: time, minutes: int, zone: tzinfo) -> Span | None:
    """Return the span of `minutes` from a local time, or None when any of its local times is skipped.

    Its length is always `minutes` of real time, so that neighbours never overlap, whatever the clock does.
    """
    starts_at = instant_of(day, at, zone)
    if starts_at is None:
        return None
    ends_at = starts_at + timedelta(minutes=minutes)
    before, after = starts_at.astimezone(zone).utcoffset(), (ends_at - _TICK).astimezone(zone).utcoffset()
    skips = before is not None and after is not None and after > before
    return None if skips else Span(starts_at, ends_at)


def day_span(day: date, zone: tzinfo) -> Span:
    """Return the instants of a whole local day, which has 23 to 25 hours when the clock changes."""
    return Span(first_instant(day, time.min, zone), first_instant(day + timedelta(days=1), time.min, zone))


def local_date(instant: datetime, zone: tzinfo) -> date:
    """Return the hospital's calendar day at an instant."""
    return instant.astimezone(zone).date()


def may_be_meant(day: date) -> bool:
    """Whether a day that somebody asks for lies where every zone can reckon with it."""
    return EARLIEST <= day <= LATEST


def read_day(written: str) -> date | None:
    """Read a day written as YYYY-MM-DD; None for anything else, and for days that cannot be meant."""
    if not _DAY.fullmatch(written):
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if may_be_meant(day) else None
