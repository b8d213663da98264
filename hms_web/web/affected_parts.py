"""The affected list as a part of another page: its groups, and as many of their people as there is room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import affected
from hms_web.services.affected import AffectedGroup
from hms_web.services.appointments import AppointmentView
from hms_web.web.affected import title_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A group of those who need attention, whether all are one doctor's, and those of it for whom there is room."""

    key: str
    title: str
    is_of_one: bool
    count: int
    items: Sequence[AppointmentView]


def shown(session: Session, actor: Actor, found: Sequence[AppointmentView], *, most: int) -> list[Shown]:
    """Return every group of appointments that need attention, with `most` of their appointments altogether."""
    groups: list[Shown] = []
    left = most
    for group in affected.in_groups(session, actor, found):
        groups.append(part(group, len(group.items), group.items[:left]))
        left = max(left - len(group.items), 0)
    return groups


def part(group: AffectedGroup, count: int, items: Sequence[AppointmentView]) -> Shown:
    """Return a group of `count` people as a page shows it, with those for whom there is room."""
    return Shown(group.key, title_of(group), group.doctor_id is not None, count, items)
