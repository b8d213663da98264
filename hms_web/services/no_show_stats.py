"""How many patients did not come: rates over a stretch of days, by doctor, weekday and hour."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, cast, exists, extract, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import INTEGER
from sqlalchemy.orm import Session, aliased

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.domain.patients import PatientStatus
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.statistics import Share
from hms_web.domain.visits import INACTIVE, AppointmentStatus
from hms_web.models import Appointment, Doctor, NoShowLog, Patient, User
from hms_web.services.no_show_logs import allowed_doctor

K = TypeVar("K")
S = AppointmentStatus
# One that turned out to be wrong on a later day stays a no-show, and is neither missed nor come.
COUNTS = exists().where(NoShowLog.appointment_id == Appointment.id, NoShowLog.reverted_at.is_(None))
CAME = (S.CHECKED_IN, S.IN_PROGRESS, S.COMPLETED)


@dataclass(frozen=True, slots=True)
class DoctorShare:
    """The share of one doctor."""

    doctor_id: UUID
    doctor_name: str
    share: Share


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of the patients and of the times. `blocked_patients` are those who are blocked now."""

    blocked_patients: int
    slots_released: int
    slots_rebooked: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures of some days; hours are the hospital's."""

    total: Share
    by_doctor: Sequence[DoctorShare]
    by_weekday: Sequence[tuple[DayOfWeek, Share]]
    by_hour: Sequence[tuple[int, Share]]
    after: Aftermath


def stats(
    session: Session,
    actor: Actor,
    *,
    first: date | None = None,
    last: date | None = None,
    doctor_id: UUID | None = None,
) -> Stats:
    """Return the figures of the appointments from one local day to another; a doctor sees their own alone.

    Raises Refused FORBIDDEN for another doctor's.
    """
    doctor_id = allowed_doctor(actor, doctor_id)
    mine = _mine(actor, first, last, doctor_id)
    weekday = cast(extract("isodow", Appointment.date), INTEGER)
    hour = cast(extract("hour", Appointment.start_time), INTEGER)
    groups = func.grouping_sets(tuple_(Appointment.doctor_id), tuple_(weekday), tuple_(hour))
    rows = session.execute(
        select(
            Appointment.doctor_id,
            weekday.label("weekday"),
            hour.label("hour"),
            func.count().filter(Appointment.status == S.NO_SHOW, COUNTS).label("missed"),
            func.count().filter(Appointment.status.in_(CAME)).label("came"),
        )
        .where(mine, Appointment.status.in_((S.NO_SHOW, *CAME)))
        .group_by(groups)
    ).all()
    weekdays = _shares(rows, lambda row: row.weekday)
    return Stats(
        total=Share(sum(share.missed for _, share in weekdays), sum(share.came for _, share in weekdays)),
        by_doctor=named(session, _shares(rows, lambda row: row.doctor_id)),
        by_weekday=[(list(DayOfWeek)[number - 1], share) for number, share in weekdays],
        by_hour=_shares(rows, lambda row: row.hour),
        after=aftermath(session, actor, first=first, last=last, doctor_id=doctor_id),
    )


def aftermath(
    session: Session, actor: Actor, *, first: date | None, last: date | None, doctor_id: UUID | None
) -> Aftermath:
    """Return what followed from the no-shows of some days. Raises Refused FORBIDDEN for another doctor's."""
    doctor_id = allowed_doctor(actor, doctor_id)
    released, rebooked = _released(session, actor, first, last, doctor_id)
    return Aftermath(_blocked(session, actor, doctor_id), released, rebooked)


def _mine(actor: Actor, first: date | None, last: date | None, doctor_id: UUID | None) -> ColumnElement[bool]:
    conditions = [Appointment.hospital_id == actor.hospital_id]
    if first is not None:
        conditions.append(Appointment.starts_at >= day_span(first, actor.zone).starts_at)
    if last is not None:
        conditions.append(Appointment.starts_at < day_span(last, actor.zone).ends_at)
    if doctor_id is not None:
        conditions.append(Appointment.doctor_id == doctor_id)
    return and_(*conditions)


def _shares(rows: Iterable[Any], key: Callable[[Any], K | None]) -> list[tuple[K, Share]]:
    found = [(key(row), Share(row.missed, row.came)) for row in rows]
    return sorted(((name, share) for name, share in found if name is not None), key=lambda pair: str(pair[0]).zfill(2))


def named(session: Session, shares: Sequence[tuple[UUID, Share]]) -> list[DoctorShare]:
    """Return doctors' shares with their names, the highest rate first."""
    names = select(Doctor.id, User.name).join(User, User.id == Doctor.user_id)
    rows = session.execute(names.where(Doctor.id.in_([key for key, _ in shares])))
    found: dict[UUID, str] = {row.id: row.name for row in rows}
    known = [DoctorShare(key, found[key], share) for key, share in shares]
    return sorted(known, key=lambda one: (-one.share.rate, one.doctor_name))


def _blocked(session: Session, actor: Actor, doctor_id: UUID | None) -> int:
    query = select(func.count()).where(
        Patient.hospital_id == actor.hospital_id, Patient.status == PatientStatus.BLOCKED
    )
    if doctor_id is not None:
        logs = select(NoShowLog.patient_id).where(NoShowLog.doctor_id == doctor_id, NoShowLog.reverted_at.is_(None))
        query = query.where(Patient.id.in_(logs))
    return session.scalar(query.select_from(Patient)) or 0


def _released(
    session: Session, actor: Actor, first: date | None, last: date | None, doctor_id: UUID | None
) -> tuple[int, int]:
    """Count the missed times that were offered again, and those that somebody else then took."""
    other = aliased(Appointment)
    taken = (
        select(literal_column("1"))
        .where(
            other.doctor_id == NoShowLog.doctor_id,
            other.status.not_in(INACTIVE),
            other.id != NoShowLog.appointment_id,
            other.starts_at < Appointment.ends_at,
            other.ends_at > Appointment.starts_at,
        )
        .exists()
    )
    released, rebooked = session.execute(
        select(func.count(), func.count().filter(taken))
        .select_from(NoShowLog)
        .join(Appointment, Appointment.id == NoShowLog.appointment_id)
        .where(_mine(actor, first, last, doctor_id), NoShowLog.slot_released, NoShowLog.reverted_at.is_(None))
    ).one()
    return released, rebooked
