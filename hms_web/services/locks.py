"""Row locks, taken once and in one order: patient, doctor, appointment, consultation, then the hospital's own row.

Every use case that changes what the booking checks look at holds the lock of the doctor concerned; one that takes a
patient's time holds the patient's too. A doctor's lock covers the doctor's slots, holds, blocks, hours, absences and
day count. The locks are `FOR NO KEY UPDATE`, so that a row that merely refers to a patient or doctor can still be
written meanwhile.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, GenerativeSelect, TextClause, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import PatientStatus
from hms_web.models import Appointment, Consultation, Doctor, Patient
from hms_web.services import asking, unit_of_work

S = TypeVar("S", bound=GenerativeSelect)

# Tests switch the locks off to show that the race they test is real; nothing else may.
GUARD = {"on": True}


# What every booking locks, written out: with the lock, and without it for the tests.
_OF_HOSPITAL = "WHERE hospital_id = :hospital AND id = :wanted"
_PATIENT = f"SELECT status, name, mrn, phone, blocked_reason FROM patients {_OF_HOSPITAL}"  # noqa: S608 our own words
_DOCTOR = f"SELECT id FROM doctors {_OF_HOSPITAL}"  # noqa: S608 our own words


# Both at once where neither is held by somebody else: the doctor only once the patient is locked, as the order is.
_BOTH = """
SELECT p.*, d.id AS doctor_id FROM ({patient}) p
  LEFT JOIN LATERAL (SELECT id FROM doctors
                      WHERE hospital_id = :hospital AND id = :doctor AND p.status IS NOT NULL{lock}) d ON true
"""


@cache
def _written(statement: str, *, is_on: bool) -> TextClause:
    return text(f"{statement} FOR NO KEY UPDATE" if is_on else statement)


@cache
def _both(*, is_on: bool) -> TextClause:
    lock = " FOR NO KEY UPDATE SKIP LOCKED" if is_on else ""
    return text(_BOTH.format(patient=_PATIENT + lock, lock=lock))


def _locked(statement: S) -> S:
    return statement.with_for_update(key_share=True) if GUARD["on"] else statement


def _mine(
    hospital: InstrumentedAttribute[UUID], row_id: InstrumentedAttribute[UUID], actor: Actor, wanted: UUID
) -> ColumnElement[bool]:
    return (hospital == actor.hospital_id) & (row_id == wanted)


@dataclass(frozen=True, slots=True)
class LockedPatient:
    """What a booking needs of a patient, as it stands under the lock."""

    status: PatientStatus
    name: str
    mrn: str
    phone: str | None
    blocked_reason: str | None


def patient(session: Session, actor: Actor, patient_id: UUID) -> LockedPatient | None:
    """Lock a patient and return what a booking needs of it, or None if the hospital has no such patient."""
    given = {"hospital": actor.hospital_id, "wanted": patient_id}
    statement = _written(_PATIENT, is_on=GUARD["on"])
    found = unit_of_work.rows_waited_for(session, statement, given, row=patient_id)
    if not found:
        return None
    return _locked_patient(found[0])


def _locked_patient(row: Any) -> LockedPatient:  # noqa: ANN401 a row of `_PATIENT`
    return LockedPatient(PatientStatus(row.status), row.name, row.mrn, row.phone, row.blocked_reason)


def patient_and_doctor(session: Session, actor: Actor, patient_id: UUID, doctor_id: UUID) -> LockedPatient | None:
    """Lock a patient and then a doctor, and return what `patient` does; with one question where both are free."""
    given = {"hospital": actor.hospital_id, "wanted": patient_id, "doctor": doctor_id}
    found = asking.rows(session, _both(is_on=GUARD["on"]), given)
    locked = _locked_patient(found[0]) if found else patient(session, actor, patient_id)
    if not found or found[0].doctor_id is None:
        doctor(session, actor, doctor_id)
    return locked


def doctors(session: Session, actor: Actor, doctor_ids: Iterable[UUID]) -> set[UUID]:
    """Lock doctors of the hospital in the order of their ids; return those that exist."""
    keys = set(doctor_ids)
    wanted = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id, Doctor.id.in_(keys))
    only = next(iter(keys)) if len(keys) == 1 else None
    return set(unit_of_work.wait_for(session, _locked(wanted.order_by(Doctor.id)), row=only).scalars())


def doctor(session: Session, actor: Actor, doctor_id: UUID) -> bool:
    """Lock one doctor; return whether the hospital has such a doctor."""
    given = {"hospital": actor.hospital_id, "wanted": doctor_id}
    statement = _written(_DOCTOR, is_on=GUARD["on"])
    return bool(unit_of_work.rows_waited_for(session, statement, given, row=doctor_id))


def all_doctors(session: Session, actor: Actor) -> set[UUID]:
    """Lock every doctor of the hospital, for what touches all of them, like a holiday."""
    wanted = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id).order_by(Doctor.id)
    return set(unit_of_work.wait_for(session, _locked(wanted)).scalars())


def appointment(session: Session, actor: Actor, appointment_id: UUID) -> Appointment | None:
    """Lock an appointment and return it as it stands now, or None. Its patient and doctor have to be locked before."""
    wanted = select(Appointment).where(_mine(Appointment.hospital_id, Appointment.id, actor, appointment_id))
    statement = _locked(wanted).execution_options(populate_existing=True)
    return unit_of_work.wait_for(session, statement, row=appointment_id).scalars().one_or_none()


def visits(
    session: Session, actor: Actor, appointment_ids: Collection[UUID], *, also_doctors: Iterable[UUID] = ()
) -> dict[UUID, Appointment]:
    """Lock many appointments with their patients and doctors, and doctors they may move to, each kind in the order of
    its ids; return those that exist as they stand.
    """
    mine = (Appointment.hospital_id == actor.hospital_id) & Appointment.id.in_(appointment_ids)
    people = set(session.scalars(select(Appointment.patient_id).where(mine)))
    wanted = select(Patient.id).where(Patient.hospital_id == actor.hospital_id, Patient.id.in_(people))
    unit_of_work.wait_for(session, _locked(wanted.order_by(Patient.id)))
    here = session.scalars(select(Appointment.doctor_id).where(mine))
    doctors(session, actor, {*here, *also_doctors})
    statement = _locked(select(Appointment).where(mine).order_by(Appointment.id))
    rows = unit_of_work.wait_for(session, statement.execution_options(populate_existing=True))
    return {row.id: row for row in rows.scalars()}


def visit(
    session: Session, actor: Actor, appointment_id: UUID, *, also_doctor: UUID | None = None
) -> Appointment | None:
    """Lock an appointment with its patient and doctor, and a doctor it may move to; return it as it stands, or None."""
    mine = _mine(Appointment.hospital_id, Appointment.id, actor, appointment_id)
    whose = select(Appointment.patient_id).where(mine).scalar_subquery()
    person = select(Patient.id).where(Patient.hospital_id == actor.hospital_id, Patient.id == whose)
    if unit_of_work.wait_for(session, _locked(person)).one_or_none() is None:
        return None
    # Whoever moves an appointment holds its patient's lock, so from here on its doctor stays the same.
    seen_by = Doctor.id == select(Appointment.doctor_id).where(mine).scalar_subquery()
    wanted = seen_by if also_doctor is None else or_(seen_by, Doctor.id == also_doctor)
    people = select(Doctor.id).where(Doctor.hospital_id == actor.hospital_id, wanted).order_by(Doctor.id)
    unit_of_work.wait_for(session, _locked(people)).all()
    return appointment(session, actor, appointment_id)


def consultation(session: Session, actor: Actor, consultation_id: UUID) -> Consultation | None:
    """Lock a consultation and return it as it stands now, or None. Whoever also locks its visit has done so before."""
    wanted = select(Consultation).where(_mine(Consultation.hospital_id, Consultation.id, actor, consultation_id))
    statement = _locked(wanted).execution_options(populate_existing=True)
    return unit_of_work.wait_for(session, statement).scalars().one_or_none()
