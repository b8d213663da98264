"""Looking for a free time: the next ones of some doctors, or of a whole department from a day on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import first_instant
from hms_web.services import doctor_names, doctors, slots
from hms_web.services.slots import ALL_DAY, Hours, SlotView
from hms_web.web.front_desk.address import DayPart, Wish

NOON, EVENING = time(12), time(17)
HOURS: dict[DayPart | None, Hours] = {
    DayPart.MORNING: (time.min, NOON),
    DayPart.AFTERNOON: (NOON, EVENING),
    DayPart.EVENING: (EVENING, time.max),
}
# A short list: so many times, and no more than these of one doctor's day, so that it names several days and people.
MOST_FOUND = 8
OF_A_DAY = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """A free time as a button."""

    slot: SlotView
    doctor_name: str


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, and what was found."""

    wish: Wish
    departments: Sequence[str]
    found: Sequence[Offer]


def look(session: Session, actor: Actor, wish: Wish, *, now: datetime) -> Search:
    """Find the first free times that suit a wish; none for a department that there is not."""
    everyone = doctor_names.everyone(session, actor)
    ids = [doctor.id for doctor in everyone if wish.department in {None, doctor.department}]
    after = first_instant(wish.since, time.min, actor.zone) if wish.since else None
    hours = HOURS.get(wish.part, ALL_DAY)
    free = slots.next_free(
        session, actor, ids, now=now, after=after, limit=MOST_FOUND, between=hours, of_a_day=OF_A_DAY
    )
    names = {doctor.id: doctor.name for doctor in everyone}
    found = [Offer(slot, names[slot.doctor_id]) for slot in free]
    return Search(wish, sorted({doctor.department for doctor in everyone}), found)


def offers(
    session: Session,
    actor: Actor,
    doctor_ids: Sequence[UUID],
    *,
    now: datetime,
    after: datetime | None = None,
    limit: int = 3,
) -> list[Offer]:
    """The next free times with any of the doctors."""
    free = slots.next_free(session, actor, doctor_ids, now=now, after=after, limit=limit)
    if not free:
        return []
    named = doctors.all_of(session, actor, doctor_ids=list({slot.doctor_id for slot in free}))
    names = {doctor.id: doctor.name for doctor in named}
    return [Offer(slot, names.get(slot.doctor_id, "")) for slot in free]
