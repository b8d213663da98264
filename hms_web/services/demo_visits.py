"""How far a demo patient who has come has got by now: vitals, the doctor, and home again."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.vitals import Readings
from hms_web.services import consultations, vitals
from hms_web.services.appointments import AppointmentView
from hms_web.services.consultations import ConsultationChange

_SLOW_SHARE = 0.08
_FOUND = [
    (
        "Cough and a runny nose for three days",
        ["J06.9 Upper respiratory infection"],
        "Plenty of fluids, paracetamol 500 mg",
    ),
    ("Blood pressure check", ["I10 Essential hypertension"], "Amlodipine 5 mg once a day"),
    ("Knee pain when climbing stairs", ["M17.1 Osteoarthritis of the knee"], "Exercises, ibuprofen gel"),
    ("Test results", ["E11.9 Type 2 diabetes", "E78.5 Hyperlipidaemia"], "Metformin 500 mg twice a day"),
    ("Headache since last week", ["G44.2 Tension-type headache"], "Rest, paracetamol 500 mg if needed"),
]


def go_on(
    session: Session, nurse: Actor, doctor: Actor, view: AppointmentView, dice: random.Random, *, now: datetime
) -> None:
    """Take somebody who was checked in as far as they would have got by `now`; a few are kept waiting."""
    assert view.checked_in_at is not None  # noqa: S101 they have come
    measured_at = view.checked_in_at + timedelta(minutes=dice.randrange(3, 12))
    if measured_at > now or (view.ends_at > now and dice.random() < _SLOW_SHARE):
        return
    vitals.record(session, nurse, view.id, _readings(dice), now=measured_at)
    begins = max(view.starts_at, measured_at) + timedelta(minutes=1)
    if begins > now:
        return
    seen = consultations.start(session, doctor, view.id, now=begins)
    complaint, diagnosis, prescription = dice.choice(_FOUND)
    found = ConsultationChange(complaint, diagnosis, None, prescription)
    consultations.change(session, doctor, seen.id, found, now=begins)
    if view.ends_at <= now:
        consultations.complete(session, doctor, seen.id, now=max(view.ends_at, begins))


def _readings(dice: random.Random) -> Readings:
    upper = dice.randrange(104, 152)
    return Readings(
        temperature_c=Decimal(dice.randrange(362, 379)) / 10,
        pulse_bpm=dice.randrange(58, 98),
        systolic_mm_hg=upper,
        diastolic_mm_hg=upper - dice.randrange(35, 52),
        spo2_percent=dice.randrange(95, 100),
    )
