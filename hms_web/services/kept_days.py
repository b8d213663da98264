"""What was made of doctors' days a moment ago, for who asks for one of which the database still says the same.

Nothing is trusted to stay as it was: each request asks the database, and what it says, word for word, is the key under
which something is kept. The clock changes a day by itself too, but only at instants that are known before.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span, local_date
from hms_web.services import facts
from hms_web.services.slots import DaySlots

T = TypeVar("T")
A_TICK = timedelta(microseconds=1)


class Kept(Generic[T]):
    """Things by what they were made of, each until an instant; safe for threads.

    `most` are kept in each process, the latest asked for.
    """

    def __init__(self, most: int) -> None:
        self._kept: OrderedDict[Hashable, tuple[T, datetime]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def get(self, key: Hashable, now: datetime) -> T | None:
        """Return what is kept under a key, if it still holds."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or now >= found[1]:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, made: T, until: datetime) -> None:
        """Keep something; of too many that goes for which nobody has asked the longest."""
        with self._lock:
            self._kept[key] = made, until
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def likeness(actor: Actor, told: facts.Told, first: date, last: date, *, now: datetime) -> Hashable:
    """Return what has to be the same for doctors' days to look the same: to whoever holds a slot, it is another."""
    holder = actor.user_id if facts.has_holds(told) else None
    return told, first, last, actor.hospital_id, actor.timezone, holder, local_date(now, actor.zone)


def until(actor: Actor, days: Iterable[DaySlots], *, now: datetime) -> datetime:
    """Return the instant at which such days become others by themselves: at midnight the latest."""
    return min([day_span(local_date(now, actor.zone), actor.zone).ends_at, *_changes(days, now)])


def _changes(days: Iterable[DaySlots], now: datetime) -> Iterator[datetime]:
    """Yield when a hold lapses, and the instants right after the beginning of slots and appointments."""
    for item in (item for day in days for item in day.items):
        if item.held_until is not None:
            yield item.held_until
        for span in (item, item.taken.span) if item.taken is not None else (item,):
            if span.starts_at >= now:
                yield span.starts_at + A_TICK
