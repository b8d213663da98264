"""What the database told of doctors' days before: asked for again only when something about a doctor was changed.

Whatever changes a doctor's days in the database takes the doctor's change there for a new one, in the same transaction
(migration 0013); what is told of many doctors, holidays and people's names, the hospital's (0014). Who finds the
changes that were there before finds the same days: they are small, and who asks is told of them together with the
answer to who that is.
"""

from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import facts
from hms_web.services.facts import Told
from hms_web.services.kept import Kept
from hms_web.services.who_asks import Also

# Told in full a department's day has 40 KiB, a doctor's 4.
DEPARTMENTS: Kept[Told] = Kept(400)
DOCTORS: Kept[Told] = Kept(1000)
_FOR_GOOD = datetime.max.replace(tzinfo=UTC)

_CHANGES = """
    ((SELECT string_agg(CAST(c.change AS text), ' ' ORDER BY c.change)
        FROM doctors of JOIN users own ON own.id = of.user_id JOIN doctor_changes c ON c.doctor_id = of.id
       WHERE of.hospital_id = h.id AND {whose})
     || coalesce((SELECT string_agg(' ' || CAST(c.change AS text), '' ORDER BY c.change)
                    FROM doctor_changes c WHERE c.doctor_id = h.id), ''))
"""
_OF_DOCTOR = _CHANGES.format(whose="of.id = :of_doctor")
_OF_DEPARTMENT = _CHANGES.format(whose="of.department = :of_department AND own.is_active")


def about_doctor(doctor_id: UUID) -> Also:
    """Return the question for the changes of a doctor and the hospital, for `of_doctor`."""
    return Also(_OF_DOCTOR, {"of_doctor": doctor_id})


def about_department(department: str) -> Also:
    """Return the question for the changes of a department's doctors and the hospital, for `of_department`."""
    return Also(_OF_DEPARTMENT, {"of_department": department})


def of_doctor(session: Session, actor: Actor, doctor_id: UUID, first: date, last: date, *, changes: str | None) -> Told:
    """Return what `facts.tell` does of one doctor. `changes` is the answer to `about_doctor`; None has it asked."""
    return _told(
        DOCTORS, changes, (actor, doctor_id, first, last), lambda: facts.tell(session, actor, [doctor_id], first, last)
    )


def of_department(
    session: Session,
    actor: Actor,
    department: str,
    first: date,
    last: date,
    *,
    shown: tuple[int, int | None] = (0, None),
    changes: str | None,
) -> Told:
    """Return what `facts.tell_department` does, of so many doctors after so many by name.

    `changes` is the answer to `about_department`; None has it asked.
    """
    skip, most = shown
    return _told(
        DEPARTMENTS,
        changes,
        (actor, (department, shown), first, last),
        lambda: facts.tell_department(session, actor, department, first, last, most=most, skip=skip),
    )


def _told(
    kept: Kept[Told], changes: str | None, asked: tuple[Actor, Hashable, date, date], ask: Callable[[], Told]
) -> Told:
    if changes is None:
        return ask()
    actor, whose, first, last = asked
    # The zone says when a day begins.
    key = changes, actor.hospital_id, actor.timezone, whose, first, last
    told = kept.get(key, datetime.min.replace(tzinfo=UTC))
    if told is None:
        # Asked after the changes were read, so at least as new as they are.
        told = ask()
        kept.put(key, told, _FOR_GOOD)
    return told
