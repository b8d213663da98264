"""The patients who have to be phoned: what they should know could not be sent (product.md, Notifications)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.orm import Session, aliased

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.delivery import AFFECTED, FINAL, MISSED, TO_PHONE, phoned_until
from hms_web.domain.identity import Actor, Role
from hms_web.domain.messages import AFFECTED_EVENTS, MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.visits import UPCOMING, AppointmentStatus
from hms_web.models import Appointment, Doctor, Notification, Patient, User
from hms_web.services import audit, unit_of_work

LONGEST_KEPT = timedelta(days=2)
"""No call is kept for longer after its appointment (`phoned_until`), but one about what is still affected."""

WRITTEN_WITHIN = timedelta(days=BOOKING_WINDOW_DAYS) + LONGEST_KEPT
"""An older message is about a time that has gone by, so those are not even looked at."""

MOST_COUNTED = 100
"""Where a count stops: whoever has so many to phone needs no exact number."""

UNDO_FOR = timedelta(hours=24)
"""How long a call stays on the screen, to be taken back."""

READERS = frozenset({Role.RECEPTIONIST, Role.ADMIN, Role.NURSE})
"""Who sees whom to phone."""

_UNSENT = (DeliveryState.FAILED, DeliveryState.NOT_CONFIGURED)


@dataclass(frozen=True, slots=True)
class Call:
    """One patient to be phoned about one appointment, and what they should know: `message_id` says it."""

    message_id: UUID
    appointment_id: UUID
    patient_id: UUID
    patient_name: str
    patient_mrn: str
    patient_phone: str | None
    doctor_name: str
    date: date
    start_time: time
    starts_at: datetime
    event: MessageEvent
    body: str
    error: str | None
    created_at: datetime
    phoned_at: datetime | None
    phoned_by: str | None


_DOCTOR = aliased(User)
_CALLER = aliased(User)


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Notification.id.label("message_id"),
            Notification.event,
            Notification.body,
            Notification.facts,
            Notification.last_error,
            Notification.created_at,
            Notification.phoned_at,
            Appointment.id,
            Appointment.date,
            Appointment.start_time,
            Appointment.starts_at,
            Appointment.status,
            Appointment.affected_cause,
            Appointment.doctor_id,
            Patient.id.label("patient_id"),
            Patient.name,
            Patient.mrn,
            Patient.phone,
            _DOCTOR.name.label("doctor_name"),
            _CALLER.name.label("phoned_by"),
        )
        .join(Appointment, Appointment.id == Notification.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(_DOCTOR, _DOCTOR.id == Doctor.user_id)
        .outerjoin(_CALLER, _CALLER.id == Notification.phoned_by_id)
        .where(Notification.hospital_id == actor.hospital_id)
    )


def _open(hospital: UUID | BindParameter[UUID]) -> tuple[ColumnElement[bool], ...]:
    """Return what makes a message one that somebody has to be phoned about, as the index for it says it too."""
    return (
        Notification.hospital_id == hospital,
        Notification.state.in_(_UNSENT),
        Notification.channel != Channel.IN_APP,
        Notification.phoned_at.is_(None),
        Notification.event != MessageEvent.BOOKED,
        Notification.event.in_(TO_PHONE),
    )


def _told_otherwise() -> ColumnElement[bool]:
    """Whether the same was sent, or is on its way, on another channel."""
    other = aliased(Notification)
    return exists().where(
        other.appointment_id == Notification.appointment_id,
        other.event == Notification.event,
        other.facts["version"] == Notification.facts["version"],
        other.channel != Channel.IN_APP,
        other.state.in_((DeliveryState.SENT, DeliveryState.QUEUED)),
    )


_EVENTS = {str(cause): str(event) for cause, event in AFFECTED_EVENTS.items()}


def _said_as_it_is() -> ColumnElement[bool]:
    """Whether the time and the doctor that a message names, if any, are still the appointment's."""
    starts_at, doctor_id = Notification.facts["starts_at"].astext, Notification.facts["doctor_id"].astext
    same_time = cast(starts_at, DateTime(timezone=True)) == Appointment.starts_at
    return or_(starts_at.is_(None), and_(same_time, doctor_id == cast(Appointment.doctor_id, String)))


def _still_true() -> ColumnElement[bool]:
    """Say in SQL what `domain.delivery.no_longer_true` says of a message, so that the database can count."""
    event, status = Notification.event, Appointment.status
    is_affected = Appointment.affected_cause.is_not(None)
    of_a_time = (
        event.not_in(FINAL | MISSED),
        status.in_(UPCOMING),
        _said_as_it_is(),
        or_(event.not_in(AFFECTED), and_(is_affected, event == case(_EVENTS, value=Appointment.affected_cause))),
        or_(event != MessageEvent.KEPT, ~is_affected),
    )
    return or_(
        and_(event.in_(FINAL), status == AppointmentStatus.CANCELLED),
        and_(event.in_(MISSED), status == AppointmentStatus.NO_SHOW),
        and_(*of_a_time),
    )


@cache  # the header of every page asks it, and to put it together takes longer than to answer it
def _to_phone() -> Select[UUID, UUID]:
    """Return the messages that somebody has to be phoned about, with their appointments; `_asked` says where and when.

    What is affected is found by the appointments that are marked, everything else by when it was written: neither looks
    at what was never sent in former years.
    """
    hospital = bindparam("hospital", type_=Uuid())
    now, written_since, kept_since = (
        bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "written_since", "kept_since")
    )
    open_ones = (
        select(Notification.id, Notification.appointment_id)
        .join(Appointment, Appointment.id == Notification.appointment_id)
        .where(*_open(hospital), _still_true(), ~_told_otherwise())
    )
    any_time = datetime(2000, 1, 1, tzinfo=UTC)
    afterwards = [event for event in TO_PHONE - AFFECTED if phoned_until(event, any_time) != any_time]
    recent = open_ones.where(
        Notification.event.not_in(AFFECTED),
        Notification.created_at > written_since,
        Appointment.starts_at > kept_since,
        or_(Notification.event.in_(afterwards), Appointment.starts_at > now),
    )
    marked = open_ones.where(
        Notification.event.in_(AFFECTED),
        Appointment.hospital_id == hospital,
        Appointment.affected_cause.is_not(None),
    )
    found = union(recent, marked).subquery()
    return select(found.c.id, found.c.appointment_id)


@cache
def _counted() -> Select[int]:
    wanted = _to_phone().subquery()
    some = select(wanted.c.appointment_id).distinct().limit(bindparam("most", type_=Integer())).subquery()
    return select(func.count()).select_from(some)


def _asked(actor: Actor, now: datetime) -> dict[str, object]:
    return {
        "hospital": actor.hospital_id,
        "now": now,
        "written_since": now - WRITTEN_WITHIN,
        "kept_since": now - LONGEST_KEPT,
    }


def calls(session: Session, actor: Actor, *, now: datetime) -> list[Call]:
    """Return who has to be phoned, the soonest appointment first: one call for each appointment, its latest message.

    Only what is still true counts, and nobody who was reached on another channel.
    """
    wanted = _to_phone().subquery()
    rows = session.execute(
        _selected(actor)
        .where(Notification.id.in_(select(wanted.c.id)))
        .order_by(Appointment.starts_at, Appointment.id, Notification.created_at.desc(), Notification.id),
        _asked(actor, now),
    )
    latest: dict[UUID, Any] = {}
    for row in rows:
        latest.setdefault(row.id, row)
    return [_call(row) for row in latest.values()]


def count_for(session: Session, actor: Actor, *, now: datetime) -> int:
    """Return how many patients have to be phoned, at most MOST_COUNTED; 0 for somebody whom that does not concern."""
    if actor.role not in READERS:
        return 0
    return session.scalars(_counted(), _asked(actor, now) | {"most": MOST_COUNTED}).one()


def _call(row: Any) -> Call:  # noqa: ANN401 a row of _selected
    return Call(
        message_id=row.message_id,
        appointment_id=row.id,
        patient_id=row.patient_id,
        patient_name=row.name,
        patient_mrn=row.mrn,
        patient_phone=row.phone,
        doctor_name=row.doctor_name,
        date=row.date,
        start_time=row.start_time,
        starts_at=row.starts_at,
        event=MessageEvent(row.event),
        body=row.body,
        error=row.last_error,
        created_at=row.created_at,
        phoned_at=row.phoned_at,
        phoned_by=row.phoned_by,
    )


def made(session: Session, actor: Actor, *, now: datetime) -> list[Call]:
    """Return the calls of the last day, the latest first."""
    rows = session.execute(
        _selected(actor)
        .where(Notification.phoned_at > now - UNDO_FOR)
        .order_by(Notification.phoned_at.desc(), Appointment.id, Notification.created_at.desc(), Notification.id.desc())
    )
    latest: dict[UUID, Any] = {}
    for row in rows:
        latest.setdefault(row.id, row)
    return [_call(row) for row in latest.values()]


def phoned(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime, shown: UUID | None = None) -> int:
    """Note that the patient of an appointment was phoned; return of how many messages. Twice is harmless.

    `shown` is the message that the caller had before them: what was written later they cannot have said, and it stays
    to be phoned. None is for who knows everything. Raises Refused APPOINTMENT_NOT_FOUND.
    """
    open_ones = [*_open(actor.hospital_id), Notification.appointment_id == appointment_id]
    if shown is not None:
        seen = aliased(Notification)
        mine = (seen.id == shown, seen.appointment_id == appointment_id, seen.hospital_id == actor.hospital_id)
        open_ones.append(Notification.created_at <= select(seen.created_at).where(*mine).scalar_subquery())
    return _set(session, actor, appointment_id, open_ones, "notification.phoned", now, now=now)


def take_back(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime) -> int:
    """Note that the patient was not phoned after all; return of how many messages. Raises as `phoned` does."""
    recent = (
        Notification.hospital_id == actor.hospital_id,
        Notification.appointment_id == appointment_id,
        Notification.phoned_at > now - UNDO_FOR,
    )
    return _set(session, actor, appointment_id, recent, "notification.not_phoned", None, now=now)


def _set(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    which: Iterable[ColumnElement[bool]],
    action: str,
    phoned_at: datetime | None,
    *,
    now: datetime,
) -> int:
    mine = (Appointment.hospital_id == actor.hospital_id) & (Appointment.id == appointment_id)
    changed = (
        update(Notification)
        .where(*which)
        .values(phoned_at=phoned_at, phoned_by_id=actor.user_id if phoned_at else None)
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )

    def work() -> int:
        if session.scalar(select(Appointment.id).where(mine)) is None:
            raise Refused(Code.APPOINTMENT_NOT_FOUND)
        keys: Sequence[UUID] = session.scalars(changed).all()
        entries = [audit.Entry(action, "notification", key, {"appointment_id": appointment_id}) for key in keys]
        audit.record_all(session, actor, entries, now=now)
        return len(keys)

    return unit_of_work.run(session, work)
