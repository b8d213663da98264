"""Invents a season: which slots were booked by whom and when, day by day, so that every rule of the product holds."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hms_web.domain.local_time import first_instant
from hms_web.domain.no_show import BLOCK_AT
from hms_web.domain.schedules import hours_on
from hms_web.domain.slots import SlotTime, slots_of_day
from hms_web.services.demo_season import fates, words
from hms_web.services.demo_season.deeds import Closure, Course, Deed, Kind, Practice
from hms_web.services.demo_season.fates import Arrival, Booking

FILL, REBOOKED = 0.55, 0.5
FARTHEST = 20
"""How many days ahead somebody books at most; within the booking window."""
BLOCKED = 3
"""How many patients miss so many visits that they are blocked."""
DESKS = 3
_A_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_OPENS, _CLOSES = time(8), time(17, 30)
_WATCHED = timedelta(minutes=50), timedelta(minutes=25)
_QUICK = 20
_TRIES = 20
_UNRELIABLE = (0.35, 0.6, 0.82)


@dataclass(frozen=True, slots=True)
class Season:
    """What a season is invented for: days are local, `ages` are the patients' in years, in their order."""

    zone: ZoneInfo
    opened: date
    now: datetime
    today: date
    practices: Sequence[Practice]
    ages: Sequence[int]
    closures: Sequence[Closure] = ()


def courses(season: Season, seed: int) -> list[Course]:
    """Return what has been done about every visit up to now, those to come included as far as they are booked.

    The same season and seed give the same courses. One patient is waiting too long just now, if anybody is there.
    """
    return list(_Inventor(season, random.Random(seed)).courses())  # noqa: S311 nothing secret


class _Inventor:
    def __init__(self, season: Season, dice: random.Random) -> None:
        self.season, self.dice = season, dice
        young = [place for place, age in enumerate(season.ages) if age < words.CHILD]
        old = [place for place, age in enumerate(season.ages) if age >= words.CHILD]
        self.unreliable, self.adults, self.children = old[:BLOCKED], old[BLOCKED:], young
        self.misses: Counter[int] = Counter()
        self.been: set[int] = set()
        self.today: set[int] = set()
        self.is_watching = False
        length = (season.today - season.opened).days
        self.pending = sorted(
            (season.opened + timedelta(days=round(share * length) + 3 * place), patient)
            for place, patient in enumerate(self.unreliable)
            for share in _UNRELIABLE
        )

    def courses(self) -> Iterator[Course]:
        day, last = self.season.opened + _A_DAY, self.season.today + timedelta(days=FARTHEST)
        while day <= last:
            self.today = set()
            for doctor, practice in enumerate(self.season.practices):
                yield from self._day(day, doctor, practice)
            day += _A_DAY

    def _day(self, day: date, doctor: int, practice: Practice) -> Iterator[Course]:
        arrivals: list[Arrival] = []
        bookings: list[Booking] = []
        for slot in slots_of_day(day, hours_on(day, practice.week), practice.minutes, self.season.zone):
            if self.dice.random() < FILL:
                bookings += self._visits(doctor, practice, slot, arrivals)
        fates.see(self.dice, arrivals)
        for booking in bookings:
            yield from self._told(booking, practice)

    def _visits(self, doctor: int, practice: Practice, slot: SlotTime, arrivals: list[Arrival]) -> Iterator[Booking]:
        """Yield a slot's booking, and the next one if it was given up early enough."""
        booking = self._booking(doctor, practice, slot, self._booked_at(slot))
        while booking is not None:
            arrival = fates.decide(self.dice, booking)
            kinds = [deed.kind for deed in booking.deeds]
            if arrival is not None:
                arrivals.append(arrival)
            if Kind.REVERT not in kinds and any(kind in kinds for kind in (Kind.SWEEP, Kind.CALL_OFF, Kind.MISS)):
                self.misses[booking.patient] += 1
            yield booking
            booking = self._again(booking, practice)

    def _again(self, before: Booking, practice: Practice) -> Booking | None:
        """Return who books a time that was given up, if anybody does."""
        end = before.deeds[-1]
        room = before.starts_at - fates.NEAREST - end.at
        has_gone = end.kind in {Kind.CANCEL, Kind.CALL_OFF} and room > fates.NEAREST
        if not before.may_cancel or not has_gone or self.dice.random() >= REBOOKED:
            return None
        at = end.at + _MINUTE + (room - _MINUTE) * self.dice.random()
        booking = self._booking(before.doctor, practice, before.slot, at)
        if booking is not None:
            booking.may_cancel = False
        return booking

    def _booked_at(self, slot: SlotTime) -> datetime:
        """Return when the desk booked it: mostly in the days before, never before the hospital opened."""
        ahead = min(int(self.dice.expovariate(1 / 6)), FARTHEST)
        day = max(slot.day - timedelta(days=ahead), self.season.opened)
        since = first_instant(day, _OPENS, self.season.zone)
        until = min(first_instant(day, _CLOSES, self.season.zone), slot.span.starts_at - fates.NEAREST)
        return (since + (until - since) * self.dice.random()).replace(microsecond=0)

    def _booking(self, doctor: int, practice: Practice, slot: SlotTime, at: datetime) -> Booking | None:
        if any(at >= closure.known_from for closure in self._closing(doctor, slot)):
            return None
        is_children = practice.department == "Paediatrics"
        overdue = (one for one in self.pending if one[0] <= slot.day and one[1] not in self.today)
        planned = None if is_children else next(overdue, None)
        if planned is not None:
            self.pending.remove(planned)
            self.today.add(planned[1])
            return Booking(doctor, planned[1], slot, practice.minutes, at, must_miss=True)
        found = self._somebody(self.children if is_children else self.adults)
        if found is None:
            return None
        self.today.add(found)
        booking = Booking(doctor, found, slot, practice.minutes, at, may_miss=self.misses[found] < BLOCK_AT - 1)
        self._watch(booking)
        return booking

    def _somebody(self, people: Sequence[int]) -> int | None:
        """Return somebody who has no other visit on this day."""
        for _ in range(_TRIES if people else 0):
            patient = self.dice.choice(people)
            if patient not in self.today:
                return patient
        return None

    def _watch(self, booking: Booking) -> None:
        """Let one patient of a doctor with short visits wait too long right now."""
        longest, shortest = _WATCHED
        since = self.season.now - booking.starts_at
        if not self.is_watching and booking.minutes <= _QUICK and shortest <= since <= longest:
            booking.may_miss = booking.may_cancel = False
            booking.watched = self.season.now + 10 * _MINUTE
            self.is_watching = True

    def _told(self, booking: Booking, practice: Practice) -> Iterator[Course]:
        """Yield the course of a booking as far as it has gone by now, unless it has not been booked at all yet."""
        complaint = self.dice.choice(words.COMPLAINTS[practice.department])
        readings = words.readings(self.dice, self.season.ages[booking.patient])
        desk, is_back = self.dice.randrange(DESKS), self.dice.random() < 0.3  # noqa: PLR2004 some come for the same again
        deeds = tuple(self._so_far(booking))
        if not deeds:
            return
        is_follow_up = is_back and booking.patient in self.been
        self.been.add(booking.patient)
        yield Course(
            booking.doctor,
            booking.patient,
            desk,
            is_follow_up,
            booking.slot,
            booking.minutes,
            complaint,
            readings,
            deeds,
        )

    def _so_far(self, booking: Booking) -> Iterator[Deed]:
        closing = self._closing(booking.doctor, booking.slot)
        for deed in booking.deeds:
            if deed.at <= self.season.now and all(deed.at < closure.known_from for closure in closing):
                yield deed

    def _closing(self, doctor: int, slot: SlotTime) -> list[Closure]:
        return [closure for closure in self.season.closures if closure.covers(doctor, slot)]
