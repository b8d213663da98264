"""Wishes for which chosen rules of a booking are broken (api.md, the order of the checks)."""

from collections.abc import Callable, Collection
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hms_web.domain.local_time import span_of
from hms_web.models import Appointment, Doctor, Patient, User, new_id
from tests.api.callers import Caller, body_of
from tests.scenes import LAST_DAY, MONDAY, Clinic

CODES = {
    1: (404, "PATIENT_NOT_FOUND"),
    2: (403, "PATIENT_BLOCKED"),
    3: (409, "PATIENT_DOUBLE_BOOKED"),
    4: (404, "DOCTOR_NOT_FOUND"),
    5: (409, "DOCTOR_UNAVAILABLE"),
    6: (409, "DOCTOR_INACTIVE"),
    7: (422, "DATE_IN_PAST"),
    8: (422, "BEYOND_BOOKING_WINDOW"),
    9: (409, "HOSPITAL_HOLIDAY"),
    10: (409, "DOCTOR_ABSENT"),
    11: (422, "OUTSIDE_SCHEDULE"),
    12: (422, "DURING_BREAK"),
    13: (422, "NOT_A_SLOT"),
    14: (409, "DOCTOR_FULLY_BOOKED"),
}
# A time cannot be past and too far ahead, nor outside the hours and in the break inside them.
IMPOSSIBLE = ({7, 8}, {11, 12})


def can_be(broken: Collection[int]) -> bool:
    return not any(pair <= set(broken) for pair in IMPOSSIBLE)


class Scene:
    """A doctor from six to five, a patient, and a wanted time for which the rules in `broken` are broken."""

    def __init__(self, here: Clinic, broken: Collection[int]) -> None:
        self.here, self.broken = here, set(broken)
        is_past = 7 in self.broken
        self.pause = (time(7), time(7, 45)) if is_past else (time(13), time(14))
        self.doctor = here.doctor(start=time(6), pause=self.pause)
        self.patient = here.patient()
        self.day = LAST_DAY + timedelta(days=1) if 8 in self.broken else MONDAY
        self.at = self._time(is_past=is_past)
        for number in sorted(self.broken & self._breakers().keys()):
            self._breakers()[number]()
        here.session.commit()

    def _time(self, *, is_past: bool) -> time:
        if 11 in self.broken:
            return time(5) if is_past else time(20)
        if 12 in self.broken:
            return time(7, 15) if is_past else time(13)
        if 13 in self.broken:
            return time(6, 35) if is_past else time(10, 5)
        return time(6, 30) if is_past else time(10)

    def _breakers(self) -> dict[int, Callable[[], object]]:
        session = self.here.session
        patient, doctor = Patient.id == self.patient, Doctor.id == self.doctor
        account = User.id == sa.select(Doctor.user_id).where(doctor).scalar_subquery()
        return {
            2: lambda: session.execute(sa.update(Patient).where(patient).values(status="BLOCKED")),
            3: lambda: self.appointment(self.here.doctor(), self.patient, self.at),
            5: lambda: session.execute(sa.update(Doctor).where(doctor).values(is_available=False)),
            6: lambda: session.execute(sa.update(User).where(account).values(is_active=False)),
            9: lambda: self.here.holiday(self.day),
            10: lambda: self.here.absence(self.doctor, self.day, self.day),
            14: self.fill,
        }

    def fill(self) -> None:
        self.here.session.execute(sa.update(Doctor).where(Doctor.id == self.doctor).values(max_patients_per_day=1))
        self.appointment(self.doctor, self.here.patient(), time(16))

    def appointment(self, doctor: UUID, patient: UUID, at: time) -> None:
        span = span_of(self.day, at, 30, self.here.actor.zone)
        assert span is not None
        row = Appointment(
            id=new_id(),
            hospital_id=self.here.actor.hospital_id,
            patient_id=patient,
            doctor_id=doctor,
            date=self.day,
            start_time=at,
            end_time=span.ends_at.astimezone(self.here.actor.zone).time(),
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            slot_minutes=30,
            token_number=1,
        )
        self.here.session.add(row)
        self.here.session.commit()

    @property
    def request(self) -> dict[str, str]:
        return {
            "patientId": str(new_id() if 1 in self.broken else self.patient),
            "doctorId": str(new_id() if 4 in self.broken else self.doctor),
            "date": str(self.day),
            "time": f"{self.at:%H:%M}",
        }


def booked(caller: Caller, scene: Scene, **more: str) -> dict[str, Any]:
    """Book what a scene wishes for, and return the appointment."""
    return body_of(caller.post("/appointments", scene.request | more))
