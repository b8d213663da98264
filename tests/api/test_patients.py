"""`/patients`, `/holidays` and `/notifications`."""

from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hms_web.models import AuditEvent, HospitalHoliday, Notification, Patient, new_id
from hms_web.services import paging
from tests.api.callers import Caller, caller_of, code, fields
from tests.scenes import MONDAY, NOW, Clinic

ASHA = {
    "name": "Asha Rao",
    "phone": "+91 98765 43210",
    "dateOfBirth": "1980-02-29",
    "sex": "FEMALE",
    "email": "asha@example.org",
}


def test_a_patient_is_added_read_and_changed(reception: Caller, here: Clinic) -> None:
    made = reception.post("/patients", ASHA)
    assert made.status_code == 201
    patient = dict(made.json or {})
    assert patient.pop("possibleDuplicates") == []
    path = f"/patients/{patient['id']}"
    assert reception.get(path).json == patient
    assert patient == {
        **ASHA,
        "id": patient["id"],
        "mrn": "000001",
        "status": "ACTIVE",
        "noShowCount": 0,
        "lifetimeNoShows": 0,
        "blockedAt": None,
        "blockedReason": None,
        "createdAt": NOW.astimezone(here.actor.zone).isoformat(),
    }
    changed = reception.patch(path, {"email": None, "sex": "OTHER", "mrn": "A-7"}).json
    assert changed == patient | {"email": None, "sex": "OTHER", "mrn": "A-7"}
    assert reception.patch(path, {}).json == changed
    assert fields(reception.patch(path, {"name": None})) == ["name"]
    assert fields(reception.patch(path, {"phone": None})) == ["phone"]
    assert fields(reception.patch(path, {"phone": " "})) == ["phone"]
    assert fields(reception.patch(path, {"status": "ACTIVE"})) == ["status"]


def test_possible_duplicates_are_told_and_a_taken_number_is_refused(reception: Caller) -> None:
    first = reception.post("/patients", ASHA | {"mrn": "A-7"}).json
    assert first is not None
    second = reception.post("/patients", ASHA | {"name": "Asha R", "phone": "9876543210"}).json
    assert second is not None
    assert [patient["id"] for patient in second["possibleDuplicates"]] == [first["id"]]
    assert code(reception.post("/patients", ASHA | {"mrn": "A-7"})) == (409, "MRN_TAKEN")
    assert code(reception.patch(f"/patients/{second['id']}", {"mrn": "A-7"})) == (409, "MRN_TAKEN")


def test_patients_are_found_a_page_at_a_time(reception: Caller, here: Clinic) -> None:
    for name in ("Asha Rao", "Asha Roy", "Ashok Ray", "Zoya Khan"):
        here.patient(name=name)
    found = reception.get("/patients?q=asha").json
    assert found is not None
    assert [item["name"] for item in found["items"]][:2] == ["Asha Rao", "Asha Roy"]
    names, path = [], "/patients?limit=3"
    while path:
        body = reception.get(path).json
        assert body is not None
        names += [item["name"] for item in body["items"]]
        path = f"/patients?limit=3&cursor={body['nextCursor']}" if body["nextCursor"] else ""
    assert names == ["Asha Rao", "Asha Roy", "Ashok Ray", "Zoya Khan"]


def test_unblocking_counts_anew(admin: Caller, here: Clinic) -> None:
    patient = here.patient(
        status="BLOCKED", no_show_count=3, lifetime_no_shows=5, blocked_at=NOW, blocked_reason="Missed three"
    )
    path = f"/patients/{patient}"
    before = admin.get(path).json
    assert before is not None
    assert (before["status"], before["noShowCount"], before["blockedReason"]) == ("BLOCKED", 3, "Missed three")
    assert fields(admin.post(f"{path}/unblock", {"reason": " "})) == ["reason"]
    assert fields(admin.post(f"{path}/unblock", {})) == ["reason"]
    after = admin.post(f"{path}/unblock", {"reason": "Paid a visit"}).json
    assert after == before | {"status": "ACTIVE", "noShowCount": 0, "blockedAt": None, "blockedReason": None}
    assert admin.post(f"{path}/unblock", {"reason": "Again"}).json == after
    assert here.count(AuditEvent, action="patient.unblocked") == 1


def test_holidays_close_days_and_affect_who_is_booked(admin: Caller, reception: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10), MONDAY + timedelta(days=1))
    made = admin.post("/holidays", {"name": "Holi", "date": "2026-03-03", "description": "Colours"})
    assert made.status_code == 201
    body = dict(made.json or {})
    holiday = body["holiday"]
    assert holiday == {
        "id": holiday["id"],
        "name": "Holi",
        "date": "2026-03-03",
        "isRecurring": False,
        "isActive": True,
        "description": "Colours",
    }
    assert [(item["id"], item["cause"]) for item in body["affectedAppointments"]] == [(str(booked.id), "HOLIDAY")]
    assert reception.get("/holidays").json == {"items": [holiday], "nextCursor": None}
    assert code(admin.post("/holidays", {"name": "Again", "date": "2026-03-03"})) == (409, "HOLIDAY_EXISTS")
    path = f"/holidays/{holiday['id']}"
    moved = admin.patch(path, {"date": "2026-03-04", "description": None}).json
    assert moved is not None
    assert moved["holiday"] == holiday | {"date": "2026-03-04", "description": None}
    assert here.row(booked.id).affected_cause is None
    assert admin.delete(path).status_code == 204
    assert code(admin.delete(path)) == (404, "HOLIDAY_NOT_FOUND")
    assert here.count(HospitalHoliday) == 0


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("date", "2026-02-29"), ("isRecurring", 1), ("description", "\0")]
)
def test_a_holiday_with_something_wrong(admin: Caller, field: str, value: object) -> None:
    assert fields(admin.post("/holidays", {"name": "Holi", "date": "2026-03-03"} | {field: value})) == [field]


def test_a_recurring_holiday_of_a_leap_year(admin: Caller, here: Clinic) -> None:
    made = admin.post("/holidays", {"name": "Leap", "date": "2024-02-29", "isRecurring": True})
    assert made.status_code == 201
    assert here.session.scalar(sa.select(HospitalHoliday.date)) == date(2024, 2, 29)


def note(here: Clinic, user: UUID | None, number: int, channel: str = "in_app") -> str:
    """Write a message, the later the higher its number."""
    row = Notification(
        id=new_id(),
        hospital_id=here.actor.hospital_id,
        dedupe_key=str(new_id()),
        event="test",
        channel=channel,
        priority="HIGH",
        user_id=user,
        title=f"Message {number}",
        body="Words",
        link="/jobs",
        created_at=NOW + timedelta(seconds=number),
    )
    here.session.add(row)
    here.session.commit()
    return str(row.id)


def test_the_inbox_is_the_callers_own(client: FlaskClient, reception: Caller, here: Clinic) -> None:
    mine = [note(here, here.actor.user_id, number) for number in range(3)]
    others = note(here, here.other.user_id, 4)
    note(here, here.actor.user_id, 5, "email")
    here.book(here.doctor(), here.patient(), time(10))  # tells the patient, not the staff
    body = reception.get("/notifications").json
    assert body is not None
    assert [item["id"] for item in body["items"]] == mine[::-1]
    assert body["items"][0] == {
        "id": mine[2],
        "title": "Message 2",
        "body": "Words",
        "priority": "HIGH",
        "channel": "in_app",
        "createdAt": (NOW + timedelta(seconds=2)).astimezone(here.actor.zone).isoformat(),
        "readAt": None,
        "link": "/jobs",
    }
    read = reception.post(f"/notifications/{mine[2]}/read").json
    assert read == body["items"][0] | {"readAt": NOW.astimezone(here.actor.zone).isoformat()}
    assert reception.post(f"/notifications/{mine[2]}/read").json == read
    assert code(reception.post(f"/notifications/{others}/read")) == (404, "NOTIFICATION_NOT_FOUND")
    assert reception.post("/notifications/read-all").json == {"read": 2}
    assert reception.post("/notifications/read-all").json == {"read": 0}
    theirs = caller_of(client, here, here.other).get("/notifications").json
    assert theirs is not None
    assert [item["readAt"] for item in theirs["items"]] == [None]


def test_the_inbox_a_page_at_a_time(reception: Caller, here: Clinic) -> None:
    mine = [note(here, here.actor.user_id, number) for number in range(3)]
    first = reception.get("/notifications?limit=2").json
    assert first is not None
    rest = reception.get(f"/notifications?limit=2&cursor={first['nextCursor']}").json
    assert rest is not None
    assert [item["id"] for item in first["items"] + rest["items"]] == mine[::-1]
    assert rest["nextCursor"] is None


def test_no_patient_can_be_read_by_a_wrong_id(reception: Caller, here: Clinic) -> None:
    missing = reception.get(f"/patients/{new_id()}")
    assert code(missing) == (404, "PATIENT_NOT_FOUND")
    for wrong in ("1", "%00", "00000000-0000-0000-0000-00000000000g", str(new_id()).replace("-", ""), "ü"):
        assert reception.get(f"/patients/{wrong}").data == missing.data
    assert here.count(Patient) == 0


@pytest.mark.parametrize("score", ["1E+200000", "NaN", "sNaN", "-Infinity", "1" * 4000])
def test_a_cursor_that_nobody_was_given_is_wrong_input(reception: Caller, here: Clinic, score: str) -> None:
    here.patient(name="John Smith")
    made_up = paging.write_cursor(score, "a", UUID(int=1))
    assert fields(reception.get(f"/patients?q=smith&cursor={made_up}")) == ["cursor"]
