"""Schemathesis over the document: no answer of 5xx, and none that the document does not describe."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from hms_web.api.job_health import KEY_HASHES
from hms_web.domain.identity import Role
from hms_web.domain.notifications import Channel, Priority
from hms_web.models import Consultation, Notification, new_id
from tests.api.callers import Caller, caller_of, doctor_of, person
from tests.scenes import MONDAY, NOW, Clinic

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# How many chains of requests, each about what the one before answered with: a few in `make test`, more in
# `make test-faults`, HMS_FUZZ_CHAINS=200 for a night.
FEW, CHAINS = 2, int(os.environ.get("HMS_FUZZ_CHAINS", "40"))
PHASES = ("examples", "coverage", "fuzzing", "stateful")


def known_ids(here: Clinic, reader: Caller) -> dict[str, str]:
    """Fill the clinic, and return an id of each kind for the fuzzer to meet."""
    doctor, patient = here.doctor(), here.patient(name="Asha Rao")
    booked = here.book(doctor, patient, time(10))
    note = Notification(
        id=new_id(),
        hospital_id=here.actor.hospital_id,
        dedupe_key="x",
        event="x",
        channel=Channel.IN_APP,
        priority=Priority.NORMAL,
        user_id=reader.actor.user_id,
        title="T",
        body="B",
        created_at=NOW,
    )
    here.session.add(note)
    seen = Consultation(
        id=new_id(),
        hospital_id=here.actor.hospital_id,
        appointment_id=here.book(doctor, here.patient(), time(9)).id,
        doctor_id=doctor,
        diagnosis=[],
        started_at=NOW,
    )
    here.session.add(seen)
    here.session.commit()
    return {
        "doctorId": str(doctor),
        "patientId": str(patient),
        "appointmentId": str(booked.id),
        "slotId": str(here.slot(doctor, time(11)).id),
        "absenceId": str(here.absence(doctor, MONDAY, MONDAY, (time(15), time(16)))),
        "userId": str(person(here, Role.NURSE).user_id),
        "notificationId": str(note.id),
        "consultationId": str(seen.id),
    }


def lead_to_known(case: Any, ids: dict[str, str]) -> Any:
    """Return a case as it is but for this: of the ids that the fuzzer made up, every other one is one that exists."""
    places = [case.path_parameters, case.query, case.body if isinstance(case.body, dict) else {}]
    for place in places:
        for name in set(place or {}) & ids.keys():
            made_up = place[name]
            if isinstance(made_up, str) and len(made_up) == 36 and made_up[-1] in "02468ace":
                place[name] = ids[name]
    return case


@dataclass
class Found:
    """What a run found: failures in words, how often it asked, and for which operations of the document."""

    failures: list[str] = field(default_factory=list)
    asked: int = 0
    reached: set[str] = field(default_factory=set)

    def note(self, event: events.EngineEvent) -> None:
        """Take in what one event says."""
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if not isinstance(event, events.ScenarioFinished):
            return
        recorder = event.recorder
        self.asked += len(recorder.interactions)
        self.reached |= {recorder.cases[key].value.operation.label for key in recorder.interactions}
        self.failures += [
            f"{recorder.label}: {node.failure_info.failure.title}: {node.failure_info.failure.message}"
            for nodes in recorder.checks.values()
            for node in nodes
            if node.failure_info is not None
        ]


def run(app: Flask, caller: Caller, ids: dict[str, str], phases: dict[str, bool], examples: int) -> Found:
    """Run schemathesis in this process, and return what its checks found."""
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {caller.token}"},
            "generation": {"max-examples": examples, "database": "none"},
            "seed": 20260302,
            "phases": {name: {"enabled": phases.get(name, False)} for name in PHASES},
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
        }
    )
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    schema.hook("map_case")(lambda _context, case: lead_to_known(case, ids))
    found = Found()
    for event in from_schema(schema).execute():
        found.note(event)
    assert found.asked > (10 if phases.get("stateful") else 60)
    return found


Run = tuple[Role, dict[str, bool], int]
SHORT: list[Run] = [
    (Role.ADMIN, {"examples": True, "coverage": True}, 1),
    (Role.RECEPTIONIST, {"fuzzing": True}, 1),
    *((role, {"stateful": True}, FEW) for role in Role),
]
LONG: list[Run] = [
    *((role, {"examples": True, "coverage": True}, 1) for role in Role if role is not Role.ADMIN),
    (Role.ADMIN, {"fuzzing": True}, 6),
    (Role.RECEPTIONIST, {"fuzzing": True}, 3),
    *((role, {"stateful": True}, CHAINS) for role in Role),
]


def called(run: Run) -> str:
    return f"{run[0].lower()}, {', '.join(run[1])}"


@pytest.fixture
def fuzzed(
    app: Flask, client: FlaskClient, here: Clinic, admin: Caller, reception: Caller, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Run], Found]:
    """Run schemathesis as somebody of a role, in a clinic with something of each kind."""
    app.config[KEY_HASHES] = ("a key that the fuzzer does not guess",)  # without one the answer is a 503
    monkeypatch.setenv("HMS_TEST_NOW", NOW.isoformat())  # its requests run in threads of their own

    def fuzz(asked: Run) -> Found:
        role, phases, examples = asked
        caller = admin if role is Role.ADMIN else reception
        ids = known_ids(here, caller)
        if role is Role.DOCTOR:
            caller = doctor_of(client, here, UUID(ids["doctorId"]))
        if role is Role.NURSE:
            caller = caller_of(client, here, person(here, Role.NURSE))
        here.session.rollback()  # a transaction that idles for as long as this takes is cut off by the server
        return run(app, caller, ids, phases, examples)

    return fuzz


def operations(client: FlaskClient) -> set[str]:
    """Every operation of the document, as schemathesis calls them."""
    document = client.get("/api/v1/openapi.json").json
    assert document
    return {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}


def assert_sound(found: Found, asked: Run, client: FlaskClient) -> None:
    """Fail on what was found, and on an operation that was left out; chains lead where the role's rights let them."""
    assert not found.failures, "\n".join(sorted(set(found.failures)))
    if not asked[1].get("stateful"):
        assert operations(client) - found.reached == set()


@pytest.mark.parametrize("asked", SHORT, ids=called)
def test_what_the_document_says_and_what_the_server_does_never_differ(
    fuzzed: Callable[[Run], Found], asked: Run, client: FlaskClient
) -> None:
    assert_sound(fuzzed(asked), asked, client)


@pytest.mark.fault
@pytest.mark.parametrize("asked", LONG, ids=called)
def test_nor_do_they_when_more_is_tried(fuzzed: Callable[[Run], Found], asked: Run, client: FlaskClient) -> None:
    found = fuzzed(asked)
    assert_sound(found, asked, client)
    assert len(found.reached) > len(operations(client)) / 3
