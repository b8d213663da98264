"""What booking a row would come to, with nothing kept: the same checks, with what earlier rows would have taken."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.booking import BookingFacts, first_refusal
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span
from hms_web.domain.refusals import Refusal
from hms_web.services import locks, placing
from hms_web.services.booking import BookingRequest


@dataclass(slots=True)
class Rehearsal:
    """Remembers what the rows so far would have taken of patients' time and of doctors' days."""

    patients: defaultdict[UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    days: defaultdict[tuple[UUID, date], list[Span]] = field(default_factory=lambda: defaultdict(list))

    def book(self, session: Session, actor: Actor, request: BookingRequest, now: datetime) -> Refusal | None:
        """Return the refusal that a booking would get, or None; slots that were made to see it go again.

        Runs inside the caller's unit of work, of which nothing is left to commit.
        """
        before = session.begin_nested()
        patient = locks.patient(session, actor, request.patient_id)
        place = placing.find(session, actor, request.doctor_id, request.date, request.time, now)
        facts = placing.facts_of(session, actor, request.patient_id, patient, place, now=now, overlook_block=False)
        refusal = first_refusal(self._with_earlier(facts, request), now)
        before.rollback()
        if refusal is None:
            self.patients[request.patient_id].append(place.wanted.span)
            self.days[request.doctor_id, request.date].append(place.wanted.span)
        return refusal

    def _with_earlier(self, facts: BookingFacts, request: BookingRequest) -> BookingFacts:
        patient, doctor = facts.patient, facts.doctor
        if patient is not None:
            patient = replace(patient, busy=[*patient.busy, *self.patients[request.patient_id]])
        if doctor is not None:
            spans = self.days[request.doctor_id, request.date]
            doctor = replace(doctor, taken=[*doctor.taken, *spans], booked_count=doctor.booked_count + len(spans))
        return replace(facts, patient=patient, doctor=doctor)
