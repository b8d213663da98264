"""`/appointments`: reading them."""

import datetime as dt
from typing import Any
from uuid import UUID

from pydantic import Field

from hms_web.api.access import EVERYONE
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import (
    Id,
    Instant,
    LocalDate,
    LocalTime,
    PageOf,
    PageQuery,
    Shape,
    Text,
    camel,
    page,
)
from hms_web.domain.affected import AffectedCause
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.services import appointments, record_reads
from hms_web.services.appointments import AppointmentView
from hms_web.services.paging import checked_limit

routes = Routes("appointments")


class PatientOfAppointment(Shape):
    """Whose appointment it is."""

    id: Id
    name: str
    mrn: str


class DoctorOfAppointment(Shape):
    """With whom it is."""

    id: Id
    name: str


def fields_of(view: AppointmentView) -> dict[str, Any]:
    """Return the fields of an appointment's shape."""
    same = {name: getattr(view, name) for name in Appointment.model_fields if name not in {"patient", "doctor"}}
    return same | {
        "notes": _notes(view),
        "patient": PatientOfAppointment(id=view.patient_id, name=view.patient_name, mrn=view.patient_mrn),
        "doctor": DoctorOfAppointment(id=view.doctor_id, name=view.doctor_name),
    }


def _notes(view: AppointmentView) -> str | None:
    """Return what staff noted, and after it why it was cancelled; whoever sends both back has noted both."""
    notes, why = view.notes, view.cancel_reason
    if not why or why in (notes or ""):
        return notes
    return f"{notes}\n{why}" if notes else why


class Appointment(Shape):
    """A patient's time with a doctor. `date` and the times are the hospital's own. The `notes` of a cancelled one end
    with why it was cancelled.
    """

    id: Id
    patient: PatientOfAppointment
    doctor: DoctorOfAppointment
    date: LocalDate
    start_time: LocalTime
    end_time: LocalTime
    starts_at: Instant
    status: AppointmentStatus
    type: AppointmentType
    reason: str | None
    notes: str | None
    checked_in_at: Instant | None
    vitals_recorded_at: Instant | None
    consultation_id: Id | None
    token_number: int
    version: int
    created_at: Instant
    created_by: str | None

    @classmethod
    def of(cls, view: AppointmentView) -> "Appointment":
        """Make it from a service's view."""
        return cls(**fields_of(view))


class AffectedAppointment(Appointment):
    """An appointment that something speaks against, and what."""

    cause: AffectedCause

    @classmethod
    def because(cls, view: AppointmentView, cause: AffectedCause) -> "AffectedAppointment":
        """Make it from a service's view; `cause` is why it stands in this answer, unless it already has another."""
        return cls(**fields_of(view), cause=view.affected_cause or cause)


class Event(Shape):
    """One thing that was done to an appointment. `changes` has a member for each thing that was said or changed."""

    at: Instant
    actor: str
    action: str
    changes: dict[str, Any]


class AppointmentWithHistory(Appointment):
    """An appointment, and everything that was done to it, oldest first."""

    history: list[Event]


class AppointmentQuery(PageQuery):
    """Which appointments: of one `date`, or `from` a day `to` another, and whose.

    `q` is a patient's name, phone or MRN.
    """

    date: LocalDate | None = None
    first: LocalDate | None = Field(default=None, alias="from")
    last: LocalDate | None = Field(default=None, alias="to")
    doctor_id: Id | None = None
    patient_id: Id | None = None
    status: list[AppointmentStatus] = Field(default_factory=list)
    q: Text | None = None


def refuse_backward(first: dt.date | None, last: dt.date | None) -> None:
    """Raise InvalidInput when the last day of a range comes before its first."""
    if first is not None and last is not None and last < first:
        raise InvalidInput([("to", "The last day cannot be before the first day.")])


@routes.add("GET", "/appointments", EVERYONE, "List appointments")
def search(call: Call, query: AppointmentQuery) -> PageOf[Appointment]:
    """Earliest first."""
    if query.date is not None and (query.first or query.last):
        raise InvalidInput([("date", "Ask for a date, or for a range, not for both.")])
    refuse_backward(query.first, query.last)
    wanted = appointments.AppointmentFilter(
        day=query.date,
        first=query.first,
        last=query.last,
        doctor_id=query.doctor_id,
        patient_id=query.patient_id,
        statuses=query.status,
        q=query.q,
    )
    limit = checked_limit(query.limit)
    found = appointments.search(call.session, call.actor, wanted, limit=limit, cursor=query.cursor)
    return page(Appointment, found)  # type: ignore[no-any-return]


@routes.add("GET", "/appointments/<appointment_id>", EVERYONE, "Read an appointment")
def get(call: Call, appointment_id: UUID) -> AppointmentWithHistory:
    """One appointment with its history."""
    view = appointments.get(call.session, call.actor, appointment_id)
    events = appointments.history(call.session, call.actor, appointment_id)
    record_reads.note(call.session, call.actor, "appointment", appointment_id, now=call.now)
    history = [
        Event(at=event.at, actor=event.actor_name, action=event.action, changes=camel(event.details))
        for event in events
    ]
    return AppointmentWithHistory(**fields_of(view), history=history)
