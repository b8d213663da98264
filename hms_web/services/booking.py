"""Booking and rescheduling: the fourteen checks inside one transaction that cannot race (product.md, Booking)."""

import datetime as dt
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from hms_web.domain.booking import BookingFacts, PatientFacts, Wanted, first_refusal
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import Span, first_instant, local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import INACTIVE, UPCOMING, AppointmentStatus, AppointmentType
from hms_web.models import Appointment, DoctorSlot, new_id
from hms_web.services import appointments, audit, locks, outbox, slot_making, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.facts import DoctorFacts, StoredSlot

LONGEST_REASON = 500
LONGEST_NOTES = 2000


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a booking asks for; `date` and `time` are the hospital's. `override_reason` lets an admin book a blocked patient."""

    patient_id: UUID
    doctor_id: UUID
    date: dt.date
    time: dt.time
    type: AppointmentType = AppointmentType.CONSULTATION
    reason: str | None = None
    hold_token: str | None = None
    override_reason: str | None = None
    import_key: str | None = None


@dataclass(frozen=True, slots=True)
class AppointmentChange:
    """What a change asks for; another date, time or doctor is a reschedule. A given `version` has to be the current one."""

    date: dt.date | Unset = UNSET
    time: dt.time | Unset = UNSET
    doctor_id: UUID | Unset = UNSET
    reason: str | None | Unset = UNSET
    notes: str | None | Unset = UNSET
    version: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A wanted time with what is known about it."""

    doctor: DoctorFacts | None
    slot: StoredSlot | None
    wanted: Wanted
    minutes: int = field(default=0)


def book(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> AppointmentView | Refusal:
    """Book a patient into a doctor's slot, or return the first of the fourteen refusals.

    Writes appointment, audit event and outbox rows in one transaction, under the locks of patient and doctor. Raises
    InvalidInput for texts that are too long, Busy when the database cannot answer in time.
    """
    _refuse_long_texts(reason=request.reason)
    return unit_of_work.run(session, lambda: _book(session, actor, request, now))


def _refuse_long_texts(*, reason: str | None = None, notes: str | None = None) -> None:
    refuse_invalid(("reason", note_mistake(reason, LONGEST_REASON)), ("notes", note_mistake(notes, LONGEST_NOTES)))


def _book(session: Session, actor: Actor, request: BookingRequest, now: datetime) -> AppointmentView | Refusal:
    patient = locks.patient(session, actor, request.patient_id)
    locks.doctor(session, actor, request.doctor_id)
    place = _place(session, actor, request.doctor_id, request.date, request.time, now)
    overlook = actor.role is Role.ADMIN and bool(request.override_reason and request.override_reason.strip())
    facts = _facts(session, actor, request.patient_id, patient, place, now=now, overlook_block=overlook)
    refusal = first_refusal(facts, now)
    if refusal is not None or place.doctor is None or place.slot is None or patient is None:
        return refusal or Refusal(Code.NOT_A_SLOT)
    values: dict[str, Any] = {
        "id": new_id(),
        "hospital_id": actor.hospital_id,
        "patient_id": request.patient_id,
        **_time_of(place),
        "status": AppointmentStatus.SCHEDULED,
        "type": request.type,
        "reason": tidy(request.reason),
        "token_number": _next_token(place),
        "import_key": request.import_key,
        "created_by_id": actor.user_id,
        "created_at": now,
    }
    token = session.execute(insert(Appointment).values(values).returning(Appointment.token_number)).scalar_one()
    view = AppointmentView(
        id=values["id"],
        patient_id=request.patient_id,
        patient_name=patient.name,
        patient_mrn=patient.mrn,
        patient_phone=patient.phone,
        doctor_id=request.doctor_id,
        doctor_name=place.doctor.name,
        department=place.doctor.department,
        **{
            name: values[name]
            for name in ("date", "start_time", "end_time", "starts_at", "ends_at", "status", "type", "reason")
        },
        notes=None,
        checked_in_at=None,
        vitals_recorded_at=None,
        token_number=token,
        version=1,
        affected_cause=None,
        cancel_reason=None,
        created_at=now,
        created_by_id=actor.user_id,
        created_by=actor.name if actor.user_id else None,
    )
    _let_go_of_hold(session, place.slot)
    details = {
        "doctor_id": view.doctor_id,
        "patient_id": view.patient_id,
        "starts_at": view.starts_at,
        "token_number": token,
    }
    overridden = (
        {"override_reason": request.override_reason}
        if facts.overlook_block and patient.status == PatientStatus.BLOCKED
        else {}
    )
    audit.record(session, actor, "appointment.booked", "appointment", view.id, now=now, **details, **overridden)
    outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, MessageEvent.BOOKED)], now=now)
    return view


def _place(session: Session, actor: Actor, doctor_id: UUID, day: date, at: time, now: datetime) -> _Place:
    """Find the slot that starts at a local time; the day's slots are made if it has none yet."""
    doctor = slot_making.ensure(session, actor, [doctor_id], day, day, now=now).get(doctor_id)
    slot = next((s for s in doctor.slots_on(day) if s.time.start == at), None) if doctor else None
    if slot is not None:
        wanted = Wanted(day, slot.time.start, slot.time.end, slot.time.span)
        return _Place(
            doctor, slot, wanted, round((slot.time.span.ends_at - slot.time.span.starts_at).total_seconds() / 60)
        )
    minutes = doctor.slot_duration if doctor else 1
    starts_at = first_instant(day, at, actor.zone)
    end = (datetime.combine(day, at) + timedelta(minutes=minutes)).time()
    return _Place(doctor, None, Wanted(day, at, max(at, end), Span(starts_at, starts_at + timedelta(minutes=minutes))))


def _facts(  # noqa: PLR0913 the facts of fourteen checks come from several places
    session: Session,
    actor: Actor,
    patient_id: UUID,
    patient: Any,  # noqa: ANN401 a row of locks.patient
    place: _Place,
    *,
    now: datetime,
    overlook_block: bool,
    without: UUID | None = None,
) -> BookingFacts:
    facts = None
    if patient is not None:
        busy = _busy(session, patient_id, place.wanted.span, without)
        facts = PatientFacts(PatientStatus(patient.status), busy, patient.blocked_reason)
    return BookingFacts(
        wanted=place.wanted,
        today=local_date(now, actor.zone),
        patient=facts,
        doctor=place.doctor.on(place.wanted.day, without=without) if place.doctor else None,
        is_slot=place.slot is not None,
        hold=place.slot.hold if place.slot else None,
        user_id=actor.user_id,
        overlook_block=overlook_block,
    )


def _busy(session: Session, patient_id: UUID, span: Span, without: UUID | None) -> list[Span]:
    wanted = select(Appointment.starts_at, Appointment.ends_at).where(
        Appointment.patient_id == patient_id,
        Appointment.status.not_in(INACTIVE),
        func.tstzrange(Appointment.starts_at, Appointment.ends_at).op("&&")(
            func.tstzrange(span.starts_at, span.ends_at)
        ),
    )
    if without is not None:
        wanted = wanted.where(Appointment.id != without)
    return [Span(*row) for row in session.execute(wanted)]


def _time_of(place: _Place) -> dict[str, Any]:
    wanted, doctor = place.wanted, place.doctor
    assert doctor is not None  # noqa: S101 only asked of a place that passed the checks
    return {
        "doctor_id": doctor.doctor_id,
        "date": wanted.day,
        "start_time": wanted.start,
        "end_time": wanted.end,
        "starts_at": wanted.span.starts_at,
        "ends_at": wanted.span.ends_at,
        "slot_minutes": place.minutes,
    }


def _next_token(place: _Place) -> Any:  # noqa: ANN401 an SQL expression
    """The doctor's next number of the day, counted in the same statement; cancelled appointments keep theirs."""
    assert place.doctor is not None  # noqa: S101
    taken = select(func.coalesce(func.max(Appointment.token_number), 0) + 1)
    return taken.where(
        Appointment.doctor_id == place.doctor.doctor_id, Appointment.date == place.wanted.day
    ).scalar_subquery()


def _let_go_of_hold(session: Session, slot: StoredSlot) -> None:
    if slot.hold is not None:
        empty = {"held_by_id": None, "held_until": None, "hold_token_hash": None}
        session.execute(update(DoctorSlot).where(DoctorSlot.id == slot.slot_id).values(empty))


def change(
    session: Session, actor: Actor, appointment_id: UUID, wanted: AppointmentChange, *, now: datetime
) -> AppointmentView | Refusal:
    """Change an appointment's words, or move it to another time or doctor, keeping its id and history.

    A move runs all checks without counting the appointment itself, and is allowed for a blocked patient. Nothing is
    changed when it is refused: the old slot is kept. Raises InvalidInput, Busy.
    """
    given = {"reason": wanted.reason, "notes": wanted.notes}
    texts = {name: tidy(value) for name, value in given.items() if not isinstance(value, Unset)}
    _refuse_long_texts(**texts)
    return unit_of_work.run(session, lambda: _change(session, actor, appointment_id, wanted, texts, now))


def _change(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    wanted: AppointmentChange,
    texts: dict[str, str | None],
    now: datetime,
) -> AppointmentView | Refusal:
    also = None if isinstance(wanted.doctor_id, Unset) else wanted.doctor_id
    appointment = locks.visit(session, actor, appointment_id, also_doctor=also)
    if appointment is None:
        return Refusal(Code.APPOINTMENT_NOT_FOUND)
    if wanted.version is not None and wanted.version != appointment.version:
        return Refusal(Code.STALE_VERSION)
    moved = _moved(session, actor, appointment, wanted, now)
    if isinstance(moved, Refusal):
        return moved
    changes = {**texts, **moved}
    differing = {name: value for name, value in changes.items() if getattr(appointment, name) != value}
    if not differing:
        return appointments.get(session, actor, appointment_id)
    return _apply(session, actor, appointment, differing, is_move=bool(moved), now=now)


def _moved(
    session: Session, actor: Actor, appointment: Appointment, wanted: AppointmentChange, now: datetime
) -> dict[str, Any] | Refusal:
    """Return the columns of the new time, none if the time stays, or the refusal of the first check that fails."""
    day = appointment.date if isinstance(wanted.date, Unset) else wanted.date
    at = appointment.start_time if isinstance(wanted.time, Unset) else wanted.time
    doctor_id = appointment.doctor_id if isinstance(wanted.doctor_id, Unset) else wanted.doctor_id
    if (day, at, doctor_id) == (appointment.date, appointment.start_time, appointment.doctor_id):
        return {}
    status = AppointmentStatus(appointment.status)
    if status not in UPCOMING:
        return Refusal(Code.INVALID_TRANSITION, {"from": status, "to": "another time"})
    place = _place(session, actor, doctor_id, day, at, now)
    patient = locks.patient(session, actor, appointment.patient_id)
    facts = _facts(
        session, actor, appointment.patient_id, patient, place, now=now, overlook_block=True, without=appointment.id
    )
    refusal = first_refusal(facts, now)
    if refusal is not None or place.slot is None:
        return refusal or Refusal(Code.NOT_A_SLOT)
    _let_go_of_hold(session, place.slot)
    columns = {**_time_of(place), "affected_cause": None, "affected_at": None}
    if (day, doctor_id) != (appointment.date, appointment.doctor_id):
        columns["token_number"] = session.scalar(select(_next_token(place)))
    return columns


def _apply(
    session: Session, actor: Actor, appointment: Appointment, differing: dict[str, Any], *, is_move: bool, now: datetime
) -> AppointmentView:
    left = appointment.doctor_id, appointment.date
    details = {name: {"from": getattr(appointment, name), "to": value} for name, value in differing.items()}
    for name, value in differing.items():
        setattr(appointment, name, value)
    appointment.version += 1
    session.flush()
    action = "appointment.rescheduled" if is_move else "appointment.changed"
    audit.record(session, actor, action, "appointment", appointment.id, now=now, **details)
    view = appointments.get(session, actor, appointment.id)
    if is_move:
        slot_making.settle_days(session, actor, left[0], [left[1]], now=now)
        outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, MessageEvent.RESCHEDULED)], now=now)
    return view
