"""Booking by JSON: the fourteen checks alone and in order, and what a refusal offers instead."""

from datetime import time, timedelta
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.models import AuditEvent, Doctor, DoctorSlot, Patient, SlotBlock, User, new_id
from tests.api.booking_scenes import CODES, IMPOSSIBLE, Scene, can_be
from tests.api.callers import Caller, code, fields
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic


def test_nothing_broken_is_booked(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    answer = reception.post("/appointments", scene.request | {"reason": "Cough", "type": "FOLLOW_UP"})
    assert answer.status_code == 201
    booked = answer.json
    assert booked is not None
    doctor = here.session.get_one(User, here.session.get_one(Doctor, scene.doctor).user_id)
    patient = here.session.get_one(Patient, scene.patient)
    assert booked == {
        "id": booked["id"],
        "patient": {"id": str(scene.patient), "name": patient.name, "mrn": patient.mrn},
        "doctor": {"id": str(scene.doctor), "name": doctor.name},
        "date": "2026-03-02",
        "startTime": "10:00",
        "endTime": "10:30",
        "startsAt": "2026-03-02T10:00:00+05:30",
        "status": "SCHEDULED",
        "type": "FOLLOW_UP",
        "reason": "Cough",
        "notes": None,
        "checkedInAt": None,
        "vitalsRecordedAt": None,
        "consultationId": None,
        "tokenNumber": 1,
        "version": 1,
        "createdAt": NOW.astimezone(here.actor.zone).isoformat(),
        "createdBy": "Reception 1",
    }


@pytest.mark.parametrize("number", CODES)
def test_each_rule_refuses_alone(reception: Caller, here: Clinic, number: int) -> None:
    answer = reception.post("/appointments", Scene(here, [number]).request)
    assert code(answer) == CODES[number]
    assert here.count(AuditEvent, action="appointment.booked") == 0


@pytest.mark.parametrize("pair", [pair for pair in combinations(CODES, 2) if can_be(pair)], ids=str)
def test_of_two_broken_rules_the_earlier_refuses(reception: Caller, here: Clinic, pair: tuple[int, int]) -> None:
    assert code(reception.post("/appointments", Scene(here, pair).request)) == CODES[pair[0]]


@pytest.mark.parametrize("number", CODES)
def test_with_this_and_every_later_rule_broken_this_one_refuses(reception: Caller, here: Clinic, number: int) -> None:
    broken = [later for later in CODES if later >= number]
    broken = [rule for rule in broken if not any(rule == max(pair) and min(pair) in broken for pair in IMPOSSIBLE)]
    assert code(reception.post("/appointments", Scene(here, broken).request)) == CODES[number]


def test_a_slot_that_is_taken_closed_or_held(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    here.book(scene.doctor, here.patient(), time(9))
    closed, held = here.slot(scene.doctor, time(9, 30)), here.slot(scene.doctor, time(10))
    block = SlotBlock(
        id=new_id(),
        hospital_id=here.actor.hospital_id,
        doctor_id=scene.doctor,
        starts_at=closed.starts_at,
        ends_at=closed.ends_at,
        reason="Meeting",
    )
    here.session.add(block)
    keep = {"held_by_id": here.other.user_id, "held_until": NOW + timedelta(minutes=1), "hold_token_hash": "x"}
    here.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == held.id).values(keep))
    here.session.commit()
    expected = {"09:00": "SLOT_TAKEN", "09:30": "SLOT_BLOCKED", "10:00": "SLOT_HELD"}
    for at, refusal in expected.items():
        answer = reception.post("/appointments", scene.request | {"time": at})
        assert code(answer) == (409, refusal)
        assert answer.json is not None
        assert [slot["startTime"] for slot in answer.json["nextFree"]] == ["10:30", "11:00", "11:30"]
        assert answer.json["nextFree"][0]["status"] == "AVAILABLE"


@pytest.mark.parametrize("number", CODES)
def test_the_next_free_slots_are_offered_where_another_time_may_do(
    reception: Caller, here: Clinic, number: int
) -> None:
    body = reception.post("/appointments", Scene(here, [number]).request).json
    assert body is not None
    assert ("nextFree" in body) is (number >= 9)
    if number >= 9:
        assert len(body["nextFree"]) == 3


def test_on_the_last_day_earlier_slots_are_offered(reception: Caller, here: Clinic) -> None:
    request = Scene(here, []).request | {"date": str(LAST_DAY), "time": "20:00"}
    body = reception.post("/appointments", request).json
    assert body is not None
    assert [slot["date"] for slot in body["nextFree"]] == [str(MONDAY)] * 3


def test_only_an_admin_books_a_blocked_patient_and_only_with_a_reason(
    admin: Caller, reception: Caller, here: Clinic
) -> None:
    request = Scene(here, [2]).request
    urgent = request | {"overrideReason": "Chest pain"}
    assert code(reception.post("/appointments", urgent)) == (403, "PATIENT_BLOCKED")
    assert code(admin.post("/appointments", request)) == (403, "PATIENT_BLOCKED")
    assert code(admin.post("/appointments", request | {"overrideReason": " "})) == (403, "PATIENT_BLOCKED")
    booked = admin.post("/appointments", urgent)
    assert booked.status_code == 201
    assert booked.json is not None
    read = admin.get(f"/appointments/{booked.json['id']}").json
    assert read is not None
    assert read["history"][0]["changes"]["overrideReason"] == "Chest pain"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patientId", "x"),
        ("doctorId", None),
        ("date", "2026-02-30"),
        ("date", 20260302),
        ("time", "24:00"),
        ("time", "9:00"),
        ("time", "10:00:00"),
        ("time", "10:00Z"),
        ("type", "SURGERY"),
        ("reason", "A" * 501),
        ("reason", "\0"),
        ("holdToken", 1),
    ],
)
def test_a_booking_with_a_wrong_field(reception: Caller, here: Clinic, field: str, value: object) -> None:
    request: dict[str, Any] = dict(Scene(here, []).request)
    assert fields(reception.post("/appointments", request | {field: value})) == [field]
    assert fields(reception.post("/appointments", {k: v for k, v in request.items() if k != "time"})) == ["time"]
