"""Booking and rescheduling: the fourteen checks inside one transaction that cannot race (product.md, Booking)."""

import datetime as dt
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.booking import first_refusal
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.slots import SlotTime
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import UPCOMING, AppointmentStatus, AppointmentType
from hms_web.models import Appointment, new_id
from hms_web.services import (
    appointments,
    audit,
    bulk,
    locks,
    outbox,
    outlooks,
    placing,
    slot_making,
    stage_alerts,
    unit_of_work,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.locks import LockedPatient

LONGEST_REASON = 500
LONGEST_NOTES = 2000
# At its new time nothing speaks against an appointment, and nobody has to say whether its patient came.
_SETTLED = dict.fromkeys(("affected_cause", "affected_at", "kept_cause", "no_show_review_at", "no_show_answered_at"))
_AUDITED = ("doctor_id", "patient_id", "starts_at", "token_number")


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a booking asks for; `date` and `time` are the hospital's. `override_reason` lets an admin book a blocked
    patient.
    """

    patient_id: UUID
    doctor_id: UUID
    date: dt.date
    time: dt.time
    type: AppointmentType = AppointmentType.CONSULTATION
    reason: str | None = None
    hold_token: str | None = None
    override_reason: str | None = None
    import_key: str | None = None
    notify: bool = True


@dataclass(frozen=True, slots=True)
class AppointmentChange:
    """What a change asks for; another date, time or doctor is a reschedule. A given `version` has to be the current
    one.
    """

    date: dt.date | Unset = UNSET
    time: dt.time | Unset = UNSET
    doctor_id: UUID | Unset = UNSET
    reason: str | None | Unset = UNSET
    notes: str | None | Unset = UNSET
    version: int | None = None


def book(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> AppointmentView | Refusal:
    """Book a patient into a doctor's slot, or return the first of the fourteen refusals.

    Writes appointment, audit event and outbox rows in one transaction, under the locks of patient and doctor. Raises
    InvalidInput for texts that are too long, Busy when the database cannot answer in time.
    """
    _refuse_long_texts(reason=request.reason)
    refuse_invalid(("overrideReason", note_mistake(request.override_reason, LONGEST_REASON)))
    return unit_of_work.run(session, lambda: _book(session, actor, request, now))


def _refuse_long_texts(*, reason: str | None = None, notes: str | None = None) -> None:
    refuse_invalid(("reason", note_mistake(reason, LONGEST_REASON)), ("notes", note_mistake(notes, LONGEST_NOTES)))


def _book(session: Session, actor: Actor, request: BookingRequest, now: datetime) -> AppointmentView | Refusal:
    patient = locks.patient_and_doctor(session, actor, request.patient_id, request.doctor_id)
    asked = session, actor, request.doctor_id, request.date, request.time
    outlook = outlooks.look(*asked, request.patient_id)
    # Of a doctor who is none nothing is known; whatever speaks against the patient is said first all the same. A time
    # without a slot may be one of a day whose slots are still to be made.
    place = outlook.place if outlook and outlook.place.slot else placing.find(*asked, now)
    overlook = actor.role is Role.ADMIN and bool(request.override_reason and request.override_reason.strip())
    facts = placing.facts_of(
        session,
        actor,
        request.patient_id,
        patient,
        place,
        now=now,
        overlook_block=overlook,
        hold_token=request.hold_token,
        busy=outlook.busy if outlook else None,
    )
    refusal = first_refusal(facts, now)
    if refusal is not None or outlook is None or place.doctor is None or place.slot is None or patient is None:
        return refusal or Refusal(Code.NOT_A_SLOT)
    placing.let_go_of_hold(session, place.slot)
    overrides = overlook and patient.status == PatientStatus.BLOCKED
    view = _view_of(actor, request, place.doctor, place.slot.time, patient, outlook.token, now)
    _write(session, actor, request, place, outlook, view, overrides=overrides)
    return view


def _write(
    session: Session,
    actor: Actor,
    request: BookingRequest,
    place: placing.Place,
    outlook: outlooks.Outlook,
    view: AppointmentView,
    *,
    overrides: bool,
) -> None:
    """Write all of a booking with one statement. A number that somebody else took meanwhile violates a constraint."""
    now = view.created_at
    details: dict[str, object] = {name: getattr(view, name) for name in _AUDITED}
    if overrides:
        details["override_reason"] = tidy(request.override_reason)
    notices = [appointments.notice_of(view, MessageEvent.BOOKED)] if request.notify else []
    messages = list(outbox.rows_for(outlook.voice, actor.hospital_id, notices, now))
    bulk.insert_all(
        session,
        bulk.Rows(Appointment, [_row_of(actor, request, place, view)]),
        placing.given_token(actor, place, outlook.token),
        audit.rows_of(actor, [audit.Entry("appointment.booked", "appointment", view.id, details)], now=now),
        outbox.announced(session, messages),
    )


def _row_of(actor: Actor, request: BookingRequest, place: placing.Place, view: AppointmentView) -> dict[str, object]:
    return {
        "id": view.id,
        "hospital_id": actor.hospital_id,
        "patient_id": view.patient_id,
        **placing.columns_of(place),
        "status": str(view.status),
        "type": str(view.type),
        "reason": view.reason,
        "token_number": view.token_number,
        "import_key": request.import_key,
        "created_by_id": view.created_by_id,
        "created_at": view.created_at,
    }


def _view_of(
    actor: Actor,
    request: BookingRequest,
    doctor: placing.DoctorThen,
    slot: SlotTime,
    patient: LockedPatient,
    token: int,
    now: datetime,
) -> AppointmentView:
    return AppointmentView(
        id=new_id(),
        patient_id=request.patient_id,
        patient_name=patient.name,
        patient_mrn=patient.mrn,
        patient_phone=patient.phone,
        doctor_id=doctor.doctor_id,
        doctor_name=doctor.name,
        department=doctor.department,
        date=slot.day,
        start_time=slot.start,
        end_time=slot.end,
        starts_at=slot.span.starts_at,
        ends_at=slot.span.ends_at,
        status=AppointmentStatus.SCHEDULED,
        type=request.type,
        reason=tidy(request.reason),
        notes=None,
        checked_in_at=None,
        vitals_recorded_at=None,
        token_number=token,
        version=1,
        affected_cause=None,
        affected_at=None,
        kept_cause=None,
        cancel_reason=None,
        created_at=now,
        created_by_id=actor.user_id,
        created_by=actor.name if actor.user_id else None,
    )


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
    if status not in UPCOMING and not _sees_another(appointment, status, day, local_date(now, actor.zone)):
        return Refusal(Code.INVALID_TRANSITION, {"from": status})
    place = placing.find(session, actor, doctor_id, day, at, now, without=appointment.id)
    patient = locks.patient(session, actor, appointment.patient_id)
    facts = placing.facts_of(
        session, actor, appointment.patient_id, patient, place, now=now, overlook_block=True, without=appointment.id
    )
    refusal = first_refusal(facts, now)
    if refusal is not None or place.slot is None:
        return refusal or Refusal(Code.NOT_A_SLOT)
    placing.let_go_of_hold(session, place.slot)
    columns = {**placing.columns_of(place), **_SETTLED}
    if (day, doctor_id) != (appointment.date, appointment.doctor_id):
        columns["token_number"] = placing.next_token(session, actor, place)
    return columns


def _sees_another(appointment: Appointment, status: AppointmentStatus, day: dt.date, today: dt.date) -> bool:
    """Whether a patient who waits in the house, and whose time the hospital put in question, is to be seen today."""
    is_waiting = status is AppointmentStatus.CHECKED_IN and appointment.affected_cause is not None
    return is_waiting and appointment.date == day == today


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
        stage_alerts.follow(session, actor, appointment.id, appointment.doctor_id)
        outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, MessageEvent.RESCHEDULED)], now=now)
    return view
