"""Who may do what, and that nobody reaches into another hospital."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.api import OPERATIONS
from hms_web.api.operations import Operation
from hms_web.domain.identity import Role
from hms_web.models import (
    AffectedBatch,
    Base,
    Consultation,
    ConsultationParticipant,
    HospitalHoliday,
    LoginSession,
    Notification,
    StageAlert,
    User,
    new_id,
)
from hms_web.services import passwords, users
from tests.access_file import rights
from tests.api.callers import Caller, caller_of, check_problem, code, doctor_of, person
from tests.scenes import MONDAY, NOW, Clinic

UNKNOWN = "00000000-0000-7000-8000-000000000000"
GUARDED = [operation for operation in OPERATIONS if operation.roles is not None]
WITH_IDS = [operation for operation in GUARDED if set(operation.ids) - {"date"}]


RIGHTS = rights()


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def address(operation: Operation, ids: dict[str, str] | None = None) -> str:
    path = operation.path.replace("<date>", str(MONDAY))
    for name in operation.ids:
        path = path.replace(f"<{name}>", (ids or {}).get(name, UNKNOWN))
    return path


@pytest.mark.parametrize("operation", GUARDED, ids=named)
def test_each_route_lets_in_its_roles_and_nobody_else(
    client: FlaskClient, here: Clinic, session: Session, operation: Operation
) -> None:
    for role in Role:
        doctor = here.doctor() if role is Role.DOCTOR else None
        answer = caller_of(client, here, person(here, role, doctor))(operation.method, address(operation), {})
        if RIGHTS[operation.method, f"/api/v1{operation.path}"][role] == "yes":
            assert answer.status_code not in {401, 403}, answer.text
        else:
            assert code(answer) == (403, "FORBIDDEN")


@pytest.mark.parametrize("operation", GUARDED, ids=named)
def test_a_stranger_is_asked_for_a_token(client: FlaskClient, operation: Operation) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
        answer = client.open(f"/api/v1{address(operation)}", method=operation.method, headers=headers, json={})
        check_problem(answer)
        assert code(answer) == (401, "UNAUTHENTICATED")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends(reception: Caller, here: Clinic) -> None:
    assert reception.get("/auth/me").status_code == 200
    with clock.fixed(NOW + timedelta(hours=12, seconds=1)):
        assert code(reception.get("/auth/me")) == (401, "UNAUTHENTICATED")
    here.session.execute(sa.update(User).where(User.id == reception.actor.user_id).values(is_active=False))
    here.session.commit()
    assert code(reception.get("/auth/me")) == (401, "UNAUTHENTICATED")


def sign_in(client: FlaskClient, here: Clinic) -> None:
    """Put a session into the browser's cookie, as the sign-in page does."""
    secret = passwords.new_secret()
    row = LoginSession(
        user_id=here.actor.user_id,
        token_hash=passwords.secret_hash(secret),
        created_at=NOW,
        last_seen_at=NOW,
        expires_at=NOW + timedelta(hours=12),
    )
    here.session.add(row)
    here.session.commit()
    with client.session_transaction() as cookie:
        cookie["token"] = secret


def test_a_browsers_session_does_too_but_changes_nothing_without_its_csrf_token(
    client: FlaskClient, here: Clinic
) -> None:
    sign_in(client, here)
    assert client.get("/api/v1/auth/me").status_code == 200
    wanted = {"name": "Asha Rao", "phone": "98765 43210"}
    for headers in ({}, {"X-CSRFToken": "made up"}):
        forged = client.post("/api/v1/patients", json=wanted, headers=headers)
        check_problem(forged)
        assert code(forged) == (403, "CSRF_FAILED")
    page = client.get("/api/v1/docs").text
    token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    assert token
    assert client.post("/api/v1/patients", json=wanted, headers={"X-CSRFToken": token}).status_code == 201


def test_who_signs_in_on_the_page_has_the_api_too(client: FlaskClient, here: Clinic) -> None:
    words = "four words that do not belong"
    users.create(here.session, here.admin, users.NewUser("Asha Rao", "asha@clinic.test", Role.NURSE, words), now=NOW)
    page = client.get("/login").text
    form = {"email": "asha@clinic.test", "password": words}
    form["csrf_token"] = page.partition('name="csrf-token" content="')[2].partition('"')[0]
    assert client.post("/login", data=form).status_code == 303
    me = client.get("/api/v1/auth/me").json
    assert me is not None
    assert me["name"] == "Asha Rao"


def test_a_token_beside_a_session_is_what_counts(client: FlaskClient, here: Clinic) -> None:
    sign_in(client, here)
    answer = client.get("/api/v1/auth/me", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


BODIES: dict[str, Any] = {
    "PATCH /users/<user_id>": {"name": "Taken Over"},
    "PATCH /doctors/<doctor_id>": {"isAvailable": False},
    "PUT /doctors/<doctor_id>/schedules": {"schedules": []},
    "POST /doctors/<doctor_id>/schedules/preview": {"schedules": []},
    "POST /doctors/<doctor_id>/absences": {
        "absenceType": "OTHER",
        "startDate": "2026-03-20",
        "endDate": "2026-03-21",
    },
    "POST /doctors/<doctor_id>/absences/preview": {
        "absenceType": "OTHER",
        "startDate": "2026-03-20",
        "endDate": "2026-03-21",
    },
    "PATCH /doctors/<doctor_id>/absences/<absence_id>": {"reason": "Taken over"},
    "POST /slots/generate/<doctor_id>": {"daysAhead": 3},
    "PATCH /slots/<slot_id>/block": {"blocked": True},
    "PATCH /appointments/<appointment_id>": {"notes": "Taken over"},
    "PATCH /appointments/<appointment_id>/status": {"status": "CANCELLED"},
    "PATCH /patients/<patient_id>": {"name": "Taken Over"},
    "POST /patients/<patient_id>/unblock": {"reason": "Taken over"},
    "PATCH /holidays/<holiday_id>": {"name": "Taken over"},
    "POST /no-show/<appointment_id>": {"reason": "MANUAL_STAFF"},
    "POST /no-show/<appointment_id>/revert": {"note": "Taken over"},
    "POST /appointments/<appointment_id>/vitals": {"pulseBpm": 72},
    "PATCH /consultations/<consultation_id>": {"notes": "Taken over"},
    "POST /consultations/<consultation_id>/abandon": {"reason": "Taken over"},
    "POST /consultations/<consultation_id>/participants": {"doctorId": UNKNOWN, "role": "ASSISTING"},
}


def theirs(elsewhere: Clinic) -> dict[str, str]:
    """One record of each kind of another hospital, by the name of its id."""
    doctor, patient = elsewhere.doctor(), elsewhere.patient()
    booked = elsewhere.book(doctor, patient, time(10), MONDAY + timedelta(days=1))
    seen = Consultation(
        id=new_id(),
        hospital_id=elsewhere.actor.hospital_id,
        appointment_id=booked.id,
        doctor_id=doctor,
        diagnosis=[],
        started_at=NOW,
    )
    asked = ConsultationParticipant(
        id=new_id(),
        hospital_id=elsewhere.actor.hospital_id,
        consultation_id=seen.id,
        doctor_id=elsewhere.doctor(),
        role="ASSISTING",
        created_at=NOW,
    )
    for row in (seen, asked):
        elsewhere.session.add(row)
        elsewhere.session.flush()
    holiday = HospitalHoliday(
        id=new_id(), hospital_id=elsewhere.actor.hospital_id, name="Theirs", date=MONDAY + timedelta(days=9)
    )
    note = Notification(
        id=new_id(),
        hospital_id=elsewhere.actor.hospital_id,
        dedupe_key="x",
        event="x",
        channel="in_app",
        priority="NORMAL",
        user_id=elsewhere.actor.user_id,
        title="T",
        body="B",
    )
    alert = StageAlert(
        id=new_id(),
        hospital_id=elsewhere.actor.hospital_id,
        appointment_id=booked.id,
        patient_id=patient,
        doctor_id=doctor,
        alert_type="NO_VITALS",
        message="Waits",
        waiting_since=NOW,
        created_at=NOW,
    )
    plan = AffectedBatch(id=new_id(), hospital_id=elsewhere.actor.hospital_id, created_at=NOW)
    elsewhere.session.add_all([holiday, note, alert, plan])
    elsewhere.session.commit()
    ids: dict[str, UUID | None] = {
        "doctor_id": doctor,
        "patient_id": patient,
        "appointment_id": booked.id,
        "slot_id": elsewhere.slot(doctor, time(11), MONDAY + timedelta(days=1)).id,
        "absence_id": elsewhere.absence(doctor, MONDAY + timedelta(days=5), MONDAY + timedelta(days=6)),
        "holiday_id": holiday.id,
        "user_id": elsewhere.admin.user_id,
        "plan_id": plan.id,
        "notification_id": note.id,
        "alert_id": alert.id,
        "consultation_id": seen.id,
        "participant_id": asked.id,
    }
    return {name: str(value) for name, value in ids.items()}


def everything(session: Session, clinic: Clinic) -> list[Any]:
    """All rows of a hospital."""
    session.expire_all()
    return [
        session.execute(
            sa.select(table).where(table.c.hospital_id == clinic.actor.hospital_id).order_by(table.c.id)
        ).all()
        for table in Base.metadata.sorted_tables
        if "hospital_id" in table.c and "id" in table.c
    ]


@pytest.mark.parametrize("operation", WITH_IDS, ids=named)
def test_what_is_another_hospitals_does_not_exist(
    client: FlaskClient, admin: Caller, here: Clinic, elsewhere: Clinic, session: Session, operation: Operation
) -> None:
    ids = theirs(elsewhere)
    caller = admin if Role.ADMIN in (operation.roles or ()) else doctor_of(client, here, here.doctor())
    before = everything(session, elsewhere)
    query = "?from=2026-03-02&to=2026-03-08" if operation.path.endswith("/range") else ""
    body = BODIES.get(named(operation))
    foreign = caller(operation.method, address(operation, ids) + query, body)
    missing = caller(operation.method, address(operation) + query, body)
    no_id = caller(operation.method, address(operation, dict.fromkeys(operation.ids, "not-an-id")) + query, body)
    assert foreign.status_code == 404
    assert foreign.data == missing.data == no_id.data
    assert everything(session, elsewhere) == before
    if "absence_id" in operation.ids:  # a doctor of ours with an absence of theirs
        mixed = admin(operation.method, address(operation, ids | {"doctor_id": str(here.doctor())}), body)
        assert code(mixed) == (404, "ABSENCE_NOT_FOUND")
        assert everything(session, elsewhere) == before


def test_another_hospitals_people_cannot_be_booked(reception: Caller, here: Clinic, elsewhere: Clinic) -> None:
    ids = theirs(elsewhere)
    ours = {"patientId": str(here.patient()), "doctorId": str(here.doctor()), "date": "2026-03-03", "time": "10:00"}
    assert code(reception.post("/appointments", ours | {"patientId": ids["patient_id"]})) == (404, "PATIENT_NOT_FOUND")
    assert code(reception.post("/appointments", ours | {"doctorId": ids["doctor_id"]})) == (404, "DOCTOR_NOT_FOUND")
    booked = reception.post("/appointments", ours).json
    assert booked
    moved = reception.patch(f"/appointments/{booked['id']}", {"doctorId": ids["doctor_id"]})
    assert code(moved) == (404, "DOCTOR_NOT_FOUND")


def test_lists_stop_at_the_hospital(admin: Caller, elsewhere: Clinic) -> None:
    ids = theirs(elsewhere)
    for path in (
        "/patients",
        "/doctors",
        "/holidays",
        "/notifications",
        "/appointments",
        "/no-show/alerts",
        "/no-show/logs",
    ):
        answer = admin.get(path).json
        assert answer == {"items": [], "nextCursor": None}, path
    filtered = admin.get(f"/appointments?doctorId={ids['doctor_id']}&patientId={ids['patient_id']}").json
    assert filtered == {"items": [], "nextCursor": None}
    listed = admin.get("/users").json
    assert listed
    assert {user["name"] for user in listed["items"]} == {"Reception 1", "Reception 2", "Admin"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/doctors/{doctor}/schedules", {"schedules": []}),
        ("POST", "/doctors/{doctor}/schedules/preview", {"schedules": []}),
        ("POST", "/doctors/{doctor}/absences", BODIES["POST /doctors/<doctor_id>/absences"]),
        ("POST", "/doctors/{doctor}/absences/preview", BODIES["POST /doctors/<doctor_id>/absences"]),
        ("PATCH", "/doctors/{doctor}/absences/{absence}", {"reason": "Not yours"}),
        ("DELETE", "/doctors/{doctor}/absences/{absence}", None),
        ("POST", "/doctors/{doctor}/absences/{absence}/preview", {"reason": "Not yours"}),
        ("POST", "/doctors/{doctor}/absences/{absence}/cancel", None),
        ("POST", "/doctors/{doctor}/absences/{absence}/cancel/preview", None),
        ("POST", "/slots/regenerate/{doctor}", None),
        ("PATCH", "/slots/{slot}/block", {"blocked": True}),
    ],
)
def test_a_doctor_changes_only_their_own_time(
    client: FlaskClient, here: Clinic, method: str, path: str, body: object
) -> None:
    doctor, colleague = here.doctor(), here.doctor()
    ids = {
        "doctor": doctor,
        "absence": here.absence(doctor, MONDAY, MONDAY),
        "slot": _slot(here, doctor),
    }
    own = caller_of(client, here, person(here, Role.DOCTOR, doctor))
    other = caller_of(client, here, person(here, Role.DOCTOR, colleague))
    assert code(other(method, path.format(**ids), body)) == (403, "FORBIDDEN")
    assert own(method, path.format(**ids), body).status_code < 300


def _slot(here: Clinic, doctor: UUID) -> UUID:
    here.book(doctor, here.patient(), time(10), MONDAY + timedelta(days=1))
    return here.slot(doctor, time(11), MONDAY + timedelta(days=1)).id
