"""`shownAppointmentIds`: a change of time is made only when it concerns nobody whom the caller has not seen."""

from datetime import time
from typing import Any

import pytest

from hms_web.models import Appointment
from tests.api.callers import Caller, body_of, code, fields
from tests.scenes import MONDAY, Clinic

MORE = (409, "MORE_CONCERNED")
HOURS = [{"dayOfWeek": "MONDAY", "startTime": "12:00", "endTime": "14:00"}]
LEAVE = {"absenceType": "EMERGENCY", "startDate": f"{MONDAY}", "endDate": f"{MONDAY}"}
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "leave": ("post", "/doctors/{doctor}/absences", LEAVE),
    "hours": ("put", "/doctors/{doctor}/schedules", {"schedules": HOURS}),
    "availability": ("patch", "/doctors/{doctor}", {"isAvailable": False}),
    "holiday": ("post", "/holidays", {"name": "Holi", "date": f"{MONDAY}"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_who_was_not_shown_is_not_concerned(admin: Caller, here: Clinic, name: str) -> None:
    method, path, body = CHANGES[name]
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    ask, there = getattr(admin, method), path.format(doctor=doctor)
    refused = ask(there, body | {"shownAppointmentIds": []})
    assert code(refused) == MORE
    assert "1 more than were shown" in refused.text
    row = here.row(booked.id)
    assert (row.status, row.affected_cause, row.version) == ("SCHEDULED", None, 1)
    here.session.commit()
    assert ask(there, body | {"shownAppointmentIds": [str(booked.id)]}).status_code < 300
    assert here.count(Appointment, version=2) == 1


def test_a_change_of_leave_and_of_a_holiday_takes_it_too(admin: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    leave = body_of(admin.post(f"/doctors/{doctor}/absences", LEAVE | {"absenceType": "OTHER"}))["absence"]["id"]
    to_emergency = {"absenceType": "EMERGENCY", "shownAppointmentIds": []}
    assert code(admin.patch(f"/doctors/{doctor}/absences/{leave}", to_emergency)) == MORE
    none: dict[str, list[str]] = {"shownAppointmentIds": []}
    assert code(admin.post(f"/doctors/{doctor}/absences/{leave}/cancel", none)) == MORE
    assert here.row(booked.id).affected_cause == "ABSENCE"
    here.session.commit()
    for _ in range(2):
        assert body_of(admin.post(f"/doctors/{doctor}/absences/{leave}/cancel"))["status"] == "CANCELLED"
    assert here.row(booked.id).affected_cause is None
    here.session.commit()
    holiday = body_of(admin.post("/holidays", {"name": "Holi", "date": f"{MONDAY}"}))["holiday"]["id"]
    off = {"isActive": False, "shownAppointmentIds": []}
    assert code(admin.patch(f"/holidays/{holiday}", off)) == MORE
    assert admin.patch(f"/holidays/{holiday}", off | {"shownAppointmentIds": [str(booked.id)]}).status_code == 200


def test_it_has_to_be_a_list_of_ids(admin: Caller, here: Clinic) -> None:
    wrong = admin.post("/holidays", {"name": "Holi", "date": f"{MONDAY}", "shownAppointmentIds": ["x"]})
    assert fields(wrong) == ["shownAppointmentIds.0"]
