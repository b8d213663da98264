"""Booking somebody who is not a patient yet: the record and the appointment in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Refusal
from hms_web.services import booking, locks, patients, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.patients import NewPatient, PatientView


class PossiblyKnown(Exception):
    """The newcomer may be a patient already; nothing was written. `patients` are those it may be."""

    def __init__(self, alike: Sequence[PatientView]) -> None:
        super().__init__()
        self.patients = alike


@dataclass(frozen=True, slots=True)
class NewcomerBooked:
    """The patient who was added, and what came of the booking."""

    patient_id: UUID
    result: AppointmentView | Refusal


def book(
    session: Session,
    actor: Actor,
    newcomer: NewPatient,
    request: BookingRequest,
    *,
    is_someone_else: bool,
    now: datetime,
) -> NewcomerBooked:
    """Add a patient and book for them; `request`'s patient is not looked at.

    Whoever may be a patient already is not added before somebody has said that it is another person: raises
    PossiblyKnown. One who is added stays when the booking is refused, so that the next try is for the same patient.
    Raises InvalidInput, Refused, Busy.
    """

    def work() -> NewcomerBooked:
        # The doctor before the hospital's counter of patient numbers, as everybody else takes them: nobody waits for a
        # busy doctor with the counter in hand.
        locks.doctor(session, actor, request.doctor_id)
        if not is_someone_else:
            alike = patients.possible_duplicates(
                session, actor, newcomer.name, newcomer.phone, newcomer.date_of_birth, loosely=True
            )
            if alike:
                raise PossiblyKnown(alike)
        patient_id = patients.create(session, actor, newcomer, now=now).patient.id
        return NewcomerBooked(
            patient_id, booking.book(session, actor, replace(request, patient_id=patient_id), now=now)
        )

    return unit_of_work.run(session, work)
