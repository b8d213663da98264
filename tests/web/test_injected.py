"""Fields that nobody asked for: the API refuses each by its name, a page takes no notice of them."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hms_web.api import OPERATIONS
from hms_web.domain.identity import Role
from hms_web.models import Appointment, Doctor, Patient, User
from tests.api.callers import caller_of, person
from tests.web.record_scenes import Desk
from tests.web.test_access import TABLE
from tests.web.test_record_access import address, ids_of, routes, somebody_who

# Who owns a record, what a person may do, and what only the product itself counts or notes.
INJECTED = {
    "hospitalId": "00000000-0000-7000-8000-000000000001",
    "noShowCount": 0,
    "createdBy": "00000000-0000-7000-8000-000000000002",
    "createdById": "00000000-0000-7000-8000-000000000002",
    "isAdmin": True,
    "isBlocked": False,
    "role": "ADMIN",
    "status": "COMPLETED",
    "passwordHash": "x",
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"
WRITING = [operation for operation in OPERATIONS if operation.method != "GET" and operation.body is not None]


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: f"{operation.method} {operation.path}")
def test_the_api_names_each_field_that_is_none_of_its_own(client: FlaskClient, desk: Desk, operation: Any) -> None:
    role = next(iter(sorted(operation.roles or {Role.ADMIN})))
    doctor_id = desk.doctor_id if role is Role.DOCTOR else None
    caller = caller_of(client, desk.clinic, person(desk.clinic, role, doctor_id))
    known = {field.alias or name for name, field in operation.body.model_fields.items()}
    foreign = {name: value for name, value in INJECTED.items() if name not in known}
    assert len(foreign) >= len(INJECTED) - 2, "role and status are somebody's own fields, the others nobody's"
    path = operation.path.replace("<date>", "2026-03-02").replace("<doctor_id>", str(desk.doctor_id))
    for name in operation.ids:
        path = path.replace(f"<{name}>", UNKNOWN)
    answer = caller(operation.method, path, foreign)
    assert answer.status_code == 422, answer.text
    assert answer.json
    assert set(foreign) <= {mistake["field"] for mistake in answer.json["errors"]}


def stored(session: Session) -> list[Any]:
    """What no form may touch."""
    session.expire_all()
    tables = (
        (User.id, User.hospital_id, User.role, User.password_hash),
        (Patient.id, Patient.hospital_id, Patient.no_show_count),
        (Appointment.id, Appointment.hospital_id, Appointment.created_by_id),
        (Doctor.id, Doctor.hospital_id),
    )
    return [session.execute(sa.select(*columns).order_by(columns[0])).all() for columns in tables]


def test_pages_take_no_notice_of_them(desk: Desk) -> None:
    desk.app.config["WTF_CSRF_ENABLED"] = False
    ids = ids_of(desk.clinic, desk.doctor_id, desk.booked.id, desk.patient_id)
    snake = {"hospital_id": INJECTED["hospitalId"], "no_show_count": "0", "created_by_id": INJECTED["createdBy"]}
    form = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in (INJECTED | snake).items()}
    del form["status"], form["role"]  # which some forms ask for; their values are tried where they are
    before, tried = stored(desk.session), 0
    for endpoint, (method, pattern) in routes(desk).items():
        if method == "POST" and None not in TABLE[endpoint]:
            answer = somebody_who(desk, TABLE[endpoint]).client.post(address(pattern, ids), data=form)
            assert answer.status_code < 500, endpoint
            tried += 1
    assert tried > 40
    assert stored(desk.session) == before
