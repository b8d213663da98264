"""Takes a booking form through: the patient, found or added, then the booking itself, once however often it is sent."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import Sex
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import is_storable
from hms_web.domain.visits import AppointmentType
from hms_web.services import appointments, booking, idempotency, newcomers, patients, wording
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.idempotency import Answer
from hms_web.services.patients import NewPatient, PatientView
from hms_web.web import refusals
from hms_web.web.front_desk.forms import BookingForm
from hms_web.web.front_desk.panels import Told

CREATED = 201
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a booking form: an appointment, or the refusal; `patient_id` is whom it was for."""

    status: int
    appointment: AppointmentView | None = None
    told: Told | None = None
    patient_id: UUID | None = None


def submit(session: Session, actor: Actor, form: BookingForm, *, now: datetime) -> Outcome:
    """Book what a valid form asks for.

    One who is added stays when the booking is refused: the next try is for the same patient. Raises PossiblyKnown for a
    newcomer who may be here already, InvalidInput, Refused, Busy.
    """
    answer = idempotency.once(
        session, actor, form.key.data or None, _fingerprint(form), lambda: _work(session, actor, form, now), now=now
    )
    return _outcome(session, actor, answer)


def duplicates_of(session: Session, actor: Actor, form: BookingForm) -> list[PatientView]:
    """Return the patients who may be the one whose fields are filled in."""
    name, phone = form.name.data or "", form.phone.data or None
    if not is_storable(name) or not is_storable(phone or ""):
        return []
    return patients.possible_duplicates(session, actor, name, phone, form.date_of_birth.data, loosely=True)


def _work(session: Session, actor: Actor, form: BookingForm, now: datetime) -> Answer:
    patient_id, result = _book(session, actor, form, now)
    if isinstance(result, Refusal):
        told = {
            "code": str(result.code),
            "sentence": refusals.sentence(result),
            "doctor": str(form.doctor_id.data),
            "patient": str(patient_id),
        }
        return Answer(wording.status_of(result.code), told)
    return Answer(CREATED, {"appointment": str(result.id), "patient": str(patient_id)})


def _book(session: Session, actor: Actor, form: BookingForm, now: datetime) -> tuple[UUID, AppointmentView | Refusal]:
    if form.is_new.data:
        is_someone_else = bool(form.is_someone_else.data)
        booked = newcomers.book(
            session, actor, _newcomer(form), _request(form, NOBODY), is_someone_else=is_someone_else, now=now
        )
        return booked.patient_id, booked.result
    patient_id = form.patient_id.data
    assert patient_id is not None  # noqa: S101 the form is valid
    return patient_id, booking.book(session, actor, _request(form, patient_id), now=now)


def _outcome(session: Session, actor: Actor, answer: Answer) -> Outcome:
    body: dict[str, Any] = answer.body
    patient_id = UUID(body["patient"])
    if answer.status == CREATED:
        view = appointments.get(session, actor, UUID(body["appointment"]))
        return Outcome(answer.status, appointment=view, patient_id=patient_id)
    told = Told(Code(body["code"]), body["sentence"], UUID(body["doctor"]))
    return Outcome(answer.status, told=told, patient_id=patient_id)


def _newcomer(form: BookingForm) -> NewPatient:
    return NewPatient(
        name=form.name.data or "",
        phone=form.phone.data or None,
        date_of_birth=form.date_of_birth.data,
        sex=Sex(form.sex.data) if form.sex.data else None,
    )


def _request(form: BookingForm, patient_id: UUID) -> BookingRequest:
    assert form.doctor_id.data and form.date.data and form.time.data  # noqa: S101, PT018 the form is valid
    return BookingRequest(
        patient_id=patient_id,
        doctor_id=form.doctor_id.data,
        date=form.date.data,
        time=form.time.data,
        type=AppointmentType(form.type.data),
        reason=form.reason.data or None,
        hold_token=form.hold_token.data or None,
        override_reason=form.override_reason.data or None,
    )


def _fingerprint(form: BookingForm) -> str:
    """What makes two forms the same: everything that was asked for."""
    asked = [form.doctor_id, form.date, form.time, form.patient_id, form.is_new, form.name, form.phone]
    asked += [form.date_of_birth, form.sex, form.reason, form.type, form.override_reason]
    return hashlib.sha256(repr([str(item.data) for item in asked]).encode()).hexdigest()
