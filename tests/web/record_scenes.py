"""A clinic on its Monday morning, with the people who look at its records; the clock stands still."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.models import Doctor
from hms_web.services.appointments import AppointmentView
from tests.scenes import NOW, Clinic, clinic
from tests.web.pages import Browser
from tests.web.staff import signed_in


@dataclass
class Desk:
    """A clinic, somebody at its front desk, its administrator, a doctor with one booked patient."""

    clinic: Clinic
    app: Flask
    session: Session
    doctor_id: UUID
    patient_id: UUID
    booked: AppointmentView

    def reception(self) -> Browser:
        """Return the receptionist's browser."""
        return signed_in(self.app, self.session, self.clinic.actor)

    def admin(self) -> Browser:
        """Return the administrator's browser."""
        return signed_in(self.app, self.session, self.clinic.admin)

    def doctor(self, doctor_id: UUID | None = None) -> Browser:
        """Return a doctor's browser, that of the clinic's first one if none is named."""
        wanted = doctor_id or self.doctor_id
        user_id = self.session.scalar(sa.select(Doctor.user_id).where(Doctor.id == wanted))
        actor = replace(self.clinic.actor, user_id=user_id, name="Doctor", role=Role.DOCTOR, doctor_id=wanted)
        return signed_in(self.app, self.session, actor)


@pytest.fixture
def still_clock() -> Iterator[None]:
    """Hold the time still at eight in the morning."""
    with clock.fixed(NOW):
        yield


@pytest.fixture
def desk(app: Flask, session: Session, still_clock: None) -> Desk:
    """A clinic with one appointment, today at ten."""
    place = clinic(session)
    doctor_id, patient_id = place.doctor(), place.patient(name="Asha Sharma", phone="+91 98450 12345")
    return Desk(place, app, session, doctor_id, patient_id, place.book(doctor_id, patient_id, time(10)))
