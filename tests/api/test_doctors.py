"""`/doctors`, with schedules and absences."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hms_web.models import DoctorAbsence
from tests.api.callers import Caller, body_of, code, doctor_of, fields
from tests.scenes import LAST_DAY, MONDAY, Clinic

HOURS = {"dayOfWeek": "MONDAY", "startTime": "09:00", "endTime": "12:00"}
TUESDAY = MONDAY + timedelta(days=1)


def test_a_doctor_is_added_listed_and_read(admin: Caller, reception: Caller) -> None:
    wanted = {"name": "Dr. Asha Rao", "email": "asha@clinic.test", "department": "ENT"}
    made = body_of(admin.post("/doctors", wanted))
    link = made.pop("passwordLink")
    assert "/set-password/" in link["url"]
    doctor = {**wanted, "id": made["id"], "slotDuration": 30, "maxPatientsPerDay": 30, "isAvailable": True}
    assert made == {**doctor, "isActive": True, "schedules": []}
    assert reception.get(f"/doctors/{made['id']}").json == made
    assert reception.get("/doctors?department=ENT&q=asha").json == {"items": [made], "nextCursor": None}
    for query in ("department=Cardiology", "q=ravi"):
        assert reception.get(f"/doctors?{query}").json == {"items": [], "nextCursor": None}
    again = admin.post("/doctors", wanted | {"email": "ASHA@clinic.test"})
    assert code(again) == (409, "EMAIL_TAKEN")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slotDuration", 4),
        ("slotDuration", 241),
        ("slotDuration", "30"),
        ("slotDuration", 10**40),
        ("maxPatientsPerDay", 0),
        ("maxPatientsPerDay", 2**70),
        ("department", ""),
        ("password", "short"),
    ],
)
def test_a_doctor_with_something_wrong(admin: Caller, here: Clinic, field: str, value: object) -> None:
    wanted = {"name": "Dr. Asha Rao", "email": "asha@clinic.test", "department": "ENT"}
    assert fields(admin.post("/doctors", wanted | {field: value})) == [field]
    if field != "password":
        assert fields(admin.patch(f"/doctors/{here.doctor()}", {field: value})) == [field]


def test_becoming_unavailable_says_what_it_cancelled(admin: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    plain = body_of(admin.patch(f"/doctors/{doctor}", {"department": "ENT", "maxPatientsPerDay": 12}))
    assert (plain["department"], plain["maxPatientsPerDay"]) == ("ENT", 12)
    assert "cancelledAppointments" not in plain
    after = body_of(admin.patch(f"/doctors/{doctor}", {"isAvailable": False}))
    assert after == plain | {
        "isAvailable": False,
        "cancelledAppointments": 1,
        "notifiedPatients": 1,
        "affectedAppointmentIds": [str(booked.id)],
    }
    assert here.row(booked.id).status == "CANCELLED"
    assert "cancelledAppointments" not in body_of(admin.patch(f"/doctors/{doctor}", {"isAvailable": True}))


def test_new_hours_move_the_slots_and_tell_who_no_longer_fits(client: FlaskClient, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(15))
    own = doctor_of(client, here, doctor)
    done = body_of(own.put(f"/doctors/{doctor}/schedules", {"schedules": [HOURS]}))
    assert done["schedules"] == [{**HOURS, "breakStart": None, "breakEnd": None, "isActive": True}]
    assert done["slotsRemoved"] > 0
    assert [(item["id"], item["cause"]) for item in done["affectedAppointments"]] == [
        (str(booked.id), "SCHEDULE_CHANGE")
    ]
    assert body_of(own.get(f"/doctors/{doctor}"))["schedules"] == done["schedules"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endTime": "09:00"}, "schedules.0.endTime"),
        ({"endTime": "25:00"}, "schedules.0.endTime"),
        ({"breakStart": "10:00"}, "schedules.0.breakEnd"),
        ({"breakStart": "08:00", "breakEnd": "10:00"}, "schedules.0.breakStart"),
        ({"dayOfWeek": "Monday"}, "schedules.0.dayOfWeek"),
        ({"isActive": None}, "schedules.0.isActive"),
        ({"id": "x"}, "schedules.0.id"),
    ],
)
def test_wrong_hours(admin: Caller, here: Clinic, change: dict[str, object], field: str) -> None:
    assert fields(admin.put(f"/doctors/{here.doctor()}/schedules", {"schedules": [HOURS | change]})) == [field]


def test_at_most_one_entry_a_day(admin: Caller, here: Clinic) -> None:
    path = f"/doctors/{here.doctor()}/schedules"
    assert fields(admin.put(path, {"schedules": [HOURS, HOURS]})) == ["schedules.1.dayOfWeek"]
    assert fields(admin.put(path, {"schedules": HOURS})) == ["schedules"]
    assert fields(admin.put(path, {})) == ["schedules"]


def leave(kind: str = "OTHER", first: date = TUESDAY, last: date = TUESDAY, **more: Any) -> dict[str, object]:
    return {"absenceType": kind, "startDate": str(first), "endDate": str(last)} | more


def test_leave_is_previewed_entered_changed_and_cancelled(client: FlaskClient, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10), TUESDAY)
    own = doctor_of(client, here, doctor)
    path = f"/doctors/{doctor}/absences"
    foreseen = body_of(own.post(f"{path}/preview", leave()))
    assert here.count(DoctorAbsence) == 0
    made = own.post(path, leave(reason="Conference"))
    assert made.status_code == 201
    entered = body_of(made)
    absence = entered.pop("absence")
    assert [(item["id"], item["cause"]) for item in entered["affectedAppointments"]] == [(str(booked.id), "ABSENCE")]
    assert (entered["warningCount"], entered["cancelledAppointments"], entered["notifiedPatients"]) == (1, 0, 1)
    # Being marked is a change of the appointment; all else was foreseen.
    foreseen["affectedAppointments"][0]["version"] += 1
    assert foreseen.pop("slotsBlocked") > 0
    assert [(day["date"], day["booked"]) for day in foreseen.pop("blockedSlots")] == [(str(TUESDAY), ["10:00"])]
    assert foreseen == entered
    assert absence == {
        "id": absence["id"],
        "doctorId": str(doctor),
        **leave(),
        "isFullDay": True,
        "startTime": None,
        "endTime": None,
        "reason": "Conference",
        "status": "ACTIVE",
    }
    assert own.get(path).json == {"items": [absence], "nextCursor": None}
    one = f"{path}/{absence['id']}"
    part = {"isFullDay": False, "startTime": "14:00", "endTime": "16:00", "reason": None}
    for opening in (body_of(own.post(f"{one}/preview", part))["opening"], body_of(own.post(f"{one}/cancel/preview"))):
        assert [item["id"] for item in opening["noLongerAffected"]] == [str(booked.id)]
        assert [(day["date"], day["booked"]) for day in opening["openedSlots"]] == [(str(TUESDAY), ["10:00"])]
        assert opening["slotsOpened"] == 1 + len(opening["openedSlots"][0]["free"]) > 1
    changed = body_of(own.patch(one, part))
    assert changed["absence"] == absence | {
        "isFullDay": False,
        "startTime": "14:00",
        "endTime": "16:00",
        "reason": None,
    }
    assert here.row(booked.id).affected_cause is None
    for _ in range(2):
        assert own.delete(one).status_code == 204
    assert code(own.patch(one, {"reason": "Late"})) == (404, "ABSENCE_NOT_FOUND")
    for late in ("preview", "cancel/preview"):
        assert code(own.post(f"{one}/{late}")) == (404, "ABSENCE_NOT_FOUND")
    assert body_of(own.get(f"{path}?status=CANCELLED"))["items"][0]["status"] == "CANCELLED"
    assert body_of(own.get(f"{path}?status=ACTIVE"))["items"] == []


def test_an_emergency_cancels(admin: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10), TUESDAY)
    foreseen = body_of(admin.post(f"/doctors/{doctor}/absences/preview", leave("EMERGENCY")))
    assert (foreseen["cancelledAppointments"], foreseen["notifiedPatients"], foreseen["warningCount"]) == (1, 1, 0)
    done = body_of(admin.post(f"/doctors/{doctor}/absences", leave("EMERGENCY")))
    assert (done["cancelledAppointments"], done["notifiedPatients"], done["warningCount"]) == (1, 1, 0)
    note = "Auto-cancelled due to doctor emergency"
    told = [(item["status"], item["cause"], item["notes"]) for item in done["affectedAppointments"]]
    assert told == [("CANCELLED", "ABSENCE", note)]
    assert here.row(booked.id).cancel_reason == note


def test_leave_that_is_refused(admin: Caller, reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    path = f"/doctors/{doctor}/absences"
    part: dict[str, Any] = {"isFullDay": False, "startTime": "09:00", "endTime": "10:00"}
    assert admin.post(path, leave(**part)).status_code == 201
    for address in (path, f"{path}/preview"):
        assert code(admin.post(address, leave())) == (409, "ABSENCE_OVERLAP")
        assert fields(admin.post(address, leave(last=MONDAY))) == ["endDate"]
        assert fields(admin.post(address, leave(first=MONDAY - timedelta(days=1)))) == ["startDate"]
        assert fields(admin.post(address, leave("HOLIDAY"))) == ["absenceType"]
        assert fields(admin.post(address, leave(**part | {"endTime": "08:00"}))) == ["endTime"]
        assert fields(admin.post(address, leave(isFullDay=False))) == ["startTime", "endTime"]
    assert code(reception.post(path, leave())) == (403, "FORBIDDEN")
    assert body_of(reception.get(f"{path}?from={TUESDAY}&to={TUESDAY}"))["items"]
    assert not body_of(reception.get(f"{path}?from={LAST_DAY}"))["items"]
    assert fields(reception.get(f"{path}?from={LAST_DAY}&to={MONDAY}")) == ["to"]
