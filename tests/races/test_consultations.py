"""Two doctors' tabs, or a doctor and a nurse, at one patient."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.visits import AppointmentStatus
from hms_web.models import ApiToken, Consultation, ConsultationParticipant, Doctor
from hms_web.services import consultations, passwords, visits
from hms_web.services.appointments import AppointmentView
from hms_web.services.consultations import ConsultationChange
from tests.races import guards
from tests.races.crowd import API, Ask, Crowd, outcomes
from tests.races.hall import Hall
from tests.scenes import MONDAY, NOW
from tests.visit_scenes import acting

pytestmark = pytest.mark.race

TABS = 8
ROUNDS = 5
INDEX = "uq_consultations_open"


def of_doctor(hall: Hall, doctor_id: UUID) -> Crowd:
    """The same servers, asked by the doctor."""
    secret = passwords.new_secret()
    user_id = hall.here.session.get_one(Doctor, doctor_id).user_id
    hall.here.session.add(
        ApiToken(
            user_id=user_id,
            token_hash=passwords.secret_hash(secret),
            created_at=NOW,
            expires_at=NOW.replace(year=NOW.year + 1),
        )
    )
    hall.here.session.commit()
    return Crowd([f"http://{address}" for address in hall.crowd.addresses], [secret])


def arrived(hall: Hall, doctor_id: UUID, at: time) -> UUID:
    key = hall.here.book(doctor_id, hall.here.patient(), at, MONDAY).id
    here = visits.set_status(hall.here.session, hall.here.actor, key, AppointmentStatus.CHECKED_IN, now=NOW)
    assert isinstance(here, AppointmentView)
    hall.here.session.commit()
    return key


def count(hall: Hall, table: type, **columns: object) -> int:
    found = hall.here.count(table, **columns)
    hall.here.session.rollback()
    return found


@contextmanager
def without_the_index(engine: sa.Engine) -> Iterator[None]:
    """Take away what makes two open consultations of an appointment impossible."""
    with engine.begin() as connection:
        definition = connection.scalar(sa.text("SELECT pg_get_indexdef(cast(:name AS regclass))"), {"name": INDEX})
        connection.exec_driver_sql(f"DROP INDEX {INDEX}")
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM consultation_participants")
            connection.exec_driver_sql("DELETE FROM consultations")
            connection.exec_driver_sql(definition)


def start_in_all_tabs(hall: Hall, doctor_id: UUID, at: time) -> Counter[str]:
    key = arrived(hall, doctor_id, at)
    ask = Ask("POST", f"{API}/consultations", {"appointmentId": str(key)})
    return outcomes(of_doctor(hall, doctor_id).at_once([ask] * TABS))


def test_many_tabs_start_one_consultation(hall: Hall) -> None:
    doctor = hall.here.doctor(30)
    for number in range(ROUNDS):
        said = start_in_all_tabs(hall, doctor, time(9 + number // 2, 30 * (number % 2)))
        assert said == Counter({"201": 1, "INVALID_TRANSITION": TABS - 1})
        assert count(hall, Consultation) == number + 1
        hall.check()


def test_without_locks_and_index_there_are_several(unguarded: Hall) -> None:
    doctor = unguarded.here.doctor(30)
    with without_the_index(unguarded.engine), guards.meeting(unguarded.engine, 2, 2):
        said = start_in_all_tabs(unguarded, doctor, time(9))
        assert said["201"] > 1
        assert count(unguarded, Consultation) > 1


def written(hall: Hall, doctor_id: UUID, at: time) -> UUID:
    """A consultation with all that completing needs."""
    me = acting(hall.here, doctor_id)
    view = consultations.start(hall.here.session, me, arrived(hall, doctor_id, at), now=NOW)
    full = ConsultationChange(chief_complaint="Cough", diagnosis=["J20.9"])
    consultations.change(hall.here.session, me, view.id, full, now=NOW)
    hall.here.session.commit()
    return view.id


def ends(key: UUID) -> list[Ask]:
    complete = Ask("POST", f"{API}/consultations/{key}/complete")
    abandon = Ask("POST", f"{API}/consultations/{key}/abandon", {"reason": "Called away"})
    return [complete, abandon] * (TABS // 2)


def test_completing_against_abandoning(hall: Hall) -> None:
    doctor = hall.here.doctor(30)
    for number in range(ROUNDS):
        key = written(hall, doctor, time(9 + number // 2, 30 * (number % 2)))
        said = outcomes(of_doctor(hall, doctor).at_once(ends(key)))
        assert said == Counter({"200": 1, "INVALID_TRANSITION": TABS - 1})
        hall.check()


def test_without_locks_both_ends_come_through(unguarded: Hall) -> None:
    doctor = unguarded.here.doctor(30)
    key = written(unguarded, doctor, time(9))
    with guards.trigger(unguarded.engine, "consultations", "BEFORE UPDATE", "PERFORM pg_sleep(0.2);"):
        said = outcomes(of_doctor(unguarded, doctor).at_once(ends(key)))
    assert said["200"] > 1


def test_one_colleague_is_asked_once(hall: Hall) -> None:
    doctor, colleague = hall.here.doctor(30), hall.here.doctor(30)
    key = written(hall, doctor, time(9))
    body = {"doctorId": str(colleague), "role": "CONSULTING"}
    ask = Ask("POST", f"{API}/consultations/{key}/participants", body)
    said = outcomes(of_doctor(hall, doctor).at_once([ask] * TABS))
    assert said == Counter({"201": 1, "ALREADY_PARTICIPANT": TABS - 1})
    assert count(hall, ConsultationParticipant) == 1


def test_writing_with_one_version_is_done_once(hall: Hall) -> None:
    doctor = hall.here.doctor(30)
    key = written(hall, doctor, time(9))
    asks = [
        Ask("PATCH", f"{API}/consultations/{key}", {"notes": f"tab {number}", "version": 2}) for number in range(TABS)
    ]
    said = outcomes(of_doctor(hall, doctor).at_once(asks))
    assert said == Counter({"200": 1, "STALE_VERSION": TABS - 1})


def test_vitals_against_undoing_the_check_in(hall: Hall) -> None:
    doctor = hall.here.doctor(30)
    for number in range(ROUNDS):
        key = arrived(hall, doctor, time(9 + number // 2, 30 * (number % 2)))
        vitals = Ask("POST", f"{API}/appointments/{key}/vitals", {"pulseBpm": 72})
        undo = Ask("PATCH", f"{API}/appointments/{key}/status", {"status": "SCHEDULED"})
        answers = of_doctor(hall, doctor).at_once([vitals, undo])
        assert answers[0].status in {201, 409}
        assert answers[1].status == 200
        hall.check()
        row = hall.here.row(key)
        assert (row.status, row.vitals_recorded_at) == ("SCHEDULED", None)
        hall.here.session.rollback()
