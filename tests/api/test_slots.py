"""`/slots`: what days offer, making them, closing and holding single ones."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hms_web.models import Appointment, DoctorSlot
from tests.api.callers import Caller, body_of, caller_of, code, doctor_of, fields
from tests.scenes import LAST_DAY, MONDAY, Clinic

TUESDAY = MONDAY + timedelta(days=1)


def test_the_slots_of_a_date(reception: Caller, here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    booked = here.book(doctor, patient, time(10))
    day = body_of(reception.get(f"/slots/doctor/{doctor}/date/{MONDAY}"))
    assert (day["nextCursor"], day["closedReason"], len(day["items"])) == (None, None, 14)
    first, third = day["items"][0], day["items"][2]
    assert first == {
        "id": first["id"],
        "doctorId": str(doctor),
        "date": "2026-03-02",
        "startTime": "09:00",
        "endTime": "09:30",
        "startsAt": "2026-03-02T09:00:00+05:30",
        "status": "AVAILABLE",
        "blockReason": None,
        "appointmentId": None,
    }
    assert (third["status"], third["appointmentId"]) == ("BOOKED", str(booked.id))
    page = body_of(reception.get(f"/slots/doctor/{doctor}/date/{MONDAY}?limit=10"))
    rest = body_of(reception.get(f"/slots/doctor/{doctor}/date/{MONDAY}?limit=10&cursor={page['nextCursor']}"))
    assert page["items"] + rest["items"] == day["items"]


@pytest.mark.parametrize(("minutes", "count"), [(15, 28), (20, 21), (30, 14), (45, 9), (60, 7)])
def test_how_many_slots_a_day_gives(reception: Caller, here: Clinic, minutes: int, count: int) -> None:
    day = body_of(reception.get(f"/slots/doctor/{here.doctor(minutes)}/date/{TUESDAY}"))
    assert len(day["items"]) == count


def test_why_a_date_has_no_slots(reception: Caller, here: Clinic) -> None:
    from_tuesday = here.doctor(days=())
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(10), MONDAY + timedelta(days=2))  # and comes all the same
    here.holiday(MONDAY + timedelta(days=2))
    expected = {
        (from_tuesday, TUESDAY): "DAY_OFF",
        (doctor, MONDAY + timedelta(days=2)): "HOLIDAY",
        (doctor, MONDAY - timedelta(days=1)): "PAST",
        (doctor, LAST_DAY + timedelta(days=1)): "BEYOND_BOOKING_WINDOW",
    }
    for (who, day), reason in expected.items():
        answer = reception.get(f"/slots/doctor/{who}/date/{day}").json
        assert answer == {"items": [], "nextCursor": None, "closedReason": reason}
    for wrong in ("tomorrow", "2026-02-30", "20260302", "9999-12-31", "0001-01-01"):
        assert fields(reception.get(f"/slots/doctor/{doctor}/date/{wrong}")) == ["date"]


def test_free_slots_and_ranges(reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(10))
    free = body_of(reception.get(f"/slots/doctor/{doctor}"))
    assert len(free["items"]) == 31 * 14 - 1
    assert free["nextCursor"] is None
    assert {slot["status"] for slot in free["items"]} == {"AVAILABLE"}
    path = f"/slots/doctor/{doctor}/range"
    assert len(body_of(reception.get(f"{path}?from={MONDAY}&to={TUESDAY}"))["items"]) == 28
    assert len(body_of(reception.get(f"{path}?from={MONDAY}&to={MONDAY + timedelta(days=61)}"))["items"]) == 31 * 14
    assert fields(reception.get(f"{path}?from={MONDAY}&to={MONDAY + timedelta(days=62)}")) == ["to"]
    assert fields(reception.get(f"{path}?from={TUESDAY}&to={MONDAY}")) == ["to"]
    assert fields(reception.get(path)) == ["from", "to"]


def test_generating_twice_changes_nothing(admin: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    here.holiday(TUESDAY)
    path = f"/slots/generate/{doctor}"
    assert admin.post(path, {"daysAhead": 6}).json == {"created": 6 * 14, "existing": 0, "skippedHolidays": 1}
    assert admin.post(path, {"daysAhead": 6}).json == {"created": 0, "existing": 6 * 14, "skippedHolidays": 1}
    assert body_of(admin.post(path))["created"] == 24 * 14
    assert body_of(admin.post(path, {}))["created"] == 0
    for wrong in (0, 91, "6", 1.5, None, True):
        assert fields(admin.post(path, {"daysAhead": wrong})) == ["daysAhead"]
    assert admin.post(path, {"daysAhead": 90}).status_code == 200


def test_regenerating_keeps_what_is_booked(client: FlaskClient, here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(10))
    done = body_of(doctor_of(client, here, doctor).post(f"/slots/regenerate/{doctor}"))
    assert done == {"removed": 0, "created": 30 * 14, "affectedAppointments": []}
    assert here.count(Appointment) == 1


def slot(caller: Caller, doctor: UUID, at: str) -> dict[str, Any]:
    day = body_of(caller.get(f"/slots/doctor/{doctor}/date/{MONDAY}"))
    return next(item for item in day["items"] if item["startTime"] == at)


def test_a_slot_is_closed_and_opened(client: FlaskClient, here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(9))
    own = doctor_of(client, here, doctor)
    free = slot(own, doctor, "10:00")
    path = f"/slots/{free['id']}/block"
    closed = own.patch(path, {"blocked": True, "reason": "Meeting"}).json
    assert closed == free | {"status": "BLOCKED", "blockReason": "Meeting"}
    assert own.patch(path, {"blocked": False}).json == free
    taken = slot(own, doctor, "09:00")
    assert code(own.patch(f"/slots/{taken['id']}/block", {"blocked": True})) == (409, "SLOT_BOOKED")
    assert fields(own.patch(path, {"blocked": "yes"})) == ["blocked"]
    assert fields(own.patch(path, {})) == ["blocked"]


def test_a_hold_keeps_others_out(client: FlaskClient, reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    free = slot(reception, doctor, "10:00")
    path = f"/slots/{free['id']}/hold"
    held = body_of(reception.post(path))
    assert held.keys() == {"holdToken", "expiresAt"}
    assert held["expiresAt"] == "2026-03-02T08:02:00+05:30"
    assert slot(reception, doctor, "10:00")["status"] == "HELD"
    other = caller_of(client, here, here.other)
    assert code(other.post(path)) == (409, "SLOT_HELD")
    request = {"patientId": str(here.patient()), "doctorId": str(doctor), "date": str(MONDAY), "time": "10:00"}
    assert code(other.post("/appointments", request)) == (409, "SLOT_HELD")
    assert other.delete(path).status_code == 204
    assert slot(reception, doctor, "10:00")["status"] == "HELD"
    assert reception.post("/appointments", request | {"holdToken": held["holdToken"]}).status_code == 201
    another = slot(reception, doctor, "11:00")
    reception.post(f"/slots/{another['id']}/hold")
    for _ in range(2):
        assert reception.delete(f"/slots/{another['id']}/hold").status_code == 204
    assert slot(reception, doctor, "11:00")["status"] == "AVAILABLE"
    assert code(reception.post(path)) == (409, "SLOT_TAKEN")
    assert here.count(DoctorSlot, id=UUID(free["id"])) == 1


def test_a_day_that_was_written_before_is_written_anew_when_something_is_new(reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    address = f"/slots/doctor/{doctor}/date/{TUESDAY}"
    made = body_of(reception.get(address))
    assert body_of(reception.get(address)) == made == body_of(reception.get(address))
    booked = here.book(doctor, here.patient(), time(9), TUESDAY)
    first = body_of(reception.get(address))["items"][0]
    assert (first["status"], first["appointmentId"]) == ("BOOKED", str(booked.id))
    assert len(body_of(reception.get(f"{address}?limit=3"))["items"]) == 3
