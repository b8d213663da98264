"""Recording vitals over the API."""

from datetime import time
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hms_web.models import Vitals
from tests.api.callers import Caller, body_of, code, doctor_of, fields
from tests.scenes import Clinic
from tests.visit_scenes import arrived

ALL = {
    "temperatureC": 36.6,
    "pulseBpm": 72,
    "systolicMmHg": 120,
    "diastolicMmHg": 80,
    "respiratoryRate": 14,
    "spo2Percent": 98,
    "weightKg": 70.5,
    "heightCm": 172,
}


@pytest.fixture
def key(here: Clinic) -> UUID:
    """The appointment of somebody who is here."""
    return arrived(here, here.doctor())


def test_what_was_measured_is_answered_and_the_visit_moves_on(nurse: Caller, key: UUID) -> None:
    answer = nurse.post(f"/appointments/{key}/vitals", ALL | {"note": "at rest"})
    assert answer.status_code == 201
    body = body_of(answer)
    assert {name: body[name] for name in ALL} == ALL
    assert (body["appointmentId"], body["note"], body["recordedBy"]) == (str(key), "at rest", "Nurse")
    assert (body["recordedAt"], body["warnings"]) == ("2026-03-02T08:00:00+05:30", [])
    assert body_of(nurse.get(f"/appointments/{key}"))["vitalsRecordedAt"] == "2026-03-02T08:00:00+05:30"


def test_one_reading_is_enough_and_what_is_rare_is_taken_with_a_warning(nurse: Caller, key: UUID) -> None:
    body = body_of(nurse.post(f"/appointments/{key}/vitals", {"temperatureC": 40}))
    assert (body["temperatureC"], body["pulseBpm"]) == (40.0, None)
    warning = {
        "field": "temperatureC",
        "message": "Temperature 40.0 °C is unusually high: check this value.",
    }
    assert body["warnings"] == [warning]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, ["readings"]),
        ({"note": "calm"}, ["readings"]),
        ({"temperatureC": 366, "pulseBpm": 7}, ["temperatureC", "pulseBpm"]),
        ({"spo2Percent": 101}, ["spo2Percent"]),
        ({"systolicMmHg": 80, "diastolicMmHg": 120}, ["diastolicMmHg"]),
        ({"pulseBpm": "72"}, ["pulseBpm"]),
        ({"pulseBpm": 72.5}, ["pulseBpm"]),
        ({"temperatureC": "36.6"}, ["temperatureC"]),
        ({"temperatureC": 1e300}, ["temperatureC"]),
        ({"pulseBpm": 10**40}, ["pulseBpm"]),
        ({"pulse": 72}, ["pulse"]),
        ({"pulseBpm": 72, "recordedBy": "somebody else"}, ["recordedBy"]),
    ],
)
def test_what_is_wrong_is_named_by_field(
    here: Clinic, nurse: Caller, key: UUID, wrong: dict[str, Any], named: list[str]
) -> None:
    assert fields(nurse.post(f"/appointments/{key}/vitals", wrong)) == named
    assert here.count(Vitals) == 0


def test_only_of_somebody_who_is_here(here: Clinic, nurse: Caller) -> None:
    expected = here.book(here.doctor(), here.patient(), time(9)).id
    assert code(nurse.post(f"/appointments/{expected}/vitals", ALL)) == (409, "INVALID_TRANSITION")


def test_a_doctor_takes_vitals_too(here: Clinic, client: FlaskClient, key: UUID) -> None:
    doctor = doctor_of(client, here, here.row(key).doctor_id)
    assert doctor.post(f"/appointments/{key}/vitals", ALL).status_code == 201


def test_the_same_request_twice_is_one_taking(here: Clinic, nurse: Caller, key: UUID) -> None:
    answers = [nurse.post(f"/appointments/{key}/vitals", ALL, Idempotency_Key="once") for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert here.count(Vitals) == 1
