"""Opening a hospital, with its first admin."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role, timezone_mistake
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import LONGEST_NAME, line_mistake, refuse_invalid
from hms_web.models import Hospital, new_id
from hms_web.services import audit, unit_of_work, users

ADMIN_NAME = "Administrator"
SYSTEM = "System"


@dataclass(frozen=True, slots=True)
class CreatedHospital:
    """A new hospital and its first admin."""

    id: UUID
    admin: users.UserView


def system_actor(hospital: Hospital) -> Actor:
    """Return the actor for what the product itself does in a hospital."""
    return Actor(hospital.id, hospital.timezone, None, SYSTEM, None)


def in_its_own_name(actor: Actor) -> Actor:
    """Return the actor for what the product does by itself in the hospital of whoever asked for it."""
    return Actor(actor.hospital_id, actor.timezone, None, SYSTEM, None)


def all_of_them(session: Session) -> list[Actor]:
    """Return the actors for what the product does in each hospital, in a fixed order."""
    return [system_actor(hospital) for hospital in session.scalars(select(Hospital).order_by(Hospital.id))]


def add(session: Session, name: str, timezone: str, *, now: datetime) -> Actor:
    """Add a hospital's row inside the caller's unit of work; return the actor for what the product does in it."""
    refuse_invalid(("name", line_mistake(name, LONGEST_NAME)), ("timezone", timezone_mistake(timezone)))
    hospital = Hospital(id=new_id(), name=name.strip(), timezone=timezone, last_mrn=0, created_at=now)
    session.add(hospital)
    session.flush()
    actor = system_actor(hospital)
    audit.record(
        session, actor, "hospital.created", "hospital", hospital.id, now=now, name=hospital.name, timezone=timezone
    )
    return actor


def create_hospital(
    session: Session, name: str, timezone: str, admin_email: str, admin_password: str, *, now: datetime
) -> CreatedHospital:
    """Open a hospital with its first admin; raises InvalidInput, or Refused EMAIL_TAKEN."""

    def work() -> CreatedHospital:
        actor = add(session, name, timezone, now=now)
        admin = users.NewUser(ADMIN_NAME, admin_email, Role.ADMIN, admin_password)
        return CreatedHospital(actor.hospital_id, users.create(session, actor, admin, now=now).user)

    return unit_of_work.run(session, work)


def names(session: Session) -> dict[UUID, str]:
    """Return what the hospitals are called."""
    return {row.id: row.name for row in session.execute(select(Hospital.id, Hospital.name))}


def by_name(session: Session, name: str) -> Actor:
    """Return the actor for what the product does in the one hospital of that name; raises InvalidInput."""
    found = session.scalars(select(Hospital).where(Hospital.name == name).limit(2)).all()
    if len(found) != 1:
        sentence = "There is no such hospital." if not found else "Several hospitals have this name."
        raise InvalidInput([("hospital", sentence)])
    return system_actor(found[0])
