"""Who the hospital's doctors are, by name: what a filter or a grid needs of them, in one small statement."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import asking


@dataclass(frozen=True, slots=True)
class DoctorName:
    """A doctor with an active account, or one whose account was active once, where those are asked for too."""

    id: UUID
    name: str
    department: str
    is_active: bool = True

    @property
    def words(self) -> str:
        """What somebody is called in a field for words."""
        return f"{self.name}, {self.department}"


def of_department(
    session: Session, actor: Actor, department: str, *, most: int | None = None, skip: int = 0
) -> list[UUID]:
    """Return the ids of the same doctors of one department, by name: `most` of them after the first `skip`."""
    given = {"hospital": actor.hospital_id, "department": department, "most": most, "skip": skip}
    return [row.id for row in asking.rows(session, _OF_DEPARTMENT, given)]


_OF_DEPARTMENT = text(
    "SELECT d.id FROM doctors d JOIN users u ON u.id = d.user_id "
    "WHERE d.hospital_id = :hospital AND d.department = :department AND u.is_active ORDER BY u.name, d.id "
    "LIMIT CAST(:most AS bigint) OFFSET :skip"
)


def named(session: Session, actor: Actor, doctor_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of the hospital's doctors among `doctor_ids`, whether or not their account is active."""
    given = {"hospital": actor.hospital_id, "ids": list(doctor_ids)}
    return {row.id: row.name for row in asking.rows(session, _NAMED, given)}


_NAMED = text(
    "SELECT d.id, u.name FROM doctors d JOIN users u ON u.id = d.user_id "
    "WHERE d.hospital_id = :hospital AND d.id = ANY(CAST(:ids AS uuid[]))"
)


def everyone(session: Session, actor: Actor) -> list[DoctorName]:
    """Return the hospital's doctors with an active account, by name: all of them, so not for a page."""
    rows = asking.rows(session, _OF_HOSPITAL, {"hospital": actor.hospital_id})
    return [DoctorName(*row) for row in rows]


_OF_HOSPITAL = text(
    "SELECT d.id, u.name, d.department FROM doctors d JOIN users u ON u.id = d.user_id "
    "WHERE d.hospital_id = :hospital AND u.is_active ORDER BY u.name, d.id"
)
