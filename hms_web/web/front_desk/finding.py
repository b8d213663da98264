"""Looking for a free time: the next ones of some doctors, or of a whole department from a day on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import first_instant
from hms_web.services import doctor_choice, doctor_names, slots
from hms_web.services.doctor_choice import MOST_LISTED
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
    """What was looked for, and what was found; a large hospital is searched by department."""

    wish: Wish
    departments: Sequence[str]
    is_large: bool
    found: Sequence[Offer]


def look(session: Session, actor: Actor, wish: Wish, *, now: datetime) -> Search:
    """Find the first free times that suit a wish; none for a department that there is not.

    With more doctors than a list has room for it is always one department that is searched: to lay out the days of a
    thousand doctors would keep everybody else waiting.
    """
    choice = doctor_choice.choice(session, actor, department=wish.department, few=MOST_LISTED)
    wish = wish if wish.department else replace(wish, department=choice.department)
    ids: Sequence[UUID] = [one.id for one in choice.names]
    if wish.department not in {None, *choice.departments}:
        ids = []
    elif wish.department is not None and choice.is_long:
        ids = doctor_names.of_department(session, actor, wish.department)
    after = first_instant(wish.since, time.min, actor.zone) if wish.since else None
    hours = HOURS.get(wish.part, ALL_DAY)
    free = slots.next_free(
        session, actor, ids, now=now, after=after, limit=MOST_FOUND, between=hours, of_a_day=OF_A_DAY
    )
    return Search(wish, choice.departments, choice.is_large, _offers(session, actor, free))


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
    return _offers(session, actor, slots.next_free(session, actor, doctor_ids, now=now, after=after, limit=limit))


def _offers(session: Session, actor: Actor, free: Sequence[SlotView]) -> list[Offer]:
    names = doctor_names.named(session, actor, {slot.doctor_id for slot in free}) if free else {}
    return [Offer(slot, names.get(slot.doctor_id, "")) for slot in free]
