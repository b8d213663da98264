"""The marks on appointments: needs attention, and kept in spite of what speaks against it.

Each function writes inside the caller's transaction and the doctor's lock, one audit event for each version.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.visits import UNFINISHED
from hms_web.models import Appointment
from hms_web.services import appointments, audit
from hms_web.services.appointments import AppointmentView


def mark_cause(
    session: Session, actor: Actor, appointment_ids: Sequence[UUID], cause: AffectedCause, *, now: datetime
) -> list[AppointmentView]:
    """Put appointments to come, or of people who are here, on the affected list; return those that were not on it.

    Something new speaks against them, so that what somebody decided to keep before has to be decided again.
    """
    values = {"affected_cause": cause, "affected_at": now, "kept_cause": None}
    off_the_list = (Appointment.affected_cause.is_(None), Appointment.status.in_(UNFINISHED))
    marked = _update(session, actor, appointment_ids, values, *off_the_list)
    details = {"affected_cause": {"from": None, "to": cause}}
    audit.record_all(
        session, actor, [audit.Entry("appointment.affected", "appointment", key, details) for key in marked], now=now
    )
    return appointments.by_ids(session, actor, marked)


def clear_cause(
    session: Session,
    actor: Actor,
    appointment_ids: Iterable[UUID],
    cause: AffectedCause,
    *,
    now: datetime,
    told: Container[UUID] = (),
) -> list[UUID]:
    """Take appointments that stand there because of `cause` off the affected list; return their ids.

    Of those in `told` the trail says that their patients hear that the time stays.
    """
    values = {"affected_cause": None, "affected_at": None}
    cleared = _update(session, actor, list(appointment_ids), values, Appointment.affected_cause == cause)
    _settled(session, actor, cleared, "affected_cause", cause, now, told)
    return cleared


def swap_cause(
    session: Session,
    actor: Actor,
    appointment_ids: Sequence[UUID],
    cause: AffectedCause,
    other: AffectedCause,
    *,
    now: datetime,
) -> list[AppointmentView]:
    """Let appointments that stand on the list because of `cause` stand there because of `other`, as long as before;
    return them.
    """
    swapped = _update(session, actor, appointment_ids, {"affected_cause": other}, Appointment.affected_cause == cause)
    details = {"affected_cause": {"from": cause, "to": other}}
    entries = [audit.Entry("appointment.affected", "appointment", key, details) for key in swapped]
    audit.record_all(session, actor, entries, now=now)
    return appointments.by_ids(session, actor, swapped)


def forget_kept(
    session: Session, actor: Actor, appointment_ids: Iterable[UUID], cause: AffectedCause, *, now: datetime
) -> list[UUID]:
    """Forget that appointments were kept in spite of `cause`, which has gone; return their ids."""
    forgotten = _update(session, actor, list(appointment_ids), {"kept_cause": None}, Appointment.kept_cause == cause)
    _settled(session, actor, forgotten, "kept_cause", cause, now)
    return forgotten


def _update(
    session: Session, actor: Actor, ids: Sequence[UUID], values: dict[str, Any], *only: ColumnElement[bool]
) -> list[UUID]:
    if not ids:
        return []
    changed = session.scalars(
        update(Appointment)
        .where(Appointment.hospital_id == actor.hospital_id, Appointment.id.in_(ids), *only)
        .values(values | {"version": Appointment.version + 1})
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    )
    return list(changed)


def _settled(
    session: Session,
    actor: Actor,
    ids: Iterable[UUID],
    column: str,
    cause: AffectedCause,
    now: datetime,
    told: Container[UUID] = (),
) -> None:
    change = {column: {"from": cause, "to": None}}
    hears = change | {"told": MessageEvent.KEPT}
    entries = [audit.Entry("appointment.settled", "appointment", key, hears if key in told else change) for key in ids]
    audit.record_all(session, actor, entries, now=now)
