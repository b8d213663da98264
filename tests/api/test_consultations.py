"""Consultations over the API."""

from datetime import time
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hms_web.models import Consultation, Notification
from tests.api.callers import Caller, body_of, code, doctor_of, fields
from tests.scenes import Clinic
from tests.visit_scenes import arrived

FULL = {"chiefComplaint": "Cough", "diagnosis": ["J20.9 Acute bronchitis"]}


@pytest.fixture
def own(here: Clinic) -> UUID:
    """A doctor."""
    return here.doctor()


@pytest.fixture
def doctor(client: FlaskClient, here: Clinic, own: UUID) -> Caller:
    """Their program."""
    return doctor_of(client, here, own)


@pytest.fixture
def started(here: Clinic, doctor: Caller, own: UUID) -> str:
    """The address of a consultation that has begun."""
    body = body_of(doctor.post("/consultations", {"appointmentId": str(arrived(here, own))}))
    return f"/consultations/{body['id']}"


def test_starting(here: Clinic, doctor: Caller, own: UUID) -> None:
    key = arrived(here, own)
    answer = doctor.post("/consultations", {"appointmentId": str(key)})
    assert answer.status_code == 201
    body = body_of(answer)
    assert (
        body.items()
        >= {
            "appointmentId": str(key),
            "doctorId": str(own),
            "status": "STARTED",
            "chiefComplaint": None,
            "diagnosis": [],
            "participants": [],
            "startedAt": "2026-03-02T08:00:00+05:30",
            "completedAt": None,
        }.items()
    )
    appointment = body_of(doctor.get(f"/appointments/{key}"))
    assert (appointment["status"], appointment["consultationId"]) == ("IN_PROGRESS", body["id"])
    assert code(doctor.post("/consultations", {"appointmentId": str(key)})) == (409, "INVALID_TRANSITION")
    assert here.count(Consultation) == 1


def test_who_starts_what(here: Clinic, client: FlaskClient, doctor: Caller, own: UUID, elsewhere: Clinic) -> None:
    expected = here.book(own, here.patient(), time(9)).id
    assert code(doctor.post("/consultations", {"appointmentId": str(expected)})) == (409, "INVALID_TRANSITION")
    theirs = elsewhere.book(elsewhere.doctor(), elsewhere.patient(), time(16)).id
    assert code(doctor.post("/consultations", {"appointmentId": str(theirs)})) == (404, "APPOINTMENT_NOT_FOUND")
    assert fields(doctor.post("/consultations", {"appointmentId": "x"})) == ["appointmentId"]
    colleague = doctor_of(client, here, here.doctor())
    key = arrived(here, own)
    assert code(colleague.post("/consultations", {"appointmentId": str(key)})) == (403, "FORBIDDEN")


def test_from_the_first_note_to_the_end(doctor: Caller, started: str) -> None:
    incomplete = doctor.post(f"{started}/complete")
    assert code(incomplete) == (422, "CONSULTATION_INCOMPLETE")
    assert incomplete.json
    assert [error["field"] for error in incomplete.json["errors"]] == ["chiefComplaint", "diagnosis"]
    assert "Write down the chief complaint." in incomplete.json["detail"]
    changed = body_of(doctor.patch(started, FULL | {"notes": "Wheezing", "prescription": "Rest"}))
    assert (changed["status"], changed["version"], changed["diagnosis"]) == ("IN_PROGRESS", 2, FULL["diagnosis"])
    done = body_of(doctor.post(f"{started}/complete"))
    assert (done["status"], done["completedAt"]) == ("COMPLETED", "2026-03-02T08:00:00+05:30")
    assert body_of(doctor.get(f"/appointments/{done['appointmentId']}"))["status"] == "COMPLETED"
    for method, path, body in (
        ("PATCH", started, FULL),
        ("POST", f"{started}/complete", None),
        ("POST", f"{started}/abandon", {"reason": "Left"}),
    ):
        assert code(doctor(method, path, body)) == (409, "INVALID_TRANSITION")


def test_two_writers(doctor: Caller, started: str) -> None:
    assert doctor.patch(started, {"notes": "first", "version": 1}).status_code == 200
    assert code(doctor.patch(started, {"notes": "second", "version": 1})) == (409, "STALE_VERSION")
    assert body_of(doctor.get(started))["notes"] == "first"


def test_what_is_wrong_is_named(doctor: Caller, started: str) -> None:
    assert fields(doctor.patch(started, {"diagnosis": "J20.9"})) == ["diagnosis"]
    assert fields(doctor.patch(started, {"diagnosis": None})) == ["diagnosis"]
    assert fields(doctor.patch(started, {"status": "COMPLETED"})) == ["status"]
    assert fields(doctor.patch(started, {"chiefComplaint": "x" * 501})) == ["chiefComplaint"]
    assert fields(doctor.post(f"{started}/abandon", {})) == ["reason"]
    assert fields(doctor.post(f"{started}/abandon", {"reason": " "})) == ["reason"]


def test_abandoning(doctor: Caller, started: str) -> None:
    left = body_of(doctor.post(f"{started}/abandon", {"reason": "Called to the ward"}))
    assert left["status"] == "ABANDONED"
    appointment = body_of(doctor.get(f"/appointments/{left['appointmentId']}"))
    assert (appointment["status"], appointment["consultationId"]) == ("CHECKED_IN", None)


def test_participants(here: Clinic, client: FlaskClient, doctor: Caller, started: str, own: UUID) -> None:
    other = here.doctor()
    wanted = {"doctorId": str(other), "role": "CONSULTING", "note": "ECG?"}
    added = doctor.post(f"{started}/participants", wanted)
    assert added.status_code == 201
    participant = body_of(added)
    assert participant.items() >= (wanted | {"doctorName": "Dr. 003"}).items()
    assert body_of(doctor.get(started))["participants"] == [participant]
    assert body_of(doctor.get(f"{started}/participants")) == {"items": [participant], "nextCursor": None}
    assert code(doctor.post(f"{started}/participants", wanted)) == (409, "ALREADY_PARTICIPANT")
    assert code(doctor.post(f"{started}/participants", wanted | {"doctorId": str(own)})) == (409, "ALREADY_PARTICIPANT")
    assert fields(doctor.post(f"{started}/participants", wanted | {"role": "PRIMARY"})) == ["role"]
    assert here.count(Notification, event="consultation.requested", priority="HIGH") == 1
    told = body_of(doctor_of(client, here, other).get("/notifications"))["items"][0]
    assert told["title"] == "Dr. 001 has requested your opinion on a patient"
    second = body_of(doctor.post(f"{started}/participants", {"doctorId": str(here.doctor()), "role": "ASSISTING"}))
    page = body_of(doctor.get(f"{started}/participants?limit=1"))
    assert page["items"] == [participant]
    rest = body_of(doctor.get(f"{started}/participants?limit=1&cursor={page['nextCursor']}"))
    assert rest == {"items": [second], "nextCursor": None}
    assert fields(doctor.get(f"{started}/participants?limit=0")) == ["limit"]
    assert doctor.delete(f"{started}/participants/{participant['id']}").status_code == 204
    assert code(doctor.delete(f"{started}/participants/{participant['id']}")) == (404, "PARTICIPANT_NOT_FOUND")


def test_another_doctor_reads_and_does_not_write(here: Clinic, client: FlaskClient, started: str) -> None:
    other = doctor_of(client, here, here.doctor())
    assert other.get(started).status_code == 200
    assert code(other.patch(started, FULL)) == (403, "FORBIDDEN")
    assert code(other.post(f"{started}/complete")) == (403, "FORBIDDEN")


def test_another_hospitals_consultation_does_not_exist(client: FlaskClient, started: str, elsewhere: Clinic) -> None:
    stranger = doctor_of(client, elsewhere, elsewhere.doctor())
    for method, path, body in (
        ("GET", started, None),
        ("PATCH", started, FULL),
        ("POST", f"{started}/complete", None),
        ("POST", f"{started}/abandon", {"reason": "x"}),
        ("GET", f"{started}/participants", None),
        ("POST", f"{started}/participants", {"doctorId": str(stranger.actor.doctor_id), "role": "ASSISTING"}),
    ):
        foreign = stranger(method, path, body)
        assert code(foreign) == (404, "CONSULTATION_NOT_FOUND")
        missing = stranger(method, path.replace(path.split("/")[2], "0" * 8 + "-0000-7000-8000-" + "0" * 12), body)
        assert foreign.data == missing.data
