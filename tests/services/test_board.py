"""Today's flow, and the fingerprint by which a board knows that nothing has changed."""

from collections.abc import Callable
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.flow import Stage
from hms_web.domain.visits import AppointmentStatus as S
from hms_web.domain.vitals import Readings
from hms_web.models import Patient, StageAlert, new_id
from hms_web.services import appointments, board, cancelling, consultations, visits, vitals
from hms_web.services.board import BoardFilter, BoardRow
from tests.scenes import MONDAY, NOW, Clinic
from tests.visit_scenes import acting, arrived, seen

ALL = BoardFilter()
LATER = NOW + timedelta(minutes=30)


def rows(here: Clinic, wanted: BoardFilter = ALL) -> dict[UUID, BoardRow]:
    return {row.appointment_id: row for row in board.rows(here.session, here.actor, wanted, now=NOW)}


def test_everybody_of_today_stands_at_their_stage(here: Clinic) -> None:
    doctor = here.doctor()
    expected = here.book(doctor, here.patient(), time(11)).id
    came = arrived(here, doctor, time(9))
    measured = arrived(here, doctor, time(9, 30))
    vitals.record(here.session, here.actor, measured, Readings(pulse_bpm=70), now=LATER)
    inside = seen(here, doctor, time(10))
    done = seen(here, here.doctor(), time(10))
    me = acting(here, done.doctor_id)
    full = consultations.ConsultationChange(chief_complaint="Cough", diagnosis=["J20.9"])
    consultations.change(here.session, me, done.id, full, now=LATER)
    consultations.complete(here.session, me, done.id, now=LATER)
    gone = here.book(doctor, here.patient(), time(12)).id
    cancelling.cancel(here.session, here.actor, gone, reason="Ill", now=NOW)
    here.book(doctor, here.patient(), time(9), MONDAY + timedelta(days=1))
    found = rows(here)
    assert {key: row.stage for key, row in found.items()} == {
        expected: Stage.EXPECTED,
        came: Stage.ARRIVED,
        measured: Stage.VITALS_DONE,
        inside.appointment_id: Stage.WITH_DOCTOR,
        done.appointment_id: Stage.DONE,
        gone: None,
    }
    since = {key: row.since for key, row in found.items()}
    assert (since[came], since[inside.appointment_id]) == (NOW, NOW + timedelta(minutes=5))
    assert since[measured] == found[measured].starts_at, "who came early does not wait for the doctor yet"
    assert (since[done.appointment_id], since[expected]) == (LATER, found[expected].starts_at)
    # Half an hour's slot: five minutes more without vitals; ten minutes more without a doctor, from the slot's start.
    assert found[came].too_long_at == NOW + timedelta(minutes=35)
    assert found[measured].too_long_at == found[measured].starts_at + timedelta(minutes=40)
    assert found[expected].too_long_at == found[expected].starts_at
    assert found[inside.appointment_id].too_long_at is None
    assert (found[inside.appointment_id].consultation_id, found[came].consultation_id) == (inside.id, None)


def test_what_was_broken_off_or_is_over_shows_no_more(here: Clinic) -> None:
    first = seen(here, here.doctor())
    key, me = first.appointment_id, acting(here, first.doctor_id)
    consultations.abandon(here.session, me, first.id, reason="Called away", now=LATER)
    assert (rows(here)[key].stage, rows(here)[key].consultation_id) == (Stage.ARRIVED, None)
    alarm(here, key)
    assert rows(here)[key].has_alert
    second = consultations.start(here.session, me, key, now=LATER)
    found = rows(here)[key]
    assert (found.consultation_id, found.since, found.has_alert) == (second.id, LATER, False)
    assert appointments.get(here.session, here.actor, key).consultation_id == second.id


def test_whose_people_are_shown(here: Clinic, elsewhere: Clinic) -> None:
    first, second = here.doctor(), here.doctor()
    mine, other = arrived(here, first), arrived(here, second)
    assert set(rows(here, BoardFilter(doctor_id=first))) == {mine}
    assert set(rows(here, BoardFilter(department="Cardiology"))) == {mine, other}
    assert rows(here, BoardFilter(department="Surgery")) == {}
    assert rows(elsewhere) == {}


def alarm(here: Clinic, key: UUID) -> None:
    row = here.row(key)
    alert = StageAlert(
        id=new_id(),
        hospital_id=row.hospital_id,
        appointment_id=key,
        patient_id=row.patient_id,
        doctor_id=row.doctor_id,
        alert_type="NO_VITALS",
        status="ACTIVE",
        message="Waits",
        waiting_since=NOW,
        created_at=NOW,
    )
    here.session.add(alert)
    here.session.commit()


CHANGES: dict[str, Callable[[Clinic, UUID, UUID], object]] = {
    "somebody arrives": lambda here, key, _: visits.set_status(here.session, here.actor, key, S.CHECKED_IN, now=NOW),
    "somebody is booked": lambda here, _, doctor: here.book(doctor, here.patient(), time(12)),
    "an alert": lambda here, key, _: alarm(here, key),
    "a name": lambda here, *_: here.session.execute(sa.update(Patient).values(name="Somebody else")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_fingerprint_differs_when_something_has_changed(here: Clinic, change: str) -> None:
    doctor = here.doctor()
    key = here.book(doctor, here.patient(), time(10)).id

    def fingerprint(minutes: int = 0, days: int = 0) -> str:
        now = NOW + timedelta(minutes=minutes, days=days)
        return board.fingerprint(here.session, here.actor, ALL, now=now)

    before = fingerprint()
    assert fingerprint() == fingerprint(minutes=119) == before
    assert fingerprint(minutes=120) != before, "somebody is late"
    CHANGES[change](here, key, doctor)
    assert fingerprint() != before


def test_an_empty_day_has_a_fingerprint_too(here: Clinic) -> None:
    days = {board.fingerprint(here.session, here.actor, ALL, now=NOW + timedelta(days=day)) for day in range(2)}
    assert len(days) == 2
    assert "" not in days
