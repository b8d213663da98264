"""Reading who did not come: the logs, for those who may see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlalchemy.orm import Session, aliased

from hms_web.domain.delivery import MISSED
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import day_span
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.models import Doctor, NoShowLog, Notification, Patient, User
from hms_web.services import paging, unit_of_work

_DOCTOR_USER = aliased(User)
_CREATOR = aliased(User)


@dataclass(frozen=True, slots=True)
class LogView:
    """One appointment that was missed, with the names that a page shows.

    `slot_time` is the appointment's start. `notification_sent` says whether a message about it has left the house.
    """

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    patient_name: str
    patient_mrn: str
    doctor_id: UUID
    doctor_name: str
    reason: NoShowReason
    slot_time: datetime
    timeout_minutes: int
    slot_released: bool
    slot_released_at: datetime | None
    notes: str | None
    is_counted: bool
    created_by: str | None
    created_at: datetime
    reverted_at: datetime | None
    revert_note: str | None
    notification_sent: bool


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the logs are narrowed to; None means everything. The days are those of the missed appointments' slots."""

    first: date | None = None
    last: date | None = None
    doctor_id: UUID | None = None
    patient_id: UUID | None = None
    reason: NoShowReason | None = None
    is_reverted: bool | None = None


def allowed_doctor(actor: Actor, doctor_id: UUID | None) -> UUID | None:
    """Return whose no-shows are read: a doctor sees their own alone. Raises Refused FORBIDDEN for another's."""
    if actor.role is not Role.DOCTOR:
        return doctor_id
    if doctor_id not in {None, actor.doctor_id}:
        raise Refused(Code.FORBIDDEN)
    return actor.doctor_id


ORDERS: Mapping[str, paging.Order[LogView]] = {
    "found": paging.Order(
        (NoShowLog.created_at, NoShowLog.id), (datetime, UUID), lambda one: (one.created_at, one.id), is_down=True
    )
}
"""How logs can be sorted: as their index has them, from either end."""


def search(
    session: Session,
    actor: Actor,
    wanted: LogFilter,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
) -> paging.Page[LogView]:
    """Return a page of logs, the latest first, or as `sort` says.

    Raises InvalidInput, or Refused FORBIDDEN for another doctor's.
    """
    limit, order = paging.checked_limit(limit), paging.chosen(ORDERS, sort)
    rows = session.execute(order.applied(_selected(actor, wanted), cursor).limit(paging.one_more(limit))).all()
    return paging.page([_view(row) for row in rows], limit, lambda view: view, order.key)


def every(session: Session, actor: Actor, wanted: LogFilter, *, sort: str | None = None) -> Iterator[LogView]:
    """Yield all logs for an export, the latest first or as `sort` says, without holding them all at once."""
    unit_of_work.begin(session)
    wished = paging.chosen(ORDERS, sort).applied(_selected(actor, wanted), None)
    with session.execute(wished.execution_options(yield_per=500)) as rows:
        yield from map(_view, rows)


def of_appointment(session: Session, actor: Actor, appointment_id: UUID) -> LogView | None:
    """Return the latest log of an appointment."""
    query = _named(actor).where(NoShowLog.appointment_id == appointment_id)
    row = session.execute(_latest_first(query).limit(1)).one_or_none()
    return _view(row) if row else None


def of_patient(session: Session, actor: Actor, patient_id: UUID, *, limit: int = paging.DEFAULT_LIMIT) -> list[LogView]:
    """Return a patient's latest logs, for whoever may see the patient's record."""
    query = _named(actor).where(NoShowLog.patient_id == patient_id)
    return [_view(row) for row in session.execute(_latest_first(query).limit(limit))]


def _latest_first(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(NoShowLog.created_at.desc(), NoShowLog.id.desc())


def _selected(actor: Actor, wanted: LogFilter) -> Select[*tuple[Any, ...]]:
    return _named(actor).where(*_narrowed(actor, wanted))


def _narrowed(actor: Actor, wanted: LogFilter) -> Iterator[ColumnElement[bool]]:
    doctor_id = allowed_doctor(actor, wanted.doctor_id)
    if wanted.first is not None:
        yield NoShowLog.slot_time >= day_span(wanted.first, actor.zone).starts_at
    if wanted.last is not None:
        yield NoShowLog.slot_time < day_span(wanted.last, actor.zone).ends_at
    if doctor_id is not None:
        yield NoShowLog.doctor_id == doctor_id
    if wanted.patient_id is not None:
        yield NoShowLog.patient_id == wanted.patient_id
    if wanted.reason is not None:
        yield NoShowLog.reason == wanted.reason
    if wanted.is_reverted is not None:
        yield NoShowLog.reverted_at.is_not(None) if wanted.is_reverted else NoShowLog.reverted_at.is_(None)


def _named(actor: Actor) -> Select[*tuple[Any, ...]]:
    sent = exists().where(
        Notification.appointment_id == NoShowLog.appointment_id,
        Notification.event.in_(MISSED),
        Notification.created_at == NoShowLog.created_at,
        Notification.channel != "in_app",
        Notification.state == DeliveryState.SENT,
    )
    return (
        select(
            NoShowLog.id,
            NoShowLog.appointment_id,
            NoShowLog.patient_id,
            Patient.name,
            Patient.mrn,
            NoShowLog.doctor_id,
            _DOCTOR_USER.name,
            NoShowLog.reason,
            NoShowLog.slot_time,
            NoShowLog.timeout_minutes,
            NoShowLog.slot_released,
            NoShowLog.slot_released_at,
            NoShowLog.notes,
            NoShowLog.is_counted,
            _CREATOR.name,
            NoShowLog.created_at,
            NoShowLog.reverted_at,
            NoShowLog.revert_note,
            sent,
        )
        .join(Patient, Patient.id == NoShowLog.patient_id)
        .join(Doctor, Doctor.id == NoShowLog.doctor_id)
        .join(_DOCTOR_USER, _DOCTOR_USER.id == Doctor.user_id)
        .outerjoin(_CREATOR, _CREATOR.id == NoShowLog.created_by_id)
        .where(NoShowLog.hospital_id == actor.hospital_id)
    )


def _view(row: Row[*tuple[Any, ...]]) -> LogView:
    values = list(row)
    values[7] = NoShowReason(values[7])
    return LogView(*values)
