"""What was made of doctors' days a moment ago, for who asks for one of which the database still says the same.

Nothing is trusted to stay as it was: each request asks the database, and what it says, word for word, is the key under
which something is kept. The clock changes a day by itself too, but only at instants that are known before.
"""

from collections.abc import Hashable, Iterable, Iterator
from datetime import date, datetime, timedelta

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span, local_date
from hms_web.services import facts
from hms_web.services.slots import DaySlots

A_TICK = timedelta(microseconds=1)


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
