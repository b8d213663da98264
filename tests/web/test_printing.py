"""A patient's slip and the day's list, on paper."""

from datetime import time
from uuid import uuid4

import sqlalchemy as sa

from hms_web.models import Appointment, AuditEvent
from tests.scenes import MONDAY
from tests.web.pages import text
from tests.web.record_scenes import Desk


def test_a_slip_says_when_and_where_and_nothing_of_why(desk: Desk) -> None:
    words = {"reason": "Chest pain", "notes": "Deaf in one ear"}
    desk.session.execute(sa.update(Appointment).where(Appointment.id == desk.booked.id).values(words))
    desk.session.commit()
    page = desk.reception().get(f"/appointments/{desk.booked.id}").follow("Slip to print")
    slip = text(page.all("article", class_="slip")[0])
    for said in (
        "Test Clinic",
        "Token 1",
        "Monday 2 March 2026",
        "10:00",
        "Dr. 001",
        "Cardiology",
        "Asha Sharma",
        "MRN",
    ):
        assert said in slip, said
    for kept in ("Chest pain", "Deaf", "98450"):
        assert kept not in page.text
    assert desk.reception().get(f"/appointments/{uuid4()}/slip").status == 404
    seen = sa.select(AuditEvent.record_id).where(AuditEvent.action == "appointment.viewed")
    assert desk.booked.id in set(desk.session.scalars(seen))


def test_the_slip_of_a_cancelled_appointment_says_so(desk: Desk) -> None:
    gone = sa.update(Appointment).where(Appointment.id == desk.booked.id).values(status="CANCELLED")
    desk.session.execute(gone)
    desk.session.commit()
    assert "does not take place: cancelled." in desk.reception().get(f"/appointments/{desk.booked.id}/slip").text


def test_the_days_list_has_a_sheet_for_each_doctor_with_somebody(desk: Desk) -> None:
    second = desk.clinic.doctor()
    desk.clinic.doctor()
    desk.clinic.book(second, desk.clinic.patient(name="Ravi Iyer"), time(11))
    page = desk.reception().get("/front-desk").follow("Print")
    assert [text(sheet.find(".//h2")) for sheet in page.all("section", class_="sheet-of")] == ["Dr. 001", "Dr. 003"]  # type: ignore[arg-type]
    assert "Ravi Iyer" in page.text
    one = desk.reception().get(f"/front-desk/day-list?date={MONDAY}&doctor={second}")
    assert "Asha Sharma" not in one.text
    elsewhere = desk.reception().get(f"/front-desk/day-list?date={MONDAY}&doctor={second}&department=Dermatology")
    assert "Ravi Iyer" in elsewhere.text, "the doctor goes before the department, as on the screen"
    empty = desk.reception().get("/front-desk/day-list?date=2026-03-09")
    assert "Nobody is booked." in empty.text
    taken = sa.select(AuditEvent.details).where(AuditEvent.action == "hospital.list_exported")
    assert {"list": "day list", "day": "2026-03-02", "doctor_id": str(second)} in list(desk.session.scalars(taken))
