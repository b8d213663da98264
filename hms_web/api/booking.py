"""`/appointments`: booking, moving, cancelling them, and setting their status."""

import datetime as dt
from typing import Any
from uuid import UUID

from pydantic import Field

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import Appointment
from hms_web.api.operations import Call, Routes, dump
from hms_web.api.problems import Declined
from hms_web.api.shapes import Body, Id, LocalDate, LocalTime, Text, given, left_out
from hms_web.api.slots import Slot
from hms_web.domain.local_time import first_instant
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.services import appointments, booking, cancelling, slots, visits

routes = Routes("booking")
LARGEST_VERSION = 2**31 - 1
BOOKING = tuple(Code)[: tuple(Code).index(Code.DOCTOR_FULLY_BOOKED) + 1]
# From the ninth check on it is the time that stands in the way, and another one may do.
ANOTHER_TIME_MAY_DO = frozenset(BOOKING[BOOKING.index(Code.HOSPITAL_HOLIDAY) :])


class NewAppointment(Body):
    """What a booking asks for. `overrideReason` lets an admin book a blocked patient in urgent need."""

    patient_id: Id
    doctor_id: Id
    date: LocalDate
    time: LocalTime
    type: AppointmentType = AppointmentType.CONSULTATION
    reason: Text | None = None
    hold_token: Text | None = None
    override_reason: Text | None = None


class AppointmentChange(Body):
    """What to change; another date, time or doctor is a reschedule.

    A `version` that is sent has to be the current one.
    """

    date: LocalDate = left_out()
    time: LocalTime = left_out()
    doctor_id: Id = left_out()
    reason: Text | None = left_out()
    notes: Text | None = left_out()
    version: int | None = Field(default=None, ge=1, le=LARGEST_VERSION)


class StatusChange(Body):
    """The new status; `note` is the reason of a cancellation."""

    status: AppointmentStatus
    note: Text | None = None


def _declined(call: Call, refusal: Refusal, doctor_id: UUID, day: dt.date, at: dt.time) -> Declined:
    """Return a refusal with the next free slots, where another time may do."""
    if refusal.code not in ANOTHER_TIME_MAY_DO:
        return Declined(refusal)
    wanted = first_instant(day, at, call.actor.zone)
    found = slots.next_free(call.session, call.actor, [doctor_id], now=call.now, after=wanted)
    found = found or slots.next_free(call.session, call.actor, [doctor_id], now=call.now)
    return Declined(refusal, {"nextFree": [dump(Slot.of(view), call) for view in found]})


@routes.add("POST", "/appointments", EVERYONE, "Book an appointment", status=201, refuses=BOOKING, creates=True)
def book(call: Call, body: NewAppointment) -> Appointment | Declined:
    """The fourteen checks run in order, and the first that fails refuses."""
    request = booking.BookingRequest(**dict(body))
    made = booking.book(call.session, call.actor, request, now=call.now)
    if isinstance(made, Refusal):
        return _declined(call, made, body.doctor_id, body.date, body.time)
    return Appointment.of(made)


@routes.add(
    "PATCH",
    "/appointments/<appointment_id>",
    EVERYONE,
    "Change or reschedule an appointment",
    refuses=[*BOOKING, Code.STALE_VERSION, Code.INVALID_TRANSITION],
)
def change(call: Call, appointment_id: UUID, body: AppointmentChange) -> Appointment | Declined:
    """A reschedule runs all checks again; when it is refused the old time is kept."""
    sent: dict[str, Any] = given(body)
    changed = booking.change(call.session, call.actor, appointment_id, booking.AppointmentChange(**sent), now=call.now)
    if not isinstance(changed, Refusal):
        return Appointment.of(changed)
    if changed.code is Code.APPOINTMENT_NOT_FOUND:
        return Declined(changed)
    before = appointments.get(call.session, call.actor, appointment_id)
    place: dict[str, Any] = {"doctor_id": before.doctor_id, "date": before.date, "time": before.start_time} | sent
    return _declined(call, changed, place["doctor_id"], place["date"], place["time"])


@routes.add(
    "PATCH",
    "/appointments/<appointment_id>/status",
    EVERYONE,
    "Set an appointment's status",
    refuses=[Code.INVALID_TRANSITION],
)
def set_status(call: Call, appointment_id: UUID, body: StatusChange) -> Appointment | Refusal:
    """CONFIRMED, CHECKED_IN and its undo, CANCELLED; the others are reached in their own ways."""
    changed = visits.set_status(call.session, call.actor, appointment_id, body.status, note=body.note, now=call.now)
    return changed if isinstance(changed, Refusal) else Appointment.of(changed)


@routes.add(
    "DELETE",
    "/appointments/<appointment_id>",
    EVERYONE,
    "Cancel an appointment",
    status=204,
    refuses=[Code.INVALID_TRANSITION],
)
def cancel(call: Call, appointment_id: UUID) -> Refusal | None:
    """A cancellation, never a deletion; twice is harmless. With a reason: PATCH the status to CANCELLED."""
    done = cancelling.cancel(call.session, call.actor, appointment_id, reason=None, now=call.now)
    return done if isinstance(done, Refusal) else None
