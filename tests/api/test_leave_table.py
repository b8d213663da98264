"""The doctor's time, row by row, by JSON (tests/leave_rows.py)."""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.schedules import DayOfWeek
from hms_web.models import HospitalHoliday
from tests.api.callers import Caller, body_of
from tests.leave_rows import Foretold, Leave, LeaveTable, World
from tests.scenes import MONDAY, Clinic


def wanted(leave: Leave) -> dict[str, Any]:
    body: dict[str, Any] = {
        "absenceType": leave.kind,
        "startDate": f"{leave.first}",
        "endDate": f"{leave.last}",
        "isFullDay": leave.hours is None,
    }
    if leave.hours:
        body |= {"startTime": f"{leave.hours[0]:%H:%M}", "endTime": f"{leave.hours[1]:%H:%M}"}
    return body


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


@dataclass
class Json(World):
    """The JSON API, called with an administrator's token; what the answers call affected is compared with the list."""

    caller: Caller = field(kw_only=True)

    @property
    def path(self) -> str:
        return f"/doctors/{self.doctor_id}"

    def _affected(self, body: dict[str, Any]) -> None:
        """Check that whom an answer calls affected and not cancelled stands on the list."""
        for item in body["affectedAppointments"]:
            row = self.clinic.row(UUID(item["id"]))
            assert row.status == "CANCELLED" or row.affected_cause == item["cause"]

    def enter(self, leave: Leave) -> bool:
        answer = self.caller.post(f"{self.path}/absences", wanted(leave))
        if answer.status_code == 201:
            body = body_of(answer)
            self._affected(body)
            cancelled = [item for item in body["affectedAppointments"] if item["status"] == "CANCELLED"]
            assert body["cancelledAppointments"] == len(cancelled)
            assert body["warningCount"] == len(body["affectedAppointments"]) - len(cancelled)
        return answer.status_code == 201

    def preview(self, leave: Leave) -> Foretold:
        body = body_of(self.caller.post(f"{self.path}/absences/preview", wanted(leave)))
        names = {item["patient"]["name"] for item in body["affectedAppointments"]}
        days = body["blockedSlots"]
        assert body["slotsBlocked"] == sum(len(day["free"]) + len(day["booked"]) for day in days)
        return Foretold(body["slotsBlocked"], names, body["cancelledAppointments"])

    def change(self, leave: Leave) -> bool:
        one, before = f"{self.path}/absences/{self.absence()}", self.written()
        foreseen = body_of(self.caller.post(f"{one}/preview", wanted(leave)))
        assert self.written() == before
        seen = ids(foreseen["affectedAppointments"]) + ids(foreseen["opening"]["noLongerAffected"])
        answer = self.caller.patch(one, wanted(leave) | {"shownAppointmentIds": seen})
        done = body_of(answer)
        self._affected(done)
        assert ids(done["affectedAppointments"]) == ids(foreseen["affectedAppointments"])
        for name in ("warningCount", "cancelledAppointments", "notifiedPatients"):
            assert done[name] == foreseen[name]
        return answer.status_code == 200

    def cancel(self) -> None:
        one, before, listed = f"{self.path}/absences/{self.absence()}", self.written(), self.listed()
        opening = body_of(self.caller.post(f"{one}/cancel/preview"))
        assert self.written() == before
        settled = opening["noLongerAffected"]
        done = body_of(self.caller.post(f"{one}/cancel", {"shownAppointmentIds": ids(settled)}))
        assert done["status"] == "CANCELLED"
        assert self.listed() == listed - {item["patient"]["name"] for item in settled}

    def statuses(self, day: date = MONDAY) -> dict[str, str]:
        items = body_of(self.caller.get(f"/slots/doctor/{self.doctor_id}/date/{day}"))["items"]
        return {item["startTime"]: item["status"] for item in items}

    def books(self, patient: UUID, at: time, day: date = MONDAY) -> bool:
        body = {
            "patientId": str(patient),
            "doctorId": str(self.doctor_id),
            "date": f"{day}",
            "time": f"{at:%H:%M}",
        }
        return self.caller.post("/appointments", body).status_code == 201

    def set_hours(self, start: time, end: time) -> None:
        hours = {"startTime": f"{start:%H:%M}", "endTime": f"{end:%H:%M}"}
        body = {"schedules": [{"dayOfWeek": day} | hours for day in DayOfWeek]}
        before = self.written()
        foreseen = body_of(self.caller.post(f"{self.path}/schedules/preview", body))
        assert self.written() == before
        assert {day["slots"][0] for day in foreseen["days"]} == {f"{start:%H:%M}"}
        seen = ids(foreseen["affectedAppointments"])
        done = body_of(self.caller.put(f"{self.path}/schedules", body | {"shownAppointmentIds": seen}))
        self._affected(done)
        assert ids(done["affectedAppointments"]) == seen

    def set_slot_length(self, minutes: int) -> None:
        assert body_of(self.caller.patch(self.path, {"slotDuration": minutes}))["slotDuration"] == minutes

    def block(self, at: time, *, blocked: bool = True) -> None:
        slot = self.clinic.slot(self.doctor_id, at).id
        body_of(self.caller.patch(f"/slots/{slot}/block", {"blocked": blocked}))

    def close(self, day: date, *, every_year: bool = False) -> None:
        body = {"name": "Holi", "date": f"{day}", "isRecurring": every_year}
        before = self.written()
        seen = ids(body_of(self.caller.post("/holidays/preview", body))["affectedAppointments"])
        assert self.written() == before
        done = body_of(self.caller.post("/holidays", body | {"shownAppointmentIds": seen}))
        self._affected(done)
        assert ids(done["affectedAppointments"]) == seen

    def reopen(self) -> None:
        key = self.clinic.session.scalars(sa.select(HospitalHoliday.id)).one()
        assert self.caller.delete(f"/holidays/{key}").status_code == 204

    def switch(self, *, available: bool) -> list[UUID]:
        before = self.written()
        foreseen = body_of(self.caller.post(f"{self.path}/availability/preview"))
        assert self.written() == before
        seen = foreseen["affectedAppointmentIds"] + ids(foreseen["affectedAppointments"])
        body = body_of(self.caller.patch(self.path, {"isAvailable": available, "shownAppointmentIds": seen}))
        assert body["isAvailable"] is available
        for name in () if available else ("cancelledAppointments", "notifiedPatients", "affectedAppointmentIds"):
            assert body[name] == foreseen[name]
        named = [UUID(key) for key in body.get("affectedAppointmentIds", [])]
        assert available or (body["cancelledAppointments"], body["notifiedPatients"]) == (len(named), len(named))
        return named

    def listed(self) -> set[str]:
        groups = body_of(self.caller.get(f"/affected?doctorId={self.doctor_id}"))["groups"]
        return {item["patient"]["name"] for group in groups for item in group["appointments"]}


class TestLeaveTable(LeaveTable):
    """Each row."""

    @pytest.fixture
    def world(self, here: Clinic, admin: Caller) -> World:
        """A clinic behind the JSON API."""
        return Json(here, here.doctor(), caller=admin)
