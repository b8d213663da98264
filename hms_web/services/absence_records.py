"""Doctors' absences: what they look like, going in and coming out, and reading them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceSpan, AbsenceStatus, AbsenceType
from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET, Unset
from hms_web.models import DoctorAbsence
from hms_web.services import paging


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """An absence as lists and forms show it."""

    id: UUID
    doctor_id: UUID
    absence_type: AbsenceType
    start_date: date
    end_date: date
    start_time: time | None
    end_time: time | None
    reason: str | None
    status: AbsenceStatus
    created_at: datetime

    @property
    def is_full_day(self) -> bool:
        """Whether whole days are meant."""
        return self.start_time is None

    @property
    def span(self) -> AbsenceSpan:
        """The time that it covers."""
        return AbsenceSpan(self.start_date, self.end_date, self.start_time, self.end_time, self.absence_type, self.id)


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """An absence that is asked for."""

    absence_type: AbsenceType
    start_date: date
    end_date: date
    is_full_day: bool = True
    start_time: time | None = None
    end_time: time | None = None
    reason: str | None = None

    @property
    def span(self) -> AbsenceSpan:
        """The time that it would cover."""
        return AbsenceSpan(self.start_date, self.end_date, self.start_time, self.end_time, self.absence_type)


@dataclass(frozen=True, slots=True)
class AbsenceChange:
    """What to change of an absence; UNSET leaves it. Whole days need no hours to be emptied."""

    absence_type: AbsenceType | Unset = UNSET
    start_date: date | Unset = UNSET
    end_date: date | Unset = UNSET
    is_full_day: bool | Unset = UNSET
    start_time: time | None | Unset = UNSET
    end_time: time | None | Unset = UNSET
    reason: str | None | Unset = UNSET


def view(absence: DoctorAbsence) -> AbsenceView:
    """Return a row as lists and forms show it."""
    return AbsenceView(
        id=absence.id,
        doctor_id=absence.doctor_id,
        absence_type=AbsenceType(absence.absence_type),
        start_date=absence.start_date,
        end_date=absence.end_date,
        start_time=absence.start_time,
        end_time=absence.end_time,
        reason=absence.reason,
        status=AbsenceStatus(absence.status),
        created_at=absence.created_at,
    )


def list_absences(  # noqa: PLR0913 a list has its filters
    session: Session,
    actor: Actor,
    doctor_id: UUID | None = None,
    *,
    first: date | None = None,
    last: date | None = None,
    status: AbsenceStatus | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> paging.Page[AbsenceView]:
    """Return absences that touch the days from `first` to `last`, earliest first, of one doctor or of all."""
    limit = paging.checked_limit(limit)
    query = select(DoctorAbsence).where(DoctorAbsence.hospital_id == actor.hospital_id)
    if doctor_id is not None:
        query = query.where(DoctorAbsence.doctor_id == doctor_id)
    if first is not None:
        query = query.where(DoctorAbsence.end_date >= first)
    if last is not None:
        query = query.where(DoctorAbsence.start_date <= last)
    if status is not None:
        query = query.where(DoctorAbsence.status == status)
    if cursor is not None:
        after = paging.read_cursor(cursor, date, UUID)
        query = query.where(tuple_(DoctorAbsence.start_date, DoctorAbsence.id) > after)
    earliest = query.order_by(DoctorAbsence.start_date, DoctorAbsence.id)
    rows = session.scalars(earliest.limit(paging.one_more(limit))).all()
    return paging.page(rows, limit, view, lambda item: (item.start_date, item.id))


def get(session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID) -> AbsenceView:
    """Return one of a doctor's absences; raises Refused ABSENCE_NOT_FOUND."""
    return view(row(session, actor, doctor_id, absence_id))


def row(session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID) -> DoctorAbsence:
    """Return the row itself, as it stands now; raises Refused ABSENCE_NOT_FOUND."""
    query = select(DoctorAbsence).where(
        DoctorAbsence.hospital_id == actor.hospital_id,
        DoctorAbsence.doctor_id == doctor_id,
        DoctorAbsence.id == absence_id,
    )
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise Refused(Code.ABSENCE_NOT_FOUND)
    return found
