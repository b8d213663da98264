"""What becomes of the visits of one doctor's day: who calls off, who never comes, who waits, who is seen when.

Every roll of the dice is made whatever the clock says, so that the same day is the same day an hour later.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.slots import SlotTime
from hms_web.services.demo_season import words
from hms_web.services.demo_season.deeds import Deed, Kind

CANCELLED, LEFT, LATE = 0.12, 0.004, 0.008
MISSED, ON_MONDAY_MORNINGS, BOOKED_LONG_AGO, BOOKED_LATELY = 0.07, 2.0, 1.6, 0.6
BY_TELEPHONE, BY_HAND = 0.12, 0.2
CONFIRMED = 0.35
LONG_AGO, LATELY = timedelta(days=10), timedelta(days=2)
SLOW, BEHIND = 0.01, 0.06
_NOON = 12
_MINUTE = timedelta(minutes=1)
NEAREST = timedelta(minutes=45)
"""Nearer than this to its start nobody books or calls off a visit in the demo."""


@dataclass(slots=True)
class Booking:
    """A visit that was booked, and what has been decided about it so far. `watched` waits for vitals until then."""

    doctor: int
    patient: int
    slot: SlotTime
    minutes: int
    at: datetime
    may_miss: bool = True
    must_miss: bool = False
    may_cancel: bool = True
    watched: datetime | None = None
    deeds: list[Deed] = field(default_factory=list)

    @property
    def starts_at(self) -> datetime:
        """When the slot begins."""
        return self.slot.span.starts_at

    @property
    def ends_at(self) -> datetime:
        """When the slot ends, at which whoever has not come has missed it."""
        return self.slot.span.ends_at

    def add(self, at: datetime, kind: Kind, said: str | None = None) -> None:
        """Let something be done."""
        self.deeds.append(Deed(at.replace(microsecond=0), kind, said))


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who comes and is seen: their booking, when they are at the desk, and when they are ready."""

    booking: Booking
    at: datetime
    vitals: datetime

    @property
    def ready(self) -> datetime:
        """When the doctor could see them, in which order they are called."""
        return max(self.vitals + _MINUTE, self.booking.starts_at - 3 * _MINUTE)


def decide(dice: random.Random, booking: Booking) -> Arrival | None:
    """Write down what is done about a booking until its patient comes; return how they come, if they do."""
    booking.add(booking.at, Kind.BOOK)
    confirms = _confirms(dice, booking)
    roll, shares = dice.random(), (CANCELLED * booking.may_cancel, _missing(booking))
    if booking.must_miss:
        booking.add(booking.ends_at, Kind.SWEEP)
    elif roll < shares[0]:
        _cancel(dice, booking)
    elif roll < sum(shares):
        _miss(dice, booking)
    else:
        return _come(dice, booking, confirms)
    _confirm(booking, confirms)
    return None


def _confirms(dice: random.Random, booking: Booking) -> datetime | None:
    """Return when the patient answers the reminder of the day before, if they do."""
    at = booking.starts_at - timedelta(hours=dice.uniform(18, 23))
    return at if dice.random() < CONFIRMED and at > booking.at + NEAREST else None


def _confirm(booking: Booking, at: datetime | None) -> None:
    """Confirm, where nothing else has happened before."""
    if at is not None and all(deed.at > at for deed in booking.deeds[1:]):
        booking.deeds.insert(1, Deed(at.replace(microsecond=0), Kind.CONFIRM))


def _missing(booking: Booking) -> float:
    """Return how likely it is that nobody comes: more so on Monday mornings and when it was booked long ago."""
    if not booking.may_miss:
        return 0.0
    share = MISSED
    if DayOfWeek.of(booking.slot.day) is DayOfWeek.MONDAY and booking.slot.start.hour < _NOON:
        share *= ON_MONDAY_MORNINGS
    ahead = booking.starts_at - booking.at
    return share * (BOOKED_LONG_AGO if ahead > LONG_AGO else BOOKED_LATELY if ahead < LATELY else 1)


def _some_time(dice: random.Random, booking: Booking) -> datetime:
    """Return an instant between the booking and shortly before the visit, rather towards its end."""
    last = booking.starts_at - NEAREST
    return booking.at + _MINUTE + (last - booking.at - _MINUTE) * dice.triangular(0, 1, 0.9)


def _cancel(dice: random.Random, booking: Booking) -> None:
    booking.add(_some_time(dice, booking), Kind.CANCEL, dice.choice(words.CANCEL_REASONS))


def _miss(dice: random.Random, booking: Booking) -> None:
    roll = dice.random()
    if roll < BY_TELEPHONE and booking.may_cancel:
        booking.add(_some_time(dice, booking), Kind.CALL_OFF, words.CALLED_NOTE)
    elif roll < BY_HAND:
        booking.add(booking.starts_at + 0.7 * booking.minutes * _MINUTE, Kind.MISS)
    else:
        booking.add(booking.ends_at, Kind.SWEEP)


def _come(dice: random.Random, booking: Booking, confirms: datetime | None) -> Arrival | None:
    early, late = dice.uniform(3, 35), dice.uniform(1, 0.8 * booking.minutes)
    at = booking.starts_at + (late if dice.random() < 0.2 else -early) * _MINUTE  # noqa: PLR2004 one in five
    wait, luck = dice.uniform(2, 8), dice.random()
    slow = booking.minutes + dice.uniform(6, 25) if dice.random() < SLOW else 0.0
    if booking.watched is not None:
        booking.add(booking.starts_at - 5 * _MINUTE, Kind.CHECK_IN)
        return Arrival(booking, booking.starts_at - 5 * _MINUTE, booking.watched)
    _confirm(booking, confirms)
    if luck < LEFT:
        booking.add(at, Kind.CHECK_IN)
        booking.add(at + 15 * _MINUTE, Kind.CANCEL, words.LEFT_REASON)
        return None
    if luck < LEFT + LATE and booking.may_miss:
        at = booking.ends_at + dice.uniform(2, 20) * _MINUTE
        booking.add(booking.ends_at, Kind.SWEEP)
        booking.add(at, Kind.REVERT, dice.choice(words.LATE_NOTES))
    else:
        booking.add(at, Kind.CHECK_IN)
    return Arrival(booking, at, at + (wait + slow) * _MINUTE)


def see(dice: random.Random, arrivals: Iterable[Arrival]) -> None:
    """Write down when those of one doctor's day who came are measured and seen, one after the other."""
    free: datetime | None = None
    is_behind, held_up = dice.random() < BEHIND, dice.uniform(20, 50) * _MINUTE
    for arrival in sorted(arrivals, key=lambda one: (one.ready, one.booking.starts_at)):
        if free is None:
            free = arrival.ready + is_behind * held_up
        begins = max(arrival.ready, free)
        lasts = max(arrival.booking.minutes * dice.triangular(0.5, 1.9, 0.9), 4) * _MINUTE
        for at, kind in _seen(arrival, begins, lasts):
            arrival.booking.add(at, kind)
        free = begins + lasts + 0.3 * _MINUTE


def _seen(arrival: Arrival, begins: datetime, lasts: timedelta) -> Iterator[tuple[datetime, Kind]]:
    yield arrival.vitals, Kind.VITALS
    yield begins, Kind.START
    yield begins + 0.6 * lasts, Kind.WRITE
    yield begins + lasts, Kind.COMPLETE
