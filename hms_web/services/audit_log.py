"""The audit trail of a hospital, for its administrators: who did what to which record, when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.models import (
    Appointment,
    AuditEvent,
    Consultation,
    Doctor,
    HospitalHoliday,
    Notification,
    Patient,
    StageAlert,
    User,
)
from hms_web.services import paging, word_search

AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the list is narrowed to; None means everything. The days are the hospital's, and both belong to the range.

    `is_system` asks for what the product did by itself, which bears no person; `record_id` goes with its `kind`.
    """

    first: date | None = None
    last: date | None = None
    person_id: UUID | None = None
    is_system: bool = False
    action: str | None = None
    kind: str | None = None
    record_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that was done, and what its record is called now.

    `patient_name`, `appointment_id` and `appointment_at` are those that the record leads to; `name` is that of a user,
    a doctor or a holiday. All are None where there is none, or it has gone.
    """

    id: UUID
    at: datetime
    actor_name: str
    is_system: bool
    action: str
    kind: str
    record_id: UUID
    details: Mapping[str, Any]
    name: str | None
    patient_id: UUID | None
    patient_name: str | None
    appointment_id: UUID | None
    appointment_at: datetime | None


def _narrowed(actor: Actor, wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = [AuditEvent.hospital_id == actor.hospital_id]
    if wanted.first is not None:
        conditions.append(AuditEvent.at >= day_span(wanted.first, actor.zone).starts_at)
    if wanted.last is not None:
        conditions.append(AuditEvent.at < day_span(wanted.last, actor.zone).ends_at)
    if wanted.is_system:
        conditions.append(AuditEvent.actor_id.is_(None))
    chosen = {"actor_id": wanted.person_id, "action": wanted.action}
    chosen |= {"record_type": wanted.kind, "record_id": wanted.record_id}
    conditions += [getattr(AuditEvent, name) == value for name, value in chosen.items() if value is not None]
    return conditions


ORDERS: Mapping[str, paging.Order[AuditRow]] = {
    "when": paging.Order((AuditEvent.at, AuditEvent.id), (datetime, UUID), lambda one: (one.at, one.id), is_down=True)
}
"""How the trail can be sorted: as its indexes have it, from either end."""


def search(
    session: Session,
    actor: Actor,
    wanted: AuditFilter,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
) -> paging.Page[AuditRow]:
    """Return a page of what was done, the latest first or as `sort` says, with one statement. Raises InvalidInput."""
    return _page(session, actor, wanted, paging.chosen(ORDERS, sort), paging.checked_limit(limit), cursor)


def every(session: Session, actor: Actor, wanted: AuditFilter, *, sort: str | None = None) -> Iterator[AuditRow]:
    """Yield everything that the filter lets through, the latest first or as `sort` says, a thousand a statement."""
    cursor, order = None, paging.chosen(ORDERS, sort)
    while True:
        page = _page(session, actor, wanted, order, AT_A_TIME, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _page(
    session: Session,
    actor: Actor,
    wanted: AuditFilter,
    order: paging.Order[AuditRow],
    limit: int,
    cursor: str | None,
) -> paging.Page[AuditRow]:
    query = order.applied(select(AuditEvent).where(*_narrowed(actor, wanted)), cursor)
    # The rows of the page first, then what their records are called: nothing is looked up for rows that are not shown.
    chosen = query.limit(paging.one_more(limit)).subquery()
    again = replace(order, columns=(chosen.c.at, chosen.c.id))
    rows = session.execute(again.applied(_named(chosen), None)).all()
    return paging.page([_row(row) for row in rows], limit, lambda row: row, order.key)


def _named(chosen: Any) -> Any:  # noqa: ANN401 a subquery of the events of one page
    """Join to each event what its record is called, and the patient and the appointment that it leads to."""
    of = chosen.c.record_type

    def key(kind: str) -> ColumnElement[UUID]:
        return case((of == kind, chosen.c.record_id))

    in_house, doctors_user = chosen.c.hospital_id, aliased(User)
    appointment_id = func.coalesce(
        key("appointment"), Consultation.appointment_id, StageAlert.appointment_id, Notification.appointment_id
    )
    patient_id = func.coalesce(key("patient"), Appointment.patient_id, Notification.patient_id)
    joins: Sequence[tuple[Any, Any]] = (
        (Consultation, Consultation.id == key("consultation")),
        (StageAlert, StageAlert.id == key("alert")),
        (Notification, Notification.id == key("notification")),
        (Appointment, Appointment.id == appointment_id),
        (Patient, Patient.id == patient_id),
        (User, User.id == key("user")),
        (Doctor, Doctor.id == key("doctor")),
        (HospitalHoliday, HospitalHoliday.id == key("holiday")),
    )
    query = select(
        chosen,
        func.coalesce(User.name, doctors_user.name, HospitalHoliday.name).label("name"),
        Patient.id.label("patient_id"),
        Patient.name.label("patient_name"),
        Appointment.id.label("appointment_id"),
        Appointment.starts_at.label("appointment_at"),
    )
    for table, condition in joins:
        query = query.outerjoin(table, condition & (table.hospital_id == in_house))
    return query.outerjoin(doctors_user, doctors_user.id == Doctor.user_id)


def _row(row: Any) -> AuditRow:  # noqa: ANN401 a row of `_named`
    return AuditRow(
        id=row.id,
        at=row.at,
        actor_name=row.actor_name,
        is_system=row.actor_id is None,
        action=row.action,
        kind=row.record_type,
        record_id=row.record_id,
        details=row.details,
        name=row.name,
        patient_id=row.patient_id,
        patient_name=row.patient_name,
        appointment_id=row.appointment_id,
        appointment_at=row.appointment_at,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has or had a login in the hospital."""

    id: UUID
    name: str
    email: str

    @property
    def words(self) -> str:
        """What somebody is called in a field for words, and nobody else."""
        return f"{self.name}, {self.email}"


def people(session: Session, actor: Actor, *, most: int, words: str = "") -> list[Person]:
    """Return at most `most` of those who have or had a login in the hospital, by name; every one of the words stands in
    the name or the e-mail address.
    """
    fits = word_search.every_word(words.replace(",", " "), User.name, User.email)
    query = select(User.id, User.name, User.email).where(User.hospital_id == actor.hospital_id, *fits)
    return [Person(*row) for row in session.execute(query.order_by(User.name, User.email).limit(most))]


def person(session: Session, actor: Actor, user_id: UUID) -> Person | None:
    """Return one of them."""
    query = select(User.id, User.name, User.email).where(User.hospital_id == actor.hospital_id, User.id == user_id)
    row = session.execute(query).one_or_none()
    return Person(*row) if row else None
