"""Doctors: adding them with their account, changing them, and what that does to their appointments."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.doctors import department_mistake, duration_mistake, maximum_mistake
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.shown import Concern, Shown
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import name_mistake, refuse_invalid
from hms_web.models import Doctor, new_id
from hms_web.services import (
    appointments,
    audit,
    cancelling,
    changes,
    doctor_previews,
    locks,
    settling,
    slot_making,
    unit_of_work,
    users,
)
from hms_web.services.appointments import AppointmentView, LocalRange
from hms_web.services.doctor_previews import left_to_see_to, would_be_cancelled
from hms_web.services.doctor_records import ORDERS, DoctorView, all_of, departments, get, list_doctors

__all__ = [
    "ORDERS",
    "CreatedDoctor",
    "DoctorChange",
    "DoctorChanged",
    "DoctorView",
    "NewDoctor",
    "add",
    "all_of",
    "change",
    "create",
    "departments",
    "get",
    "left_to_see_to",
    "list_doctors",
    "mistakes",
    "would_be_cancelled",
]

UNAVAILABLE_NOTE = phrase("Doctor unavailable")


@dataclass(frozen=True, slots=True)
class NewDoctor:
    """A doctor to be added with an account; without a password a one-time link is made to set one."""

    name: str
    email: str
    department: str
    slot_duration: int = 30
    max_patients_per_day: int = 30
    password: str | None = None


@dataclass(frozen=True, slots=True)
class DoctorChange:
    """What to change of a doctor; UNSET leaves it. Name and `is_active` are the account's."""

    name: str | Unset = UNSET
    department: str | Unset = UNSET
    slot_duration: int | Unset = UNSET
    max_patients_per_day: int | Unset = UNSET
    is_available: bool | Unset = UNSET
    is_active: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class CreatedDoctor:
    """A new doctor, and the link if the account has no password yet."""

    doctor: DoctorView
    link: users.OneTimeLink | None


@dataclass(frozen=True, slots=True)
class DoctorChanged:
    """A doctor after a change. The three figures are None unless `is_available` became false; `affected` are the
    appointments that another slot length left without a fitting time.
    """

    doctor: DoctorView
    cancelled_appointments: int | None = None
    notified_patients: int | None = None
    affected_appointment_ids: tuple[UUID, ...] | None = None
    affected: tuple[AppointmentView, ...] = ()


def _checks(wanted: NewDoctor, hospital: str = "") -> list[tuple[str, str | None]]:
    return [
        *users.checks(users.NewUser(wanted.name, wanted.email, Role.DOCTOR, wanted.password), hospital),
        ("department", department_mistake(wanted.department)),
        ("slotDuration", duration_mistake(wanted.slot_duration)),
        ("maxPatientsPerDay", maximum_mistake(wanted.max_patients_per_day)),
    ]


def mistakes(wanted: NewDoctor) -> list[tuple[str, str]]:
    """Return what is wrong with a new doctor, all of it, as pairs of field and sentence."""
    return [(field, sentence) for field, sentence in _checks(wanted) if sentence is not None]


def create(session: Session, actor: Actor, wanted: NewDoctor, *, now: datetime) -> CreatedDoctor:
    """Add a doctor with an account of the role DOCTOR; raises InvalidInput, or Refused EMAIL_TAKEN."""
    refuse_invalid(*_checks(wanted, users.hospital_name(session, actor)))

    return unit_of_work.run(session, lambda: add(session, actor, wanted, now=now))


def add(session: Session, actor: Actor, wanted: NewDoctor, *, now: datetime) -> CreatedDoctor:
    """Add the rows of a doctor inside the caller's unit of work; raises Refused EMAIL_TAKEN."""
    account = users.NewUser(wanted.name, wanted.email, Role.DOCTOR, wanted.password)
    user = users.add(session, actor, account, now=now)
    doctor = Doctor(
        id=new_id(),
        hospital_id=actor.hospital_id,
        user_id=user.id,
        department=wanted.department.strip(),
        slot_duration=wanted.slot_duration,
        max_patients_per_day=wanted.max_patients_per_day,
        is_available=True,
        created_at=now,
    )
    session.add(doctor)
    session.flush()
    link = None if wanted.password is not None else users.add_link(session, actor, user.id, now=now)
    details = {"user_id": user.id, "name": user.name, "department": doctor.department}
    figures = {"slot_duration": doctor.slot_duration, "max_patients_per_day": doctor.max_patients_per_day}
    audit.record_all(session, actor, [audit.Entry("doctor.created", "doctor", doctor.id, details | figures)], now=now)
    return CreatedDoctor(get(session, actor, doctor.id), link)


def _refuse_wrong(wanted: DoctorChange) -> None:
    refuse_invalid(
        ("name", None if isinstance(wanted.name, Unset) else name_mistake(wanted.name.strip())),
        ("department", None if isinstance(wanted.department, Unset) else department_mistake(wanted.department)),
        ("slotDuration", None if isinstance(wanted.slot_duration, Unset) else duration_mistake(wanted.slot_duration)),
        (
            "maxPatientsPerDay",
            None if isinstance(wanted.max_patients_per_day, Unset) else maximum_mistake(wanted.max_patients_per_day),
        ),
    )


def change(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    wanted: DoctorChange,
    *,
    now: datetime,
    seen: Mapping[str, object] | None = None,
    shown: Shown | None = None,
) -> DoctorChanged:
    """Change a doctor, with all that follows for appointments and slots, in one transaction.

    Who becomes unavailable has every upcoming appointment cancelled; another slot length makes the open slots anew; an
    account that is deactivated puts its upcoming appointments on the affected list. Raises InvalidInput, or Refused
    DOCTOR_NOT_FOUND, STALE_VERSION where the record no longer says what was `seen`, or MORE_CONCERNED when it concerns
    other appointments than were `shown`.
    """
    _refuse_wrong(wanted)

    def work() -> DoctorChanged:
        doctor = _locked(session, actor, doctor_id)
        if shown is not None:
            shown.refuse_unseen(_concerned(session, actor, doctor, wanted, now=now))
        columns = asdict(wanted)
        account = users.UserChange(name=columns.pop("name"), is_active=columns.pop("is_active"))
        columns = {name: value.strip() if isinstance(value, str) else value for name, value in columns.items()}
        changed = changes.apply(doctor, columns, seen)
        session.flush()
        if changed:
            audit.record(session, actor, "doctor.changed", "doctor", doctor_id, now=now, changes=changed)
        cancelled = _cancel_all(session, actor, doctor_id, now=now) if _became_unavailable(changed) else None
        if _is_available_again(changed):
            _lift(session, actor, doctor_id, now=now)
        affected: list[AppointmentView] = []
        if "slot_duration" in changed:
            affected = slot_making.resettle(session, actor, doctor_id, now=now).affected
        users.change(session, actor, doctor.user_id, account, now=now, seen=seen)
        return _told(get(session, actor, doctor_id), cancelled, affected)

    return unit_of_work.run(session, work)


def _concerned(session: Session, actor: Actor, doctor: Doctor, wanted: DoctorChange, *, now: datetime) -> list[Concern]:
    """Return whom a change would concern, and how."""
    if wanted.is_available is False and doctor.is_available:
        return doctor_previews.by_availability(session, actor, doctor.id, now=now)
    if wanted.is_active is False:
        return doctor_previews.by_account(session, actor, doctor.id, now=now)
    minutes = wanted.slot_duration
    if isinstance(minutes, Unset) or minutes == doctor.slot_duration:
        return []
    return doctor_previews.by_slot_length(session, actor, doctor.id, minutes, now=now)


def _locked(session: Session, actor: Actor, doctor_id: UUID) -> Doctor:
    locks.doctor(session, actor, doctor_id)
    query = select(Doctor).where(Doctor.hospital_id == actor.hospital_id, Doctor.id == doctor_id)
    doctor = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if doctor is None:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    return doctor


def _became_unavailable(changed: changes.Changes) -> bool:
    return changed.get("is_available", {}).get("to") is False


def _is_available_again(changed: changes.Changes) -> bool:
    return changed.get("is_available", {}).get("to") is True


def _lift(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> None:
    """Let nobody stand on the affected list because of a doctor who is back; what was cancelled stays cancelled."""
    everything = LocalRange(local_date(now, actor.zone), date.max)
    standing = appointments.standing_in(session, actor, [everything], doctor_id=doctor_id, now=now)
    settling.lift(session, actor, standing, AffectedCause.DOCTOR_UNAVAILABLE, now=now)


def _cancel_all(session: Session, actor: Actor, doctor_id: UUID, *, now: datetime) -> list[AppointmentView]:
    """Cancel what is to come; whoever is here stands on the affected list."""
    standing, event = doctor_previews.standing(session, actor, doctor_id, now=now), MessageEvent.DOCTOR_UNAVAILABLE
    left = [view for view in standing if view.is_here]
    settling.mark(session, actor, left, AffectedCause.DOCTOR_UNAVAILABLE, event, now=now)
    ids = [view.id for view in standing if not view.is_here]
    return cancelling.cancel_affected(session, actor, ids, note=UNAVAILABLE_NOTE, event=event, now=now)


def _told(
    doctor: DoctorView, cancelled: list[AppointmentView] | None, affected: list[AppointmentView]
) -> DoctorChanged:
    if cancelled is None:
        return DoctorChanged(doctor, affected=tuple(affected))
    people = {view.patient_id for view in cancelled}
    ids = tuple(view.id for view in cancelled)
    return DoctorChanged(doctor, len(ids), len(people), ids, tuple(affected))
