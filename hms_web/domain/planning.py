"""New times for many appointments at once (product.md: the affected list).

The next free slot for each, whoever has waited longest first, so that no slot is given to two people, no day gets
over its maximum and nobody is asked to be in two places. The same input always gives the same plan.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import chain, islice
from uuid import UUID

from hms_web.domain.local_time import Span
from hms_web.domain.slots import SlotTime

ALTERNATIVES = 4

NOTICE = timedelta(hours=4)
"""How long before a time its patient has to hear of it: no sooner one is proposed, though one may be chosen."""


class Strategy(StrEnum):
    """Whose free time is looked at."""

    SAME_DOCTOR = "SAME_DOCTOR"
    COLLEAGUE = "COLLEAGUE"
    SAME_DOCTOR_ELSE_COLLEAGUE = "SAME_DOCTOR_ELSE_COLLEAGUE"


@dataclass(frozen=True, slots=True)
class Need:
    """An appointment that needs another time. `busy` are the spans of its patient's other active appointments.

    A patient who `is_here` waits in the house: for them only what is left of the day counts, whoever's time it is, and
    nobody has to be told in time.
    """

    appointment_id: UUID
    patient_id: UUID
    doctor_id: UUID
    day: date
    span: Span
    waiting_since: datetime
    busy: Sequence[Span] = ()
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A slot that may be booked."""

    slot_id: UUID
    doctor_id: UUID
    time: SlotTime


@dataclass(frozen=True, slots=True)
class Free:
    """The free time there is.

    `places` are each doctor's free slots by their start, `room` is how many more a doctor's day takes (below zero where
    the maximum was lowered later), `colleagues` are the doctors who may stand in for a doctor.
    """

    places: Mapping[UUID, Sequence[Place]]
    room: Mapping[tuple[UUID, date], int]
    colleagues: Mapping[UUID, Sequence[UUID]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one appointment: None where no time is free. `others` could be chosen instead."""

    appointment_id: UUID
    place: Place | None
    others: tuple[Place, ...] = ()


@dataclass(slots=True)
class _Plan:
    """What has been given so far."""

    free: Free
    room: dict[tuple[UUID, date], int]
    places: dict[UUID, Place] = field(default_factory=dict)
    slots: set[UUID] = field(default_factory=set)
    spans: dict[UUID, list[tuple[UUID, Span]]] = field(default_factory=dict)

    def give(self, need: Need, place: Place) -> None:
        """Note that an appointment moves to a place."""
        self.places[need.appointment_id] = place
        self.slots.add(place.slot_id)
        self.spans.setdefault(need.patient_id, []).append((need.appointment_id, place.time.span))
        day = place.doctor_id, place.time.day
        if day != (need.doctor_id, need.day):
            self.room[day] = self.room.get(day, 0) - 1

    def suits(self, need: Need, place: Place) -> bool:
        """Whether an appointment could move to a place beside all that has been given to others."""
        if place.slot_id in self.slots or (need.is_here and place.time.day != need.day):
            return False
        mine = self.places.get(need.appointment_id)
        day, counted = (place.doctor_id, place.time.day), {(need.doctor_id, need.day)}
        if mine is not None:
            counted.add((mine.doctor_id, mine.time.day))
        left = self.room.get(day, 0)
        if left < 0 or (left == 0 and day not in counted):
            return False
        given = (span for key, span in self.spans.get(need.patient_id, ()) if key != need.appointment_id)
        return _is_long_enough(need, place) and not any(
            span.overlaps(place.time.span) for spans in (need.busy, given) for span in spans
        )


def _is_long_enough(need: Need, place: Place) -> bool:
    """Whether the whole appointment fits. How long they see somebody is each doctor's own to decide."""
    span = place.time.span
    return place.doctor_id == need.doctor_id or (
        span.ends_at - span.starts_at >= need.span.ends_at - need.span.starts_at
    )


def propose(needs: Iterable[Need], free: Free, strategy: Strategy, *, earliest: datetime) -> list[Proposal]:
    """Return a proposal for each appointment, whoever has waited longest first.

    Each takes the first free place after its present time; where there is none, the last before it, of which its
    patient has to hear in time. Nothing that starts before `earliest` is proposed, only offered beside the proposal,
    but to who is here.
    """
    plan = _Plan(free, dict(free.room))
    ordered = sorted(needs, key=lambda need: (need.waiting_since, need.span.starts_at, need.appointment_id))
    for need in ordered:
        preferred = chain.from_iterable(_preferred(need, pool, free, earliest) for pool in _pools(need, free, strategy))
        place = next((place for place in preferred if plan.suits(need, place)), None)
        if place is not None:
            plan.give(need, place)
    return [
        Proposal(need.appointment_id, plan.places.get(need.appointment_id), _others(need, plan, strategy))
        for need in ordered
    ]


def _preferred(need: Need, pool: Sequence[UUID], free: Free, earliest: datetime) -> Iterator[Place]:
    """Walk through the places of some doctors from an appointment's time on, and then back from it to `earliest`.

    For who is here, from the soonest on.
    """
    offered = [free.places.get(key, ()) for key in pool]
    if need.is_here:
        yield from merge(*offered, key=_start)
        return
    at = max(need.span.starts_at, earliest)
    later = (islice(places, _from(places, at), None) for places in offered)
    sooner = (reversed(places[_from(places, earliest) : _from(places, at)]) for places in offered)
    yield from merge(*later, key=_start)
    yield from merge(*sooner, key=lambda place: (-place.time.span.starts_at.timestamp(), place.doctor_id))


def _start(place: Place) -> tuple[datetime, UUID]:
    return place.time.span.starts_at, place.doctor_id


def _from(places: Sequence[Place], at: datetime) -> int:
    """Return where the places begin that do not start before an instant."""
    return bisect_left(places, at, key=lambda place: place.time.span.starts_at)


def _others(need: Need, plan: _Plan, strategy: Strategy) -> tuple[Place, ...]:
    """Return the nearest places that are left, before or after, some of each pool."""
    pools = _pools(need, plan.free, strategy)
    share, at = ALTERNATIVES // len(pools), need.span.starts_at
    return tuple(
        place
        for pool in pools
        for place in islice((place for place in _around(pool, plan.free, at) if plan.suits(need, place)), share)
    )


def _pools(need: Need, free: Free, strategy: Strategy) -> list[list[UUID]]:
    """Return whose places to look at; a later pool is looked at when an earlier one has nothing.

    Who is here takes whatever comes first.
    """
    own = [need.doctor_id]
    others = [key for key in free.colleagues.get(need.doctor_id, ()) if key != need.doctor_id]
    return {
        Strategy.SAME_DOCTOR: [own],
        Strategy.COLLEAGUE: [others],
        Strategy.SAME_DOCTOR_ELSE_COLLEAGUE: [own + others] if need.is_here else [own, others],
    }[strategy]


def _around(pool: Sequence[UUID], free: Free, at: datetime) -> Iterator[Place]:
    """Walk through the places of some doctors, the nearest to an instant first."""
    return merge(*(_nearest(free.places.get(key, ()), at) for key in pool), key=lambda place: _distance(place, at))


def _distance(place: Place, at: datetime) -> tuple[float, datetime, UUID]:
    starts_at = place.time.span.starts_at
    return abs((starts_at - at).total_seconds()), starts_at, place.doctor_id


def _nearest(places: Sequence[Place], at: datetime) -> Iterator[Place]:
    """Walk through places that stand in the order of their starts, outward from an instant."""
    after = _from(places, at)
    before = after - 1
    while before >= 0 or after < len(places):
        is_past = after >= len(places) or (
            before >= 0 and _distance(places[before], at) <= _distance(places[after], at)
        )
        yield places[before if is_past else after]
        before, after = (before - 1, after) if is_past else (before, after + 1)
