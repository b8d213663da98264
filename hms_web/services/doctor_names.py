"""Who the hospital's doctors are, by name: what a filter or a grid needs of them, in one small statement."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.models import Doctor, User


@dataclass(frozen=True, slots=True)
class DoctorName:
    """A doctor with an active account."""

    id: UUID
    name: str
    department: str


def of_department(session: Session, actor: Actor, department: str) -> list[UUID]:
    """Return the ids of the same doctors of one department, by name."""
    return list(session.execute(_OF_DEPARTMENT, {"hospital": actor.hospital_id, "department": department}).scalars())


_OF_DEPARTMENT = text(
    "SELECT d.id FROM doctors d JOIN users u ON u.id = d.user_id "
    "WHERE d.hospital_id = :hospital AND d.department = :department AND u.is_active ORDER BY u.name, d.id"
)


def everyone(session: Session, actor: Actor) -> list[DoctorName]:
    """Return the hospital's doctors with an active account, by name."""
    rows = session.execute(
        select(Doctor.id, User.name, Doctor.department)
        .join(User, User.id == Doctor.user_id)
        .where(Doctor.hospital_id == actor.hospital_id, User.is_active)
        .order_by(User.name, Doctor.id)
    )
    return [DoctorName(*row) for row in rows]
