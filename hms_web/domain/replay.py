"""A clinic's past season as files tell it, and what its people do when it is lived through again.

Pure: rows become visits, slot times become weekly hours, and each visit becomes deeds with the instants at which they
are done. Who asks for `hms replay` finds the rules of it in docs/replay.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from hms_web.domain.importing import Unusable
from hms_web.domain.local_time import first_instant
from hms_web.domain.schedules import MAX_SLOT_MINUTES, MIN_SLOT_MINUTES, DayHours, DayOfWeek

BOOKED_AT, CANCELLED_AT = time(8), time(8, 30)
VITALS_AFTER = timedelta(minutes=5)
SHORTEST_CONSULTATION = timedelta(minutes=1)
TICK = timedelta(minutes=5)


class Fate(StrEnum):
    """What became of an appointment, in the words of the files."""

    ATTENDED = "attended"
    CANCELLED = "cancelled"
    DID_NOT_ATTEND = "did not attend"
    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"


class Deed(IntEnum):
    """What somebody does; of deeds at one instant the smaller is done first."""

    BOOK = 1
    CANCEL = 2
    CHECK_IN = 3
    VITALS = 4
    START = 5
    COMPLETE = 6


@dataclass(frozen=True, slots=True)
class Visit:
    """One row of appointments.csv: numbers are the clinic's own, days and times local. `seen` are the consultation's
    start and end; an attended visit has all three times.
    """

    number: str
    patient_number: str
    booked_on: date
    day: date
    at: time
    fate: Fate
    arrives: time | None = None
    seen: tuple[time, time] | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """Weekly hours with the slot length, as the slots of a season show them."""

    slot_minutes: int
    days: Sequence[DayHours]


def deeds_of(visit: Visit, zone: ZoneInfo) -> list[tuple[datetime, Deed]]:
    """Return what is done about a visit, each with its instant, in order."""
    deeds = [(first_instant(visit.booked_on, BOOKED_AT, zone), Deed.BOOK)]
    if visit.fate is Fate.CANCELLED:
        deeds.append((first_instant(visit.booked_on, CANCELLED_AT, zone), Deed.CANCEL))
    if visit.fate is not Fate.ATTENDED or visit.arrives is None or visit.seen is None:
        return deeds
    arrives, begins, ends = (first_instant(visit.day, at, zone) for at in (visit.arrives, *visit.seen))
    started = max(begins, arrives)
    return [
        *deeds,
        (arrives, Deed.CHECK_IN),
        (min(arrives + VITALS_AFTER, started), Deed.VITALS),
        (started, Deed.START),
        (max(ends, started + SHORTEST_CONSULTATION), Deed.COMPLETE),
    ]


def last_attended(visits: Iterable[Visit]) -> date | None:
    """Return the last day on which anybody came."""
    return max((visit.day for visit in visits if visit.fate is Fate.ATTENDED), default=None)


def ticks(after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the instants after `after` and up to `until` at which the scheduler ticks: every five minutes of the hour.

    Both are aware; minutes are those of UTC, which every zone's five minutes agree with.
    """
    since_midnight = after - after.replace(hour=0, minute=0, second=0, microsecond=0)
    tick = after + (TICK - since_midnight % TICK)
    while tick <= until:
        yield tick
        tick += TICK


def week_of(slots: Iterable[tuple[date, time]]) -> Week:
    """Return the slot length and the weekly hours of which `slots` (local day and start) are the slots.

    A weekday's hours are what all its days together show; its longest gap is the break. Raises Unusable where that
    cannot be told, or where a weekday has more than one gap: nobody's hours have two breaks.
    """
    by_weekday: dict[DayOfWeek, set[int]] = defaultdict(set)
    for day, at in slots:
        by_weekday[DayOfWeek.of(day)].add(at.hour * 60 + at.minute)
    gaps = Counter(after - before for times in by_weekday.values() for before, after in pairwise(sorted(times)))
    if not gaps:
        message = "There are too few slots to tell their length and the weekly hours."
        raise Unusable(message)
    length = min(gaps)
    if not MIN_SLOT_MINUTES <= length <= MAX_SLOT_MINUTES:
        message = f"Slots of {length} minutes are not possible."
        raise Unusable(message)
    return Week(length, [_hours(day, sorted(by_weekday[day]), length) for day in DayOfWeek if day in by_weekday])


def _hours(day: DayOfWeek, starts: Sequence[int], length: int) -> DayHours:
    breaks = [(before + length, after) for before, after in pairwise(starts) if after - before > length]
    if len(breaks) > 1:
        message = f"The slots of {day.title()}s have {len(breaks)} gaps; weekly hours have one break at most."
        raise Unusable(message)
    last = starts[-1] + length
    if last >= 24 * 60:
        message = f"The slots of {day.title()}s go on past midnight."
        raise Unusable(message)
    pause = (_time(breaks[0][0]), _time(breaks[0][1])) if breaks else (None, None)
    return DayHours(day, _time(starts[0]), _time(last), *pause)


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)
