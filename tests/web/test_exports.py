"""Lists as files: what the filters let through, all of it, for whoever may take it away; and it is written down."""

from datetime import time

import pytest
import sqlalchemy as sa

from hms_web.models import AuditEvent
from hms_web.web import exports
from tests.scenes import MONDAY
from tests.web.pages import Page
from tests.web.record_scenes import Desk


def lines(answer: Page) -> list[str]:
    assert answer.status == 200
    return answer.html.removeprefix("\ufeff").splitlines()


def taken_away(desk: Desk) -> list[dict[str, object]]:
    """What the audit trail says of files, and that no name stands in it."""
    rows = desk.session.scalars(
        sa.select(AuditEvent.details)
        .where(AuditEvent.action == "hospital.list_exported")
        .order_by(AuditEvent.at, AuditEvent.id)  # in a test all is done at one instant
    ).all()
    assert "Asha" not in str(rows)
    return list(rows)


def test_appointments_as_they_are_narrowed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_LIMIT", 1)
    later = desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="=1+1"), time(11))
    doctor = desk.doctor()
    whole = lines(doctor.get(f"/appointments?first={MONDAY}").form("/appointments/export.csv").send())
    assert whole[0] == "Appointment,Token,Patient,Patient number,Phone,Doctor,Department,State,What for,Reason"
    assert [line.split(",")[:3] for line in whole[1:]] == [
        ["2026-03-02 10:00", "1", "Asha Sharma"],
        ["2026-03-02 11:00", "2", "'=1+1"],
    ]
    found = doctor.get("/appointments").form(id="filters").send(q="Asha", first=str(MONDAY))
    assert len(lines(found.form("/appointments/export.csv").send())) == 2
    cancelled = doctor.get(f"/appointments?status=SCHEDULED&sort=-time&first={MONDAY}").form("/appointments/export.csv")
    assert "11:00" in lines(cancelled.send())[1]
    assert taken_away(desk)[1] == {"list": "appointments", "first": "2026-03-02"}
    assert later.token_number == 2


def test_patients_are_an_administrators_to_take_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_LIMIT", 1)
    desk.clinic.patient(name="Zoya", status="BLOCKED", blocked_at=desk.booked.created_at)
    admin = desk.admin()
    everybody = lines(admin.get("/patients?sort=-name").form("/patients/export.csv").send())
    assert everybody[0] == "Name,Number,Phone,E-mail,Born,No-shows,Blocked"
    assert [line.split(",")[::6] for line in everybody[1:]] == [["Zoya", "yes"], ["Asha Sharma", "no"]]
    for page in (admin.get("/patients?blocked=1"), admin.get("/patients").form(id="filters").send(q="Zoya")):
        assert [line.split(",")[0] for line in lines(page.form("/patients/export.csv").send())[1:]] == ["Zoya"]
    assert taken_away(desk) == [{"list": "patients"}] * 3
    assert "/patients/export.csv" not in desk.reception().get("/patients").html


def test_doctors_users_and_holidays(desk: Desk) -> None:
    desk.clinic.holiday(MONDAY, is_recurring=True)
    admin, doctor = desk.admin(), "Dr. 001"

    def file_of(address: str) -> list[str]:
        (link,) = [a.attrib["href"] for a in admin.get(address).all("a") if "export.csv" in a.attrib.get("href", "")]
        return lines(admin.get(link))

    doctors = file_of("/doctors?department=Cardiology")
    assert doctors[0] == "Name,E-mail,Department,Slot,Most a day,Takes appointments,Active"
    assert (doctors[1].split(",")[0], doctors[1].split(",")[2:]) == (doctor, ["Cardiology", "30", "30", "yes", "yes"])
    assert len(lines(admin.get("/doctors/export.csv?department=Other"))) == 1
    users = file_of(f"/users?q={doctor}")
    assert (users[0], len(users), users[1].split(",")[2:]) == ("Name,E-mail,Role,Active", 2, ["Doctor", "yes"])
    assert file_of("/holidays")[1] == "2026-03-02,Holi,yes,yes,"
    assert "export.csv" not in desk.reception().get("/doctors").html
