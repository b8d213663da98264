"""Booking by JSON: the fourteen checks alone and in order, rescheduling, cancelling, statuses."""

from collections.abc import Callable, Collection
from datetime import date, time, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from hms_web.domain.identity import Role
from hms_web.domain.local_time import span_of
from hms_web.models import Appointment, AuditEvent, Doctor, DoctorSlot, Patient, SlotBlock, User, new_id
from tests.api.callers import Caller, caller_of, code, fields
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic

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


def booked(caller: Caller, scene: Scene, **more: str) -> dict[str, Any]:
    answer = caller.post("/appointments", scene.request | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def test_a_reschedule_keeps_id_and_history(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    before = booked(reception, scene)
    path = f"/appointments/{before['id']}"
    moved = reception.patch(path, {"date": "2026-03-03", "time": "11:00", "notes": "Asked by phone", "version": 1}).json
    assert moved is not None
    assert (moved["id"], moved["date"], moved["startTime"], moved["version"]) == (before["id"], "2026-03-03", "11:00", 2)
    assert moved["notes"] == "Asked by phone"
    read = reception.get(path).json
    assert read is not None
    assert [event["action"] for event in read["history"]] == ["appointment.booked", "appointment.rescheduled"]
    assert read["history"][1]["actor"] == "Reception 1"
    assert read["history"][1]["changes"]["startTime"] == {"from": "10:00", "to": "11:00"}
    assert {key: value for key, value in read.items() if key != "history"} == moved


def test_a_refused_reschedule_changes_nothing_and_offers_other_times(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    before = booked(reception, scene)
    here.book(scene.doctor, here.patient(), time(11))
    path = f"/appointments/{before['id']}"
    refused = reception.patch(path, {"time": "11:00"})
    assert code(refused) == (409, "SLOT_TAKEN")
    assert refused.json is not None
    assert [slot["startTime"] for slot in refused.json["nextFree"]] == ["11:30", "12:00", "12:30"]
    assert code(reception.patch(path, {"date": str(LAST_DAY + timedelta(days=1))})) == (422, "BEYOND_BOOKING_WINDOW")
    assert code(reception.patch(path, {"time": "13:30"})) == (422, "DURING_BREAK")
    after = reception.get(path).json
    assert after is not None
    assert (after["startTime"], after["version"]) == ("10:00", 1)


def test_of_two_changes_of_one_version_the_second_is_stale(reception: Caller, here: Clinic) -> None:
    path = f"/appointments/{booked(reception, Scene(here, []))['id']}"
    assert reception.patch(path, {"reason": "Fever", "version": 1}).status_code == 200
    assert code(reception.patch(path, {"reason": "Cough", "version": 1})) == (409, "STALE_VERSION")
    assert reception.patch(path, {"reason": None, "version": 2}).status_code == 200
    for wrong in (0, "2", 2.5, True, 2**31, 10**30):
        assert fields(reception.patch(path, {"version": wrong})) == ["version"]
    for name in ("date", "time", "doctorId"):
        assert fields(reception.patch(path, {name: None})) == [name]


def test_a_cancellation_is_no_deletion_and_twice_is_harmless(reception: Caller, here: Clinic) -> None:
    path = f"/appointments/{booked(reception, Scene(here, []))['id']}"
    for _ in range(2):
        answer = reception.delete(path)
        assert (answer.status_code, answer.data) == (204, b"")
    after = reception.get(path).json
    assert after is not None
    assert (after["status"], after["version"]) == ("CANCELLED", 2)
    assert here.count(AuditEvent, action="appointment.cancelled") == 1
    assert code(reception.patch(path, {"time": "11:00"})) == (409, "INVALID_TRANSITION")


def set_status(caller: Caller, appointment: str, status: str, **more: str) -> TestResponse:
    return caller.patch(f"/appointments/{appointment}/status", {"status": status, **more})


def test_statuses_that_people_set(reception: Caller, here: Clinic) -> None:
    appointment = booked(reception, Scene(here, []))["id"]
    for status in ("CONFIRMED", "CHECKED_IN", "SCHEDULED", "CHECKED_IN"):
        answer = set_status(reception, appointment, status)
        assert answer.status_code == 200
        assert answer.json is not None
        assert answer.json["status"] == status
        assert (answer.json["checkedInAt"] is not None) is (status == "CHECKED_IN")
    for status in ("IN_PROGRESS", "COMPLETED", "CONFIRMED", "NO_SHOW"):
        assert code(set_status(reception, appointment, status)) == (409, "INVALID_TRANSITION")
    assert set_status(reception, appointment, "CANCELLED", note="Went home").status_code == 200
    assert here.row(UUID(appointment)).cancel_reason == "Went home"
    assert code(set_status(reception, appointment, "SCHEDULED")) == (409, "INVALID_TRANSITION")
    assert fields(set_status(reception, appointment, "GONE")) == ["status"]


def test_nobody_checks_in_on_another_day(reception: Caller, here: Clinic) -> None:
    appointment = booked(reception, Scene(here, []), date="2026-03-03")["id"]
    answer = set_status(reception, appointment, "CHECKED_IN")
    assert code(answer) == (409, "INVALID_TRANSITION")
    assert answer.json is not None
    assert "Tuesday 3 March 2026" in answer.json["detail"]


def list_of(caller: Caller, query: str) -> list[str]:
    body = caller.get(f"/appointments?{query}").json
    assert body is not None
    return [f"{item['date'][-2:]} {item['startTime']}" for item in body["items"]]


def test_filters_of_the_list(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    other, colleague = here.patient(name="Zoya Khan", phone="040 555 0199"), here.doctor()
    here.book(scene.doctor, scene.patient, time(10))
    here.book(scene.doctor, other, time(11))
    here.book(colleague, other, time(10), date(2026, 3, 4))
    cancelled = here.book(colleague, scene.patient, time(9), date(2026, 3, 5))
    reception.delete(f"/appointments/{cancelled.id}")
    assert list_of(reception, "") == ["02 10:00", "02 11:00", "04 10:00", "05 09:00"]
    assert list_of(reception, "date=2026-03-02") == ["02 10:00", "02 11:00"]
    assert list_of(reception, "from=2026-03-03&to=2026-03-04") == ["04 10:00"]
    assert list_of(reception, "from=2026-03-05") == ["05 09:00"]
    assert list_of(reception, f"doctorId={colleague}") == ["04 10:00", "05 09:00"]
    assert list_of(reception, f"patientId={other}") == ["02 11:00", "04 10:00"]
    assert list_of(reception, "status=CANCELLED") == ["05 09:00"]
    assert len(list_of(reception, "status=CANCELLED&status=SCHEDULED")) == 4
    assert list_of(reception, "q=zoya") == ["02 11:00", "04 10:00"]
    assert list_of(reception, "q=0199&date=2026-03-04") == ["04 10:00"]


def test_the_list_a_page_at_a_time(reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    for hour in (9, 10, 11, 12, 14):
        here.book(doctor, here.patient(), time(hour))
    seen: list[str] = []
    path = "/appointments?limit=2"
    for expected in (2, 2, 1):
        body = reception.get(path).json
        assert body is not None
        assert len(body["items"]) == expected
        seen += [item["startTime"] for item in body["items"]]
        path = f"/appointments?limit=2&cursor={body['nextCursor']}"
    assert body["nextCursor"] is None
    assert seen == ["09:00", "10:00", "11:00", "12:00", "14:00"]


def test_every_role_may_book(client: Any, here: Clinic, admin: Caller, nurse: Caller) -> None:  # noqa: ANN401
    scene = Scene(here, [])
    doctor = here.session.get_one(Doctor, scene.doctor).user_id
    actor = type(here.actor)(here.actor.hospital_id, here.actor.timezone, doctor, "Dr", Role.DOCTOR, scene.doctor)
    for hour, caller in zip((9, 11, 12), (admin, nurse, caller_of(client, here, actor)), strict=True):
        assert booked(caller, scene, time=f"{hour:02}:00")["status"] == "SCHEDULED"
