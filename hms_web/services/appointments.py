"""Reading appointments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from hms_web.domain.affected import AffectedCause
from hms_web.domain.consultations import ConsultationStatus
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.visits import HERE, UNFINISHED, UPCOMING, AppointmentStatus, AppointmentType
from hms_web.models import Appointment, AuditEvent, Consultation, Doctor, Patient, User
from hms_web.services import audit, patient_search
from hms_web.services.outbox import PatientNotice
from hms_web.services.paging import Order, Page, chosen, one_more, page


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """An appointment with the names that a page or the JSON shows."""

    id: UUID
    patient_id: UUID
    patient_name: str
    patient_mrn: str
    patient_phone: str | None
    doctor_id: UUID
    doctor_name: str
    department: str
    date: date
    start_time: time
    end_time: time
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus
    type: AppointmentType
    reason: str | None
    notes: str | None
    checked_in_at: datetime | None
    vitals_recorded_at: datetime | None
    token_number: int
    version: int
    affected_cause: AffectedCause | None
    affected_at: datetime | None
    kept_cause: AffectedCause | None
    cancel_reason: str | None
    created_at: datetime
    created_by_id: UUID | None
    created_by: str | None
    consultation_id: UUID | None = None

    @property
    def is_here(self) -> bool:
        """Whether its patient is in the house and not done."""
        return self.status in HERE

    def can_stand_again(self, now: datetime) -> bool:
        """Whether it can simply stand when what spoke against it has gone: its patient can still be told in time, or is
        here.
        """
        return self.starts_at > now or self.is_here


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """What a list is narrowed to; None and empty mean everything. `day` is as `first` and `last` on that day."""

    day: date | None = None
    first: date | None = None
    last: date | None = None
    doctor_id: UUID | None = None
    patient_id: UUID | None = None
    department: str | None = None
    statuses: Sequence[AppointmentStatus] = ()
    q: str | None = None


_DOCTOR_USER = aliased(User)
_CREATOR = aliased(User)
# The consultation that goes on or is completed; one that was broken off is not what came of the appointment.
_CONSULTATION = (
    select(Consultation.id)
    .where(Consultation.appointment_id == Appointment.id, Consultation.status != ConsultationStatus.ABANDONED)
    .limit(1)
    .scalar_subquery()
)


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Appointment.id,
            Appointment.patient_id,
            Patient.name,
            Patient.mrn,
            Patient.phone,
            Appointment.doctor_id,
            _DOCTOR_USER.name,
            Doctor.department,
            Appointment.date,
            Appointment.start_time,
            Appointment.end_time,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.status,
            Appointment.type,
            Appointment.reason,
            Appointment.notes,
            Appointment.checked_in_at,
            Appointment.vitals_recorded_at,
            Appointment.token_number,
            Appointment.version,
            Appointment.affected_cause,
            Appointment.affected_at,
            Appointment.kept_cause,
            Appointment.cancel_reason,
            Appointment.created_at,
            Appointment.created_by_id,
            _CREATOR.name,
            _CONSULTATION,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(_DOCTOR_USER, _DOCTOR_USER.id == Doctor.user_id)
        .outerjoin(_CREATOR, _CREATOR.id == Appointment.created_by_id)
        .where(Appointment.hospital_id == actor.hospital_id)
    )


def _view(row: Row[*tuple[Any, ...]]) -> AppointmentView:
    values = list(row)
    values[13], values[14] = AppointmentStatus(values[13]), AppointmentType(values[14])
    for place in (21, 23):
        values[place] = AffectedCause(values[place]) if values[place] else None
    return AppointmentView(*values)


def get(session: Session, actor: Actor, appointment_id: UUID) -> AppointmentView:
    """Return one appointment of the hospital. Raises Refused APPOINTMENT_NOT_FOUND."""
    row = session.execute(_selected(actor).where(Appointment.id == appointment_id)).one_or_none()
    if row is None:
        raise Refused(Code.APPOINTMENT_NOT_FOUND)
    return _view(row)


def by_ids(session: Session, actor: Actor, appointment_ids: Sequence[UUID]) -> list[AppointmentView]:
    """Return the appointments of the hospital among `appointment_ids`, earliest first."""
    if not appointment_ids:
        return []
    wanted = _selected(actor).where(Appointment.id.in_(appointment_ids))
    return [_view(row) for row in session.execute(wanted.order_by(Appointment.starts_at, Appointment.id))]


def history(session: Session, actor: Actor, appointment_id: UUID) -> Sequence[AuditEvent]:
    """Return everything that was done to an appointment, oldest first."""
    return audit.history(session, actor, "appointment", appointment_id)


def of_day(
    session: Session, actor: Actor, day: date, *, doctor_ids: Sequence[UUID] | None = None
) -> list[AppointmentView]:
    """Return all appointments of a local day, cancelled ones too, in the order of their time."""
    wanted = _selected(actor).where(*_narrowed(actor, AppointmentFilter(day=day)))
    if doctor_ids is not None:
        wanted = wanted.where(Appointment.doctor_id.in_(doctor_ids))
    return [_view(row) for row in session.execute(wanted.order_by(Appointment.starts_at, Appointment.id))]


def affected(session: Session, actor: Actor, *, doctor_id: UUID | None = None) -> list[AppointmentView]:
    """Return the appointments that need attention, earliest first; one whose time has come, or whose patient is here,
    still does.
    """
    wanted = _selected(actor).where(Appointment.affected_cause.is_not(None), Appointment.status.in_(UNFINISHED))
    if doctor_id is not None:
        wanted = wanted.where(Appointment.doctor_id == doctor_id)
    return [_view(row) for row in session.execute(wanted.order_by(Appointment.starts_at, Appointment.id))]


ORDERS: Mapping[str, Order[AppointmentView]] = {
    "time": Order((Appointment.starts_at, Appointment.id), (datetime, UUID), lambda one: (one.starts_at, one.id))
}
"""How appointments can be sorted: as their index has them, from either end."""


def search(
    session: Session,
    actor: Actor,
    wanted: AppointmentFilter,
    *,
    limit: int = 50,
    cursor: str | None = None,
    sort: str | None = None,
) -> Page[AppointmentView]:
    """Return a page of the hospital's appointments, earliest first, or as `sort` says.

    Raises InvalidInput for a cursor that is none.
    """
    is_common = bool(wanted.q) and patient_search.is_common(session, actor, wanted.q or "")
    if wanted.q:
        patient_search.prepare(session)
    order = chosen(ORDERS, sort)
    if wanted.q or wanted.statuses or wanted.department:
        narrowed = _narrowed(actor, wanted, is_common=is_common)
        statement = order.applied(_selected(actor).where(*narrowed), cursor)
        statement = statement.limit(one_more(limit, by_values=True))
    else:
        statement = _of_ids(actor, wanted, order, cursor, limit)
    rows = session.execute(statement).all()
    return page([_view(row) for row in rows], limit, lambda view: view, order.key)


def _of_ids(
    actor: Actor, wanted: AppointmentFilter, order: Order[AppointmentView], cursor: str | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Return the question for a page that finds its rows by the index of time alone, and only then whose they are.

    So what it costs does not follow from how many rows the range has. Where all were joined and then counted off, the
    server thought the plan it keeps dearer than one for each range, and took a millisecond to make that.
    """
    ids = select(Appointment.id).where(Appointment.hospital_id == actor.hospital_id, *_narrowed(actor, wanted))
    shown = order.applied(ids, cursor).limit(one_more(limit)).subquery()
    return order.applied(_selected(actor).join(shown, shown.c.id == Appointment.id), None)


def _narrowed(actor: Actor, wanted: AppointmentFilter, *, is_common: bool = False) -> list[ColumnElement[bool]]:
    first, last = wanted.day or wanted.first, wanted.day or wanted.last
    conditions: list[ColumnElement[bool]] = []
    if first is not None:
        conditions.append(Appointment.starts_at >= day_span(first, actor.zone).starts_at)
    if last is not None:
        conditions.append(Appointment.starts_at < day_span(last, actor.zone).ends_at)
    if wanted.doctor_id is not None:
        conditions.append(Appointment.doctor_id == wanted.doctor_id)
    if wanted.patient_id is not None:
        conditions.append(Appointment.patient_id == wanted.patient_id)
    if wanted.department is not None:
        conditions.append(Doctor.department == wanted.department)
    if wanted.statuses:
        conditions.append(Appointment.status.in_(wanted.statuses))
    if wanted.q and wanted.q.strip():
        conditions.append(patient_search.matches(wanted.q, is_common=is_common))
    return conditions


@dataclass(frozen=True, slots=True)
class LocalRange:
    """Local days, or hours of one local day, in which appointments are looked for."""

    first: date
    last: date
    start: time | None = None
    end: time | None = None


def standing_in(
    session: Session, actor: Actor, ranges: Sequence[LocalRange], *, doctor_id: UUID | None = None, now: datetime
) -> list[AppointmentView]:
    """Return the appointments that are not over, or of people already here, that lie in any of the ranges.

    Any shared part counts. Whoever is late is still expected: what the hospital causes now must not end as their
    no-show.
    """
    if not ranges:
        return []
    statement = _selected(actor).where(
        or_(and_(Appointment.status.in_(UPCOMING), Appointment.ends_at > now), Appointment.status.in_(HERE)),
        Appointment.ends_at > now - timedelta(days=1),
        or_(*(_inside(item) for item in ranges)),
    )
    if doctor_id is not None:
        statement = statement.where(Appointment.doctor_id == doctor_id)
    return [_view(row) for row in session.execute(statement.order_by(Appointment.starts_at, Appointment.id))]


def _inside(wanted: LocalRange) -> ColumnElement[bool]:
    days = Appointment.date.between(wanted.first, wanted.last)
    if wanted.start is None or wanted.end is None:
        return days
    return and_(days, Appointment.start_time < wanted.end, Appointment.end_time > wanted.start)


def notice_of(view: AppointmentView, event: MessageEvent) -> PatientNotice:
    """Return the notice that tells an appointment's patient of an event."""
    return PatientNotice(
        event=event,
        appointment_id=view.id,
        patient_id=view.patient_id,
        version=view.version,
        doctor_id=view.doctor_id,
        doctor_name=view.doctor_name,
        starts_at=view.starts_at,
        day=view.date,
        at=view.start_time,
        token=view.token_number,
    )
