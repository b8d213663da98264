"""The chain of the audit trail: each link is the hash of the one before and of one event, so that nothing can be
changed, taken out or put in between without every later link being wrong (docs/decisions/0100).
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

TOLERANCE = timedelta(hours=1)
"""How much older than what was chained so long before an event may be: a long transaction, a clock that is
a little off, many events that are chained at once and in any order.
"""

BEGINS_WITHIN = timedelta(days=1)
"""How old a trail may be when its chain is begun by itself. Nobody who took away the whole chain, to have what they
changed chained anew, is helped by that.
"""


class Flaw(StrEnum):
    """What is wrong with a trail."""

    CHANGED = "CHANGED"
    DELETED = "DELETED"
    LINK_GONE = "LINK_GONE"
    CUT_OFF = "CUT_OFF"
    BEYOND_HEAD = "BEYOND_HEAD"
    HEAD_CHANGED = "HEAD_CHANGED"
    NOT_SIGNED = "NOT_SIGNED"
    NOT_BEGUN = "NOT_BEGUN"
    BACKDATED = "BACKDATED"
    NEVER_CHAINED = "NEVER_CHAINED"
    GONE_BEFORE_CHAINED = "GONE_BEFORE_CHAINED"
    STALLED = "STALLED"
    NOT_AS_EXPECTED = "NOT_AS_EXPECTED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw: at which place of the chain, with which event, as far as these are known."""

    flaw: Flaw
    sequence: int | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as it is hashed; `details` is the database's own text of them."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str
    action: str
    record_type: str
    record_id: UUID
    details: str


@dataclass(frozen=True, slots=True)
class Link:
    """An event's place in its hospital's chain; `event` is None when the event is not there any more."""

    sequence: int
    event_id: UUID
    hash: bytes
    chained_at: datetime
    event: Fact | None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: the sequence and hash of its last link; sequence 0 before the first."""

    sequence: int
    hash: bytes


def beginning(hospital_id: UUID) -> Head:
    """Return what a hospital's first link refers to."""
    return Head(0, hashlib.sha256(f"audit trail of {hospital_id}".encode()).digest())


def next_head(hospital_id: UUID, before: Head, event: Fact, chained_at: datetime) -> Head:
    """Return the head after one more event: SHA-256 over the hash before and the event as a JSON list."""
    written = [
        before.sequence + 1,
        str(hospital_id),
        _instant(chained_at),
        str(event.id),
        _instant(event.at),
        str(event.actor_id) if event.actor_id else None,
        event.actor_name,
        event.action,
        event.record_type,
        str(event.record_id),
        event.details,
    ]
    plain = json.dumps(written, ensure_ascii=True, separators=(",", ":")).encode()
    return Head(before.sequence + 1, hashlib.sha256(before.hash + plain).digest())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def walk(hospital_id: UUID, links: Iterable[Link], head: Head | None) -> Iterator[Finding]:
    """Yield what is wrong with a chain whose links come in their order, from the first to the head.

    After a flaw the walk goes on from the hash that is stored, so that each is named where it lies and not everything
    that follows.
    """
    before, batch = beginning(hospital_id), _Batches()
    at_head = before if head is None or head.sequence == 0 else None
    for link in links:
        if link.sequence != before.sequence + 1:
            yield Finding(Flaw.LINK_GONE, before.sequence + 1)
        if link.event is None:
            yield Finding(Flaw.DELETED, link.sequence, link.event_id)
        else:
            expected = next_head(hospital_id, Head(link.sequence - 1, before.hash), link.event, link.chained_at)
            if link.sequence == before.sequence + 1 and expected.hash != link.hash:
                yield Finding(Flaw.CHANGED, link.sequence, link.event_id)
            if batch.is_out_of_time(link, link.event):
                yield Finding(Flaw.BACKDATED, link.sequence, link.event_id)
        before = Head(link.sequence, link.hash)
        if head is not None and link.sequence == head.sequence:
            at_head = before
        if link.sequence == (head.sequence if head else 0) + 1:
            yield Finding(Flaw.BEYOND_HEAD, link.sequence, link.event_id)
    if head is not None and at_head is None:
        yield Finding(Flaw.CUT_OFF, before.sequence + 1)
    elif head is not None and at_head != head:
        yield Finding(Flaw.HEAD_CHANGED, head.sequence)


class _Batches:
    """Knows what had been chained long before the link at hand, to tell an event that bears an older time than it can.

    Both the time of chaining and the latest time of an event have to speak for it: a clock that once ran ahead, and a
    past that is lived through again, are no forgeries.
    """

    def __init__(self) -> None:
        self._before: deque[tuple[datetime, datetime]] = deque()
        self._at_hand: tuple[datetime, datetime] | None = None
        self._limit: datetime | None = None

    def is_out_of_time(self, link: Link, event: Fact) -> bool:
        latest = event.at
        if self._at_hand is not None:
            if link.chained_at != self._at_hand[0]:
                self._before.append(self._at_hand)
            latest = max(latest, self._at_hand[1])
        self._at_hand = link.chained_at, latest
        while self._before and self._before[0][0] <= link.chained_at - TOLERANCE:
            self._limit = min(self._before.popleft()) - TOLERANCE
        return self._limit is not None and event.at < self._limit
