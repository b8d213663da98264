"""Appointments by JSON: rescheduling, cancelling, statuses, and the list."""

from datetime import date, time, timedelta
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hms_web import clock
from hms_web.models import AuditEvent
from tests.api.booking_scenes import Scene, booked
from tests.api.callers import Caller, body_of, code, doctor_of, fields
from tests.scenes import LAST_DAY, NOW, Clinic


def test_a_reschedule_keeps_id_and_history(reception: Caller, here: Clinic) -> None:
    scene = Scene(here, [])
    before = booked(reception, scene)
    path = f"/appointments/{before['id']}"
    with clock.fixed(NOW + timedelta(minutes=1)):
        moved = body_of(
            reception.patch(path, {"date": "2026-03-03", "time": "11:00", "notes": "Asked by phone", "version": 1})
        )
    assert (moved["id"], moved["date"], moved["startTime"], moved["version"]) == (
        before["id"],
        "2026-03-03",
        "11:00",
        2,
    )
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
    for status in ("SCHEDULED", "CANCELLED", "NO_SHOW"):
        assert fields(set_status(reception, appointment, status, note="x" * 501)) == ["note"]
    reception.patch(f"/appointments/{appointment}", {"notes": "Wheelchair"})
    cancelled = body_of(set_status(reception, appointment, "CANCELLED", note="Went home"))
    assert (cancelled["notes"], here.row(UUID(appointment)).cancel_reason) == ("Wheelchair\nWent home", "Went home")
    again = body_of(reception.patch(f"/appointments/{appointment}", {"notes": cancelled["notes"] + ", 9:40"}))
    assert again["notes"] == "Wheelchair\nWent home, 9:40", "why it was cancelled stands there once"
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
    for expected, is_last in ((2, False), (2, False), (1, True)):
        body = body_of(reception.get(path))
        assert len(body["items"]) == expected
        assert (body["nextCursor"] is None) is is_last
        seen += [item["startTime"] for item in body["items"]]
        path = f"/appointments?limit=2&cursor={body['nextCursor']}"
    assert seen == ["09:00", "10:00", "11:00", "12:00", "14:00"]


def test_every_role_may_book(client: FlaskClient, here: Clinic, admin: Caller, nurse: Caller) -> None:
    scene = Scene(here, [])
    for hour, caller in zip((9, 11, 12), (admin, nurse, doctor_of(client, here, scene.doctor)), strict=True):
        assert booked(caller, scene, time=f"{hour:02}:00")["status"] == "SCHEDULED"
