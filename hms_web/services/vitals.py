"""Taking vitals, and reading what was taken."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import refuse_invalid
from hms_web.domain.validation import tidy as tidy_text
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import READINGS, TAKEN_IN, Readings, Unusual, age_in_years, mistakes, tidy, unusual
from hms_web.models import Appointment, Patient, User, Vitals, new_id
from hms_web.services import audit, locks, stage_alerts, unit_of_work

_FIGURES = [reading.name for reading in READINGS]


@dataclass(frozen=True, slots=True)
class VitalsView:
    """One taking of readings: by whom, when, and which of them are unusual for somebody of that age."""

    id: UUID
    appointment_id: UUID
    readings: Readings
    note: str | None
    recorded_at: datetime
    recorded_by: str | None
    unusual: tuple[Unusual, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """The newest figure of each reading of a visit, and the names of those that are unusual at the patient's age."""

    readings: Readings
    unusual: frozenset[str]


def record(
    session: Session, actor: Actor, appointment_id: UUID, readings: Readings, *, note: str | None = None, now: datetime
) -> VitalsView | Refusal:
    """Write down what was measured of somebody who is here today; the first taking sets `vitals_recorded_at`.

    Every taking stays, the newest figure of each reading counts. Refuses APPOINTMENT_NOT_FOUND, and INVALID_TRANSITION
    for somebody who is not checked in, or not today. Raises InvalidInput for what no body does, Busy.
    """
    measured = tidy(readings)
    refuse_invalid(*mistakes(measured, note))
    return unit_of_work.run(session, lambda: _record(session, actor, appointment_id, measured, note, now))


def _record(
    session: Session, actor: Actor, appointment_id: UUID, measured: Readings, note: str | None, now: datetime
) -> VitalsView | Refusal:
    appointment = locks.visit(session, actor, appointment_id)
    if appointment is None:
        return Refusal(Code.APPOINTMENT_NOT_FOUND)
    status = AppointmentStatus(appointment.status)
    if status not in TAKEN_IN:
        return Refusal(Code.INVALID_TRANSITION, {"from": status, "vitals": True})
    if appointment.date != local_date(now, actor.zone):
        return Refusal(Code.INVALID_TRANSITION, {"from": status, "vitals": True, "day": appointment.date})
    row = Vitals(
        id=new_id(),
        hospital_id=actor.hospital_id,
        appointment_id=appointment_id,
        **asdict(measured),
        note=tidy_text(note),
        recorded_by_id=actor.user_id,
        recorded_at=now,
    )
    session.add(row)
    appointment.vitals_recorded_at = appointment.vitals_recorded_at or now
    appointment.version += 1
    session.flush()
    # Which readings, never their figures: the trail is read by more people than the record.
    details = {"readings": [reading.name for reading, _ in measured.taken()]}
    audit.record(session, actor, "appointment.vitals_recorded", "appointment", appointment_id, now=now, **details)
    stage_alerts.resolve_for(session, actor, appointment_id, now=now)
    return of_appointment(session, actor, appointment_id)[0]


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    figures = [getattr(Vitals, name) for name in _FIGURES]
    return (
        select(
            Vitals.id,
            Vitals.appointment_id,
            Vitals.note,
            Vitals.recorded_at,
            User.name.label("recorded_by"),
            Patient.date_of_birth,
            *figures,
        )
        .join(Appointment, Appointment.id == Vitals.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(User, User.id == Vitals.recorded_by_id)
        .where(Vitals.hospital_id == actor.hospital_id)
        .order_by(Vitals.recorded_at.desc(), Vitals.id.desc())
    )


def _readings(row: Row[*tuple[Any, ...]]) -> Readings:
    return Readings(**{name: getattr(row, name) for name in _FIGURES})


def of_appointment(session: Session, actor: Actor, appointment_id: UUID) -> list[VitalsView]:
    """Return every taking of an appointment, the latest first."""
    rows = session.execute(_selected(actor).where(Vitals.appointment_id == appointment_id))
    return [_view(row, actor) for row in rows]


def _view(row: Row[*tuple[Any, ...]], actor: Actor) -> VitalsView:
    readings = _readings(row)
    age = _age(row.date_of_birth, row.recorded_at, actor)
    return VitalsView(
        row.id, row.appointment_id, readings, row.note, row.recorded_at, row.recorded_by, unusual(readings, age)
    )


def _age(born: date | None, at: datetime, actor: Actor) -> int | None:
    return age_in_years(born, local_date(at, actor.zone))


def latest(session: Session, actor: Actor, appointment_ids: Iterable[UUID]) -> dict[UUID, Measured]:
    """Return the newest figure of each reading, by appointment; one without any is left out. One statement."""
    wanted = list(appointment_ids)
    if not wanted:
        return {}
    found: dict[UUID, dict[str, Any]] = {}
    ages: dict[UUID, int | None] = {}
    for row in session.execute(_selected(actor).where(Vitals.appointment_id.in_(wanted))):
        figures = found.setdefault(row.appointment_id, {})
        ages.setdefault(row.appointment_id, _age(row.date_of_birth, row.recorded_at, actor))
        for name, value in asdict(_readings(row)).items():
            if value is not None:
                figures.setdefault(name, value)
    return {key: _measured(Readings(**figures), ages[key]) for key, figures in found.items()}


def _measured(readings: Readings, age: int | None) -> Measured:
    return Measured(readings, frozenset(one.name for one in unusual(readings, age)))
