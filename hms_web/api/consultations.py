"""`/consultations`: a doctor seeing a patient, and who takes part."""

from typing import Any
from uuid import UUID

from pydantic import Field

from hms_web.api.booking import LARGEST_VERSION
from hms_web.api.operations import Call, Routes
from hms_web.api.problems import Declined
from hms_web.api.shapes import Body, Id, Instant, PageOf, PageQuery, Shape, Text, given, left_out
from hms_web.domain.consultations import ConsultationStatus, ParticipantRole
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refused
from hms_web.services import consultation_records, consultation_team, consultations, paging, record_reads
from hms_web.services.consultation_records import ConsultationView

routes = Routes("consultations")
DOCTOR = [Role.DOCTOR]


class Participant(Shape):
    """A doctor who takes part beside the appointment's own."""

    id: Id
    doctor_id: Id
    doctor_name: str
    role: ParticipantRole
    note: str | None


class Consultation(Shape):
    """A doctor seeing a patient. `doctorId` is the primary doctor; `participants` are the others."""

    id: Id
    appointment_id: Id
    doctor_id: Id
    status: ConsultationStatus
    chief_complaint: str | None
    diagnosis: list[str]
    notes: str | None
    prescription: str | None
    participants: list[Participant]
    version: int
    started_at: Instant
    completed_at: Instant | None

    @classmethod
    def of(cls, view: ConsultationView) -> "Consultation":
        """Make it from a service's view."""
        return cls.model_validate(view, from_attributes=True)


class NewConsultation(Body):
    """Whom to see."""

    appointment_id: Id


class ConsultationChange(Body):
    """What to write down; null or an empty list empties a field. A `version` that is sent has to be the current one."""

    chief_complaint: Text | None = left_out()
    diagnosis: list[Text] = left_out()
    notes: Text | None = left_out()
    prescription: Text | None = left_out()
    version: int | None = Field(default=None, ge=1, le=LARGEST_VERSION)


class Abandonment(Body):
    """Why it was broken off."""

    reason: Text


class NewParticipant(Body):
    """Whom to ask, and for what: CONSULTING, ASSISTING or SUPERVISING."""

    doctor_id: Id
    role: ParticipantRole
    note: Text | None = None


@routes.add(
    "POST",
    "/consultations",
    DOCTOR,
    "Start a consultation",
    status=201,
    refuses=[Code.APPOINTMENT_NOT_FOUND, Code.INVALID_TRANSITION],
    creates=True,
)
def start(call: Call, body: NewConsultation) -> Consultation:
    """By the appointment's own doctor. The appointment must be CHECKED_IN and becomes IN_PROGRESS."""
    return Consultation.of(consultations.start(call.session, call.actor, body.appointment_id, now=call.now))


@routes.add("GET", "/consultations/<consultation_id>", DOCTOR, "Read a consultation")
def get(call: Call, consultation_id: UUID) -> Consultation:
    """Any doctor of the hospital reads it."""
    view = consultations.get(call.session, call.actor, consultation_id)
    record_reads.note(call.session, call.actor, "consultation", consultation_id, now=call.now)
    return Consultation.of(view)


@routes.add(
    "PATCH",
    "/consultations/<consultation_id>",
    DOCTOR,
    "Write down what was found",
    refuses=[Code.INVALID_TRANSITION, Code.STALE_VERSION],
)
def change(call: Call, consultation_id: UUID, body: ConsultationChange) -> Consultation:
    """By a doctor who takes part. The first change makes it IN_PROGRESS."""
    sent: dict[str, Any] = given(body)
    version = sent.pop("version", None)
    wanted = consultations.ConsultationChange(**sent)
    changed = consultations.change(call.session, call.actor, consultation_id, wanted, version=version, now=call.now)
    return Consultation.of(changed)


@routes.add(
    "POST",
    "/consultations/<consultation_id>/complete",
    DOCTOR,
    "Complete a consultation",
    refuses=[Code.INVALID_TRANSITION, Code.CONSULTATION_INCOMPLETE],
)
def complete(call: Call, consultation_id: UUID) -> Consultation | Declined:
    """By the primary doctor or one who supervises. The appointment completes with it."""
    try:
        return Consultation.of(consultations.complete(call.session, call.actor, consultation_id, now=call.now))
    except Refused as refused:
        lacking: Any = refused.refusal.facts.get("missing")
        if lacking is None:
            raise
        return Declined(refused.refusal, {"errors": [{"field": name, "message": words} for name, words in lacking]})


@routes.add(
    "POST",
    "/consultations/<consultation_id>/abandon",
    DOCTOR,
    "Abandon a consultation",
    refuses=[Code.INVALID_TRANSITION],
)
def abandon(call: Call, consultation_id: UUID, body: Abandonment) -> Consultation:
    """By the primary doctor or one who supervises. The appointment goes back to CHECKED_IN."""
    left = consultations.abandon(call.session, call.actor, consultation_id, reason=body.reason, now=call.now)
    return Consultation.of(left)


@routes.add(
    "POST",
    "/consultations/<consultation_id>/participants",
    DOCTOR,
    "Ask a doctor to take part",
    status=201,
    refuses=[Code.DOCTOR_NOT_FOUND, Code.INVALID_TRANSITION, Code.ALREADY_PARTICIPANT, Code.DOCTOR_INACTIVE],
    creates=True,
)
def add_participant(call: Call, consultation_id: UUID, body: NewParticipant) -> Participant:
    """While it is open, never twice and never the primary doctor. The doctor is notified, HIGH."""
    added = consultation_team.add(
        call.session, call.actor, consultation_id, body.doctor_id, body.role, note=body.note, now=call.now
    )
    return Participant.model_validate(added, from_attributes=True)


@routes.add("GET", "/consultations/<consultation_id>/participants", DOCTOR, "List who takes part")
def participants(call: Call, consultation_id: UUID, query: PageQuery) -> PageOf[Participant]:
    """In the order in which they were asked; the primary doctor is the consultation's own."""
    found = consultation_records.get(call.session, call.actor, consultation_id).participants
    after = UUID(int=0) if query.cursor is None else paging.read_cursor(query.cursor, UUID)[0]
    rest = sorted((one for one in found if one.id > after), key=lambda one: one.id)
    shown = paging.page(rest, paging.checked_limit(query.limit), lambda one: one, lambda one: (one.id,))
    items = [Participant.model_validate(one, from_attributes=True) for one in shown.items]
    return PageOf[Participant](items=items, next_cursor=shown.next_cursor)


@routes.add(
    "DELETE",
    "/consultations/<consultation_id>/participants/<participant_id>",
    DOCTOR,
    "Let a doctor take part no longer",
    status=204,
    refuses=[Code.INVALID_TRANSITION],
)
def remove_participant(call: Call, consultation_id: UUID, participant_id: UUID) -> None:
    """By whoever leads the consultation, or by the doctor themselves."""
    consultation_team.remove(call.session, call.actor, consultation_id, participant_id, now=call.now)
