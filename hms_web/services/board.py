"""The flow of today: who is expected, here, with the doctor or done, loaded with one statement.

This is a hot path: every open board asks again and again. So a page first asks for a fingerprint of what it would
show, which the database makes of the rows by itself, and the rows are only read when it differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, cast, exists, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from hms_web.domain.alerts import LIVE, Visit, Wait, wait_of
from hms_web.domain.consultations import ConsultationStatus
from hms_web.domain.flow import Stage, stage_of
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span, local_date
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, Consultation, Doctor, Patient, StageAlert, User


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Whose people are shown; None is everybody's."""

    doctor_id: UUID | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One of today's appointments, with what a board shows of it; `has_alert` says that an alert is out."""

    appointment_id: UUID
    version: int
    patient_id: UUID
    patient_name: str
    patient_mrn: str
    doctor_id: UUID
    doctor_name: str
    department: str
    start_time: time
    starts_at: datetime
    slot_minutes: int
    status: AppointmentStatus
    reason: str | None
    token_number: int
    checked_in_at: datetime | None
    vitals_recorded_at: datetime | None
    is_affected: bool
    consultation_id: UUID | None
    seen_since: datetime | None
    done_at: datetime | None
    has_alert: bool

    @property
    def stage(self) -> Stage | None:
        """Where the patient is; None for who is not coming."""
        return stage_of(self.status, self.vitals_recorded_at)

    @property
    def since(self) -> datetime:
        """From when on the patient waits at this stage, as the alerts count it: for the doctor not before the slot
        begins. Of one who is with the doctor or done, since when; of one who is expected, from when on they are late.
        """
        if self._wait:
            return self._wait.since
        since = {Stage.WITH_DOCTOR: self.seen_since, Stage.DONE: self.done_at}
        return (self.stage and since.get(self.stage)) or self.starts_at

    @property
    def too_long_at(self) -> datetime | None:
        """From when on the patient has waited too long at this stage, as the alerts count it."""
        if self.stage is Stage.EXPECTED:
            return self.starts_at
        return self._wait.too_long_at if self._wait else None

    @property
    def _wait(self) -> Wait | None:
        return wait_of(
            Visit(self.status, self.starts_at, self.slot_minutes, self.checked_in_at, self.vitals_recorded_at)
        )


_SEEN = (
    select(Consultation.id, Consultation.started_at, Consultation.completed_at)
    .where(Consultation.appointment_id == Appointment.id, Consultation.status != ConsultationStatus.ABANDONED)
    .limit(1)
    .lateral("seen")
)
_HAS_ALERT = exists().where(StageAlert.appointment_id == Appointment.id, StageAlert.status.in_(LIVE))
_COLUMNS: tuple[Any, ...] = (
    Appointment.id,
    Appointment.version,
    Appointment.patient_id,
    Patient.name,
    Patient.mrn,
    Appointment.doctor_id,
    User.name,
    Doctor.department,
    Appointment.start_time,
    Appointment.starts_at,
    Appointment.slot_minutes,
    Appointment.status,
    Appointment.reason,
    Appointment.token_number,
    Appointment.checked_in_at,
    Appointment.vitals_recorded_at,
    Appointment.affected_cause.is_not(None),
    _SEEN.c.id,
    _SEEN.c.started_at,
    _SEEN.c.completed_at,
    _HAS_ALERT,
)
_STATUS = _COLUMNS.index(Appointment.status)


def _today(actor: Actor, wanted: BoardFilter, now: datetime, columns: Sequence[Any]) -> Select[*tuple[Any, ...]]:
    today = day_span(local_date(now, actor.zone), actor.zone)
    conditions: list[ColumnElement[bool]] = [
        Appointment.hospital_id == actor.hospital_id,
        Appointment.starts_at >= today.starts_at,
        Appointment.starts_at < today.ends_at,
    ]
    if wanted.doctor_id is not None:
        conditions.append(Appointment.doctor_id == wanted.doctor_id)
    if wanted.department is not None:
        conditions.append(Doctor.department == wanted.department)
    return (
        select(*columns)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(User, User.id == Doctor.user_id)
        .outerjoin(_SEEN, true())
        .where(*conditions)
    )


def rows(session: Session, actor: Actor, wanted: BoardFilter, *, now: datetime) -> list[BoardRow]:
    """Return today's appointments, cancelled ones and no-shows too, in the order of their time."""
    ordered = _today(actor, wanted, now, _COLUMNS).order_by(Appointment.starts_at, Appointment.id)
    found = []
    for row in session.execute(ordered):
        values = list(row)
        values[_STATUS] = AppointmentStatus(values[_STATUS])
        found.append(BoardRow(*values))
    return found


def fingerprint(session: Session, actor: Actor, wanted: BoardFilter, *, now: datetime) -> str:
    """Return a short text that differs as soon as today's rows would: with the day, a change, a name, an alert, and
    when somebody becomes late.
    """
    parts = (
        Appointment.id,
        Appointment.version,
        Appointment.starts_at <= now,
        Patient.name,
        User.name,
        Doctor.department,
        _HAS_ALERT,
    )
    each = func.concat_ws("|", *(cast(part, Text) for part in parts))
    whole = func.md5(func.string_agg(each, aggregate_order_by(literal(","), Appointment.id)))
    made = session.scalar(_today(actor, wanted, now, [whole]))
    return f"{local_date(now, actor.zone):%m%d}{made or ''}"
