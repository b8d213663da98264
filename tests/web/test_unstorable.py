"""Signs that the database cannot hold never reach it."""

import pytest

from hms_web.domain.patients import PatientStatus
from hms_web.models import Patient
from tests.web.record_scenes import Desk

NUL = "%00"
LONE = "%ED%A0%80"


@pytest.mark.parametrize("sign", [NUL, LONE])
def test_an_address_with_them_counts_as_one_without(desk: Desk, sign: str) -> None:
    admin = desk.admin()
    for path in (
        f"/appointments?department={sign}",
        f"/appointments?first=&cursor={sign}",
        f"/appointments?status={sign}",
        f"/doctors?department={sign}",
        f"/doctors?q={sign}",
        f"/doctors?cursor={sign}",
        f"/users?cursor={sign}",
        f"/holidays?cursor={sign}",
        f"/front-desk?department={sign}",
        f"/front-desk/grid?department={sign}&doctor={sign}",
    ):
        assert admin.client.get(path).status_code in {200, 422}, path
    assert admin.client.get(f"/appointments?department={NUL}").status_code == 200


def test_words_with_them_are_refused_by_the_form(desk: Desk) -> None:
    blocked = desk.session.get_one(Patient, desk.patient_id)
    blocked.status, blocked.blocked_reason = PatientStatus.BLOCKED, "No-shows"
    desk.session.commit()
    admin = desk.admin()
    asked = {
        "csrf_token": admin.csrf_token("/front-desk"),
        "doctor_id": desk.doctor_id,
        "date": "2026-03-03",
        "time": "10:00",
        "patient_id": desk.patient_id,
        "type": "CONSULTATION",
    }
    refused = admin.client.post("/front-desk/book", data=asked | {"override_reason": "chest\0pain"})
    assert refused.status_code == 422
    assert "Use letters, digits and signs that can be printed." in refused.text
    for field in ("q", "reason", "name", "phone", "hold_token", "key", "type", "sex"):
        for more in ({}, {"is_new": "1", "name": "Asha", "phone": "9812345678"}):
            answer = admin.client.post("/front-desk/book", data=asked | more | {field: "a\0b"})
            assert answer.status_code < 500, field
