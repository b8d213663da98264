"""What each deed of a season is in the hospital: one use case, done by whoever does it there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.refusals import Refusal, Refused
from hms_web.domain.replay import Visit
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import Readings
from hms_web.services import booking, cancelling, consultations, no_show, visits, vitals
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.consultations import ConsultationChange
from hms_web.services.replaying.opening import House, Practice

CANCEL_REASON = "Cancelled by the patient"
LATE_NOTE = "Came late"
# The files tell when people were seen and not what was found, and a visit cannot be completed without these words.
COMPLAINT, DIAGNOSIS = "Not told by the replayed files", "Not told by the replayed files"
READINGS = Readings(pulse_bpm=72)


def book(
    session: Session, house: House, practice: Practice, visit: Visit, *, now: datetime
) -> AppointmentView | Refusal:
    """Book a visit at the desk; the first of the fourteen refusals that stands against it comes back."""
    request = BookingRequest(
        patient_id=practice.patient_ids[visit.patient_number],
        doctor_id=practice.doctor_id,
        date=visit.day,
        time=visit.at,
    )
    return booking.book(session, house.desk, request, now=now)


def cancel(session: Session, house: House, appointment_id: UUID, *, now: datetime) -> None:
    """Cancel at the desk."""
    _done(cancelling.cancel(session, house.desk, appointment_id, reason=CANCEL_REASON, now=now))


def check_in(session: Session, house: House, appointment_id: UUID, *, now: datetime) -> None:
    """Check in at the desk; whom the sweep has given up already is taken back first, which checks them in."""
    checked = visits.set_status(session, house.desk, appointment_id, AppointmentStatus.CHECKED_IN, now=now)
    if isinstance(checked, Refusal) and checked.facts.get("from") == AppointmentStatus.NO_SHOW:
        _done(no_show.revert(session, house.desk, appointment_id, note=LATE_NOTE, now=now))
        return
    _done(checked)


def measure(session: Session, house: House, appointment_id: UUID, *, now: datetime) -> None:
    """Take vitals; the files have none, so every patient has the same pulse."""
    _done(vitals.record(session, house.nurse, appointment_id, READINGS, now=now))


def start(session: Session, practice: Practice, appointment_id: UUID, *, now: datetime) -> UUID:
    """Start the consultation; return its id."""
    return consultations.start(session, practice.doctor, appointment_id, now=now).id


def complete(session: Session, practice: Practice, consultation_id: UUID, *, now: datetime) -> None:
    """Write down what a completed consultation needs, and complete it."""
    wanted = ConsultationChange(chief_complaint=COMPLAINT, diagnosis=[DIAGNOSIS])
    consultations.change(session, practice.doctor, consultation_id, wanted, now=now)
    consultations.complete(session, practice.doctor, consultation_id, now=now)


def _done(result: object) -> None:
    """Raise Refused for what is refused although the season says that it happened."""
    if isinstance(result, Refusal):
        raise Refused(result.code, **result.facts)
