"""`/audit`: who did what to which record, when; and that reading a record is written down, on pages and in the API."""

import csv
import io
from datetime import time

import pytest
import sqlalchemy as sa

from hms_web.models import AuditEvent
from hms_web.services import patients
from hms_web.web import audit
from hms_web.web.audit_words import ACTIONS, KINDS
from tests.api.callers import caller_of
from tests.scenes import NOW
from tests.visit_scenes import seen
from tests.web.pages import HX, text
from tests.web.record_scenes import Desk


def viewed(desk: Desk) -> list[tuple[str, str]]:
    desk.session.expire_all()
    query = sa.select(AuditEvent.action, AuditEvent.actor_name).where(AuditEvent.action.endswith(".viewed"))
    rows = [(row[0], row[1]) for row in desk.session.execute(query.order_by(AuditEvent.id))]
    desk.session.commit()
    return rows


def test_what_was_done_stands_there_in_words(desk: Desk) -> None:
    change = patients.PatientChange(name="Asha Rao")
    patients.change(desk.session, desk.clinic.actor, desk.patient_id, change, now=NOW)
    page = desk.admin().get("/audit")
    assert "Patient changed" in page.text
    assert "name: from Asha Sharma to Asha Rao" in page.text
    assert "Appointment booked" in page.text
    assert f'href="/appointments/{desk.booked.id}"' in page.html
    assert "Reception 1" in page.text
    assert page.html.count("<optgroup") == len(KINDS)
    assert 'href="/audit"' in desk.admin().get("/").html, "it stands in the menu"


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("what=appointment.booked", True),
        ("what=appointment", True),
        ("what=doctor", False),
        ("what=nonsense&record=nonsense&first=x&last=y", True),
        ("person=system", False),
        ("first=2026-03-03", False),
        ("last=2026-03-01&first=", False),
        ("first=2026-03-09&last=2026-03-01", True),
    ],
)
def test_the_address_narrows_it(desk: Desk, query: str, is_there: bool) -> None:  # noqa: FBT001
    page = desk.admin().get(f"/audit?{query}").text
    assert ("Asha Sharma" in page) is is_there
    assert ("Nothing that was done fits." in page) is not is_there


def test_one_record_and_one_person(desk: Desk) -> None:
    page = desk.admin().get(f"/audit?what=appointment&record={desk.booked.id}").text
    assert "Only what was done to one record." in page
    assert "Appointment booked" in page
    other = desk.admin().get(f"/audit?person={desk.clinic.other.user_id}").text
    assert "Nothing that was done fits." in other
    record = desk.admin().get(f"/appointments/{desk.booked.id}").html
    assert f"/audit?what=appointment&amp;record={desk.booked.id}" in record
    assert "/audit" not in desk.reception().get(f"/appointments/{desk.booked.id}").html


def test_on_paper_it_says_what_it_was_narrowed_to(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = desk.admin()

    def said(query: str) -> str:
        return text(
            next(line for line in admin.get(f"/audit?{query}").all("p") if "paper-only" in line.get("class", ""))
        )

    usual = "Days: from 24 February 2026 Person: Everybody What: Everything As it stood on Mon 2 Mar 08:00."
    assert said("") == usual, "and nothing of more entries where there are none"
    person = desk.clinic.actor
    assert said(f"first=2026-03-01&last=2026-03-02&what=appointment.booked&person={person.user_id}").startswith(
        f"Days: 1 March 2026 to 2 March 2026 Person: {person.name} What: Appointment booked"
    )
    assert said("last=2026-03-05&first=&what=appointment&person=system").startswith(
        "Days: until 5 March 2026 Person: The system by itself What: Appointment: everything"
    )
    assert said(f"record={desk.booked.id}").startswith("Days: all ")
    monkeypatch.setattr(audit, "ROWS", 1)
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11))
    assert said("").endswith("The list goes on; the file (CSV) has all of it.")


def test_the_list_alone_for_htmx(desk: Desk) -> None:
    part = desk.admin().fragment("/audit", **{"HX-Target": "results"})
    assert part.fragment
    assert "1 entry" in str(part.response.headers)
    assert HX


def test_it_can_be_taken_away_which_is_written_down(desk: Desk) -> None:
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="=1+1"), time(11))
    saved = desk.admin().client.get("/audit/export.csv?what=appointment")
    rows = list(csv.reader(io.StringIO(saved.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row[4].partition(",")[0] for row in rows[1:]] == ["'=1+1", "Asha Sharma"]
    assert rows[2][:4] == ["2026-03-02 08:00:00", "Reception 1", "Appointment booked", "Appointment"]
    assert saved.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert "List taken away as a file" in desk.admin().get("/audit").text


def test_reading_a_record_is_written_down(desk: Desk) -> None:
    reception, program = desk.reception(), caller_of(desk.app.test_client(), desk.clinic, desk.clinic.other)
    for _ in range(2):
        reception.get(f"/patients/{desk.patient_id}")
        reception.get(f"/patients/{desk.patient_id}/edit")
        reception.get(f"/appointments/{desk.booked.id}")
        reception.get("/patients")
        program.get(f"/patients/{desk.patient_id}")
        program.get(f"/appointments/{desk.booked.id}")
    kinds = ["patient.viewed", "appointment.viewed"]
    assert sorted(viewed(desk)) == sorted((kind, name) for kind in kinds for name in ("Reception 1", "Reception 2"))
    page = desk.admin().get(f"/audit?what=patient&record={desk.patient_id}").text
    assert page.count("Patient read") == 3, "twice in the list, once among the choices"


def test_reading_a_consultation_is_written_down(desk: Desk) -> None:
    view = seen(desk.clinic, desk.doctor_id, time(11))
    doctor = desk.doctor()
    doctor.get(f"/consultations/{view.id}")
    doctor.get(f"/appointments/{view.appointment_id}/vitals")
    assert [action for action, _ in viewed(desk)] == ["consultation.viewed", "appointment.viewed"]


def test_another_hospitals_record_is_not_written_down_as_read(desk: Desk) -> None:
    missing = desk.reception().client.get(f"/patients/{desk.booked.id}")
    assert missing.status_code == 404
    assert viewed(desk) == []


def test_every_action_has_a_kind() -> None:
    nouns = {action.partition(".")[0] for action in ACTIONS}
    assert nouns - set(KINDS) == {"provider", "template", "job", "slots"}
