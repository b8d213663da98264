"""Secret links under which a doctor's calendar can be read without signing in: made, listed, revoked.

A link's secret is 256 random bits and is shown once; what is stored is a hash of it. Whether calendars name patients is
the hospital's decision, and until it has made it they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.validation import line_mistake, refuse_invalid
from hms_web.models import CalendarLink, Hospital, new_id
from hms_web.services import audit, locks, passwords, unit_of_work

MOST_VALID = 5
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as a list shows it: never its secret. `name` says where it is used."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


def valid(session: Session, actor: Actor, doctor_id: UUID) -> Sequence[LinkView]:
    """Return a doctor's links that can be used, oldest first."""
    return [LinkView(row.id, row.name, row.created_at, row.last_used_at) for row in _valid(session, actor, doctor_id)]


def _valid(session: Session, actor: Actor, doctor_id: UUID) -> Sequence[CalendarLink]:
    wanted = select(CalendarLink).where(
        CalendarLink.hospital_id == actor.hospital_id,
        CalendarLink.doctor_id == doctor_id,
        CalendarLink.revoked_at.is_(None),
    )
    return session.scalars(wanted.order_by(CalendarLink.created_at, CalendarLink.id)).all()


def create(session: Session, actor: Actor, doctor_id: UUID, name: str, *, now: datetime) -> str:
    """Make a link and return its secret, this once.

    Raises InvalidInput for a wrong name, one that is in use already, or when there are five; Refused DOCTOR_NOT_FOUND.
    """
    refuse_invalid(("name", line_mistake(name, LONGEST_LABEL)))
    secret, label = passwords.new_secret(), name.strip()

    def work() -> str:
        if not locks.doctor(session, actor, doctor_id):
            raise Refused(Code.DOCTOR_NOT_FOUND)
        known = _valid(session, actor, doctor_id)
        if any(link.name == label for link in known):
            raise InvalidInput([("name", phrase("There is a link of that name; give this one another."))])
        if len(known) >= MOST_VALID:
            raise InvalidInput([("name", phrase("There are %(most)s links; revoke one first.", most=MOST_VALID))])
        link = CalendarLink(id=new_id(), hospital_id=actor.hospital_id, doctor_id=doctor_id, name=label, created_at=now)
        link.token_hash = passwords.secret_hash(secret)
        session.add(link)
        audit.record(session, actor, "doctor.calendar_link_made", "doctor", doctor_id, now=now, name=label)
        return secret

    return unit_of_work.run(session, work)


def revoke(session: Session, actor: Actor, doctor_id: UUID, link_id: UUID, *, now: datetime) -> bool:
    """End a link, at once; return whether there was one that could be used."""

    def work() -> bool:
        locks.doctor(session, actor, doctor_id)
        link = next((link for link in _valid(session, actor, doctor_id) if link.id == link_id), None)
        if link is None:
            return False
        _end(session, actor, link, now)
        return True

    return unit_of_work.run(session, work)


def end_all(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> None:
    """End every link of a doctor who leaves, inside the caller's unit of work: who comes back makes new ones."""
    for link in _valid(session, actor, doctor_id):
        _end(session, actor, link, now)


def _end(session: Session, actor: Actor, link: CalendarLink, now: datetime) -> None:
    link.revoked_at = now
    audit.record(session, actor, "doctor.calendar_link_revoked", "doctor", link.doctor_id, now=now, name=link.name)


def show_names(session: Session, actor: Actor) -> bool:
    """Whether the hospital lets its doctors' calendars name patients."""
    return bool(session.scalar(select(Hospital.calendars_show_names).where(Hospital.id == actor.hospital_id)))


def let_show_names(session: Session, actor: Actor, *, is_wanted: bool, now: datetime) -> None:
    """Say whether calendars name patients, from the next time on that one is fetched."""

    def work() -> None:
        hospital = session.get_one(Hospital, actor.hospital_id, with_for_update={"key_share": True})
        if hospital.calendars_show_names is is_wanted:
            return
        hospital.calendars_show_names = is_wanted
        changes = {"calendars_show_names": {"from": not is_wanted, "to": is_wanted}}
        audit.record(session, actor, "hospital.changed", "hospital", hospital.id, now=now, changes=changes)

    unit_of_work.run(session, work)
