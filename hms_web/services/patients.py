"""Patient records: reading one, adding, changing, and who may be the same person."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.patients import (
    PatientStatus,
    Sex,
    birth_mistake,
    given_mrn,
    mrn_mistake,
    phone_mistake,
    same_phone_ending,
)
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import email_mistake, is_storable, name_mistake, refuse_invalid, tidy
from hms_web.models import Hospital, Patient, PatientKey, new_id
from hms_web.services import audit, changes, locks, patient_search, unit_of_work

MOST_DUPLICATES = 10
MRNS_AT_ONCE = 1000
_NAME, _PHONE_FROM_END = 0, 3
_LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class PatientView:
    """A patient record."""

    id: UUID
    mrn: str
    name: str
    phone: str | None
    email: str | None
    date_of_birth: date | None
    sex: Sex | None
    status: PatientStatus
    no_show_count: int
    lifetime_no_shows: int
    blocked_at: datetime | None
    blocked_reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient to be added; without an MRN the hospital gives its next number."""

    name: str
    phone: str | None = None
    date_of_birth: date | None = None
    sex: Sex | None = None
    email: str | None = None
    mrn: str | None = None


@dataclass(frozen=True, slots=True)
class PatientChange:
    """What to change of a patient; UNSET leaves it, None empties it."""

    name: str | Unset = UNSET
    phone: str | Unset = UNSET
    date_of_birth: date | None | Unset = UNSET
    sex: Sex | None | Unset = UNSET
    email: str | None | Unset = UNSET
    mrn: str | Unset = UNSET


@dataclass(frozen=True, slots=True)
class CreatedPatient:
    """A new patient, and those who may be the same person."""

    patient: PatientView
    possible_duplicates: list[PatientView]


def view(patient: Patient) -> PatientView:
    """Return a row as a record."""
    return PatientView(
        id=patient.id,
        mrn=patient.mrn,
        name=patient.name,
        phone=patient.phone,
        email=patient.email,
        date_of_birth=patient.date_of_birth,
        sex=Sex(patient.sex) if patient.sex else None,
        status=PatientStatus(patient.status),
        no_show_count=patient.no_show_count,
        lifetime_no_shows=patient.lifetime_no_shows,
        blocked_at=patient.blocked_at,
        blocked_reason=patient.blocked_reason,
        created_at=patient.created_at,
    )


def get(session: Session, actor: Actor, patient_id: UUID) -> PatientView:
    """Return one patient; raises Refused PATIENT_NOT_FOUND."""
    return view(_row(session, actor, patient_id))


def _row(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    query = select(Patient).where(Patient.hospital_id == actor.hospital_id, Patient.id == patient_id)
    patient = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if patient is None:
        raise Refused(Code.PATIENT_NOT_FOUND)
    return patient


def possible_duplicates(
    session: Session,
    actor: Actor,
    name: str,
    phone: str | None,
    date_of_birth: date | None,
    exclude: UUID | None = None,
    *,
    loosely: bool = False,
) -> list[PatientView]:
    """Return patients with the same phone number, however it is written, or the same name and date of birth.

    `loosely`, the same name is enough where the dates of birth do not contradict each other: one may be unknown.
    """
    same: list[ColumnElement[bool]] = []
    found: list[Select[UUID]] = []
    keys = select(PatientKey.patient_id).where(PatientKey.hospital_id == actor.hospital_id)
    ending = same_phone_ending(phone or "")
    if ending:
        same.append(Patient.phone_digits.like(f"%{ending}"))
        ends_so = PatientKey.key >= func.reverse(ending), PatientKey.key < func.concat(func.reverse(ending), _LAST)
        found.append(keys.where(PatientKey.kind == _PHONE_FROM_END, *ends_so))
    alike = " ".join(name.split())
    if alike and is_storable(alike) and (loosely or date_of_birth is not None):
        same_name = Patient.name.ilike(patient_search.escaped(alike), escape="\\")
        found.append(keys.where(PatientKey.kind == _NAME, PatientKey.key == func.lower(alike)))
        if date_of_birth is None:
            same.append(same_name)
        else:
            born = Patient.date_of_birth == date_of_birth
            same.append(and_(same_name, or_(born, Patient.date_of_birth.is_(None)) if loosely else born))
    if not same:
        return []
    # Who may be the same is found by keys, which stand in order; what makes them the same is not looked for by itself.
    query = select(Patient).where(
        Patient.hospital_id == actor.hospital_id,
        Patient.id.in_(union(*found)),
        or_(*same).is_(other=True),
    )
    if exclude is not None:
        query = query.where(Patient.id != exclude)
    return [view(row) for row in session.scalars(query.order_by(Patient.name, Patient.id).limit(MOST_DUPLICATES))]


def checked(wanted: NewPatient | PatientChange, today: date, *, needs_phone: bool = True) -> dict[str, Any]:
    """Return the tidied columns that are set; raises InvalidInput with everything that is wrong.

    Whoever is added or changed by hand has a phone number; records that are imported may lack one.
    """
    given = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    given = {
        name: tidy(value) if isinstance(value, str) else value for name, value in given.items() if value is not UNSET
    }
    has_none = "phone" in given and given["phone"] is None
    refuse_invalid(
        ("name", name_mistake(given["name"] or "") if "name" in given else None),
        ("phone", phrase("Enter a phone number.") if has_none and needs_phone else phone_mistake(given.get("phone"))),
        ("dateOfBirth", birth_mistake(given.get("date_of_birth"), today)),
        ("email", email_mistake(given["email"]) if given.get("email") else None),
        ("mrn", mrn_mistake(given.get("mrn"))),
    )
    if "name" in given:
        given["name"] = " ".join(given["name"].split())
    return given


def create(session: Session, actor: Actor, wanted: NewPatient, *, now: datetime) -> CreatedPatient:
    """Add a patient; raises InvalidInput, or Refused MRN_TAKEN. Possible duplicates are told, not refused."""
    given = checked(wanted, local_date(now, actor.zone))

    def work() -> CreatedPatient:
        if given["mrn"]:
            _refuse_taken(session, actor, given["mrn"])
        mrn = given["mrn"] or _next_mrn(session, actor)
        fresh = {"status": PatientStatus.ACTIVE, "no_show_count": 0, "lifetime_no_shows": 0, "created_at": now}
        patient = Patient(id=new_id(), hospital_id=actor.hospital_id, **(given | {"mrn": mrn} | fresh))
        session.add(patient)
        session.flush()
        audit.record(session, actor, "patient.created", "patient", patient.id, now=now, **(given | {"mrn": mrn}))
        duplicates = possible_duplicates(
            session, actor, patient.name, patient.phone, patient.date_of_birth, exclude=patient.id
        )
        return CreatedPatient(view(patient), duplicates)

    return unit_of_work.run(session, work)


def _refuse_taken(session: Session, actor: Actor, mrn: str) -> None:
    taken = select(Patient.id).where(Patient.hospital_id == actor.hospital_id, Patient.mrn == mrn)
    if session.scalar(taken) is not None:
        raise Refused(Code.MRN_TAKEN, mrn=mrn)


def _next_mrn(session: Session, actor: Actor) -> str:
    """Take the hospital's next free number; the lock of its row makes others wait for theirs."""
    locked = select(Hospital).where(Hospital.id == actor.hospital_id).with_for_update(key_share=True)
    hospital = session.scalars(locked.execution_options(populate_existing=True)).one()
    first, count = hospital.last_mrn + 1, 1
    while True:
        numbers = {given_mrn(number): number for number in range(first, first + count)}
        query = select(Patient.mrn).where(Patient.hospital_id == actor.hospital_id, Patient.mrn.in_(numbers))
        free = numbers.keys() - set(session.scalars(query))
        if free:
            hospital.last_mrn = min(numbers[mrn] for mrn in free)
            return given_mrn(hospital.last_mrn)
        first, count = first + count, MRNS_AT_ONCE


def change(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    wanted: PatientChange,
    *,
    now: datetime,
    seen: Mapping[str, object] | None = None,
) -> PatientView:
    """Change a patient's record, where it still says what was `seen`.

    Raises InvalidInput, or Refused PATIENT_NOT_FOUND, MRN_TAKEN or STALE_VERSION.
    """
    given = checked(wanted, local_date(now, actor.zone))
    refuse_invalid(("mrn", phrase("A patient keeps a number.") if "mrn" in given and not given["mrn"] else None))

    def work() -> PatientView:
        locks.patient(session, actor, patient_id)
        patient = _row(session, actor, patient_id)
        if given.get("mrn", patient.mrn) != patient.mrn:
            _refuse_taken(session, actor, given["mrn"])
        changed = changes.apply(patient, given, seen)
        if changed:
            session.flush()
            audit.record(session, actor, "patient.changed", "patient", patient_id, now=now, changes=changed)
        return view(patient)

    return unit_of_work.run(session, work)
