"""People in the middle of their visit, for tests of vitals, consultations and the board."""

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Doctor, User
from hms_web.services import consultations, visits
from hms_web.services.appointments import AppointmentView
from hms_web.services.consultation_records import ConsultationView
from tests.scenes import NOW, Clinic


def acting(here: Clinic, doctor_id: UUID) -> Actor:
    """The doctor, as somebody who acts."""
    user = here.session.get_one(User, here.session.get_one(Doctor, doctor_id).user_id)
    return replace(here.actor, user_id=user.id, name=user.name, role=Role.DOCTOR, doctor_id=doctor_id)


def arrived(here: Clinic, doctor_id: UUID, at: time = time(10), **patient: object) -> UUID:
    """Book somebody and check them in."""
    booked = here.book(doctor_id, here.patient(**patient), at)
    checked_in = visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    assert isinstance(checked_in, AppointmentView)
    return booked.id


def seen(here: Clinic, doctor_id: UUID, at: time = time(10), **patient: object) -> ConsultationView:
    """Book somebody, check them in and start to see them, five minutes later."""
    key = arrived(here, doctor_id, at, **patient)
    return consultations.start(here.session, acting(here, doctor_id), key, now=NOW + timedelta(minutes=5))
