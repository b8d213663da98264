"""Whatever is sent: 4xx with words, never 5xx."""

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hms_web.services.unit_of_work import Busy
from tests.api.callers import Caller, check_problem, code, fields
from tests.scenes import Clinic

AN_ID = "00000000-0000-7000-8000-000000000000"
DAY = "2026-03-09"
PATIENT = {"name": "Asha Rao", "phone": "98765 43210"}


def send(caller: Caller, raw: bytes | str, content_type: str = "application/json") -> TestResponse:
    headers = {"Authorization": f"Bearer {caller.token}"}
    answer = caller.client.post("/api/v1/patients", data=raw, content_type=content_type, headers=headers)
    check_problem(answer)
    return answer


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        b"[" * 100_000,
        b'{"name":' * 20_000,
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"name": "\xed\xa0\x80"}',
        rb'{"name": "\ud800"}',
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "A", "name": "B"}',
        b'{"name": "A"} {}',
        b'{"name": "\x00"}',
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_not_json_is_400(reception: Caller, raw: bytes) -> None:
    assert code(send(reception, raw)) == (400, "MALFORMED_JSON")


@pytest.mark.parametrize("raw", ["[]", "1", "null", '"text"', "true", "[{}]"])
def test_what_is_not_an_object_is_422(reception: Caller, raw: str) -> None:
    assert fields(send(reception, raw)) == ["body"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "", "application/x-json"])
def test_another_media_type_is_415(reception: Caller, kind: str) -> None:
    assert code(send(reception, json.dumps(PATIENT), kind)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_charset_is_no_other_media_type(reception: Caller) -> None:
    headers = {"Authorization": f"Bearer {reception.token}", "Content-Type": "application/json; charset=utf-8"}
    assert reception.client.post("/api/v1/patients", data=json.dumps(PATIENT), headers=headers).status_code == 201


def test_more_than_a_mebibyte_is_413(reception: Caller) -> None:
    assert code(send(reception, json.dumps({"name": "A" * 1024 * 1024}))) == (413, "BODY_TOO_LARGE")
    answer = reception.client.post(
        "/api/v1/notifications/read-all",
        data=b"x" * (1024 * 1024 + 1),
        headers={"Authorization": f"Bearer {reception.token}"},
    )
    assert code(answer) == (413, "BODY_TOO_LARGE")


def test_ten_thousand_fields_are_quickly_refused(reception: Caller) -> None:
    answer = send(reception, json.dumps({f"field{n}": n for n in range(10_000)}))
    assert answer.status_code == 422
    assert answer.json is not None
    assert len(answer.json["errors"]) <= 100


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "A\0B"),
        ("name", 7),
        ("name", None),
        ("name", ""),
        ("name", "12"),
        ("name", "A" * 121),
        ("phone", None),
        ("phone", "call me"),
        ("phone", 9876543210),
        ("dateOfBirth", "2026-02-30"),
        ("dateOfBirth", "02/03/1980"),
        ("dateOfBirth", "1980-03-02T00:00:00"),
        ("dateOfBirth", 315532800),
        ("dateOfBirth", "0001-01-01"),
        ("dateOfBirth", "9999-12-31"),
        ("dateOfBirth", "2026-03-03"),
        ("sex", "female"),
        ("sex", 1),
        ("email", "nobody"),
        ("mrn", "A\0"),
        ("mrn", 12),
        ("hospitalId", AN_ID),
        ("noShowCount", 0),
        ("status", "ACTIVE"),
        ("createdBy", "me"),
        ("date_of_birth", "1980-01-01"),
    ],
)
def test_a_wrong_or_unknown_field_is_named(reception: Caller, field: str, value: object) -> None:
    answer = reception.post("/patients", PATIENT | {field: value})
    assert fields(answer) == [field]
    assert reception.get("/patients").json == {"items": [], "nextCursor": None}


def test_everything_that_is_wrong_is_said_at_once(reception: Caller) -> None:
    assert fields(reception.post("/patients", {"phone": 1, "role": "ADMIN"})) == ["name", "phone", "role"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"name": "A B", "email": "a@b.test", "role": "NURSE"}),
        ("POST", "/doctors", {"name": "A B", "email": "a@b.test", "department": "ENT"}),
        ("POST", "/holidays", {"name": "Diwali", "date": "2026-11-08"}),
        ("POST", "/appointments", {"patientId": AN_ID, "doctorId": AN_ID, "date": "2026-03-02", "time": "10:00"}),
        ("PATCH", "/patients/{patient}", {"name": "New Name"}),
        ("PATCH", "/users/{user}", {"name": "New Name"}),
        ("PATCH", "/doctors/{doctor}", {"department": "ENT"}),
        ("POST", "/doctors/{doctor}/absences", {"absenceType": "OTHER", "startDate": DAY, "endDate": DAY}),
        ("PUT", "/doctors/{doctor}/schedules", {"schedules": []}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("injected", ["hospitalId", "noShowCount", "createdBy", "id"])
def test_nothing_can_be_injected(
    admin: Caller, here: Clinic, method: str, path: str, body: dict[str, object], injected: str
) -> None:
    ids = {"patient": here.patient(), "user": here.actor.user_id, "doctor": here.doctor()}
    answer = admin(method, path.format(**ids), body | {injected: AN_ID})
    assert fields(answer) == [injected]


@pytest.mark.parametrize("field", ["role", "status"])
def test_a_role_or_status_comes_only_where_it_may(admin: Caller, here: Clinic, field: str) -> None:
    booking = {"patientId": str(here.patient()), "doctorId": str(here.doctor()), "date": "2026-03-02", "time": "10:00"}
    assert fields(admin.post("/appointments", booking | {field: "ADMIN"})) == [field]
    assert fields(admin.patch(f"/doctors/{here.doctor()}", {field: "ADMIN"})) == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1e2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=%00", "cursor"),
        ("page=2", "page"),
        ("limit=1&limit=2", "limit"),
        ("date=tomorrow", "date"),
        ("date=2026-13-01", "date"),
        ("from=2026-03-05&to=2026-03-01", "to"),
        ("date=2026-03-02&from=2026-03-02", "date"),
        ("doctorId=1", "doctorId"),
        ("patientId=%00", "patientId"),
        ("status=GONE", "status.0"),
        ("q=%00", "q"),
        ("q=" + "a" * 200, "q"),
    ],
)
def test_a_wrong_query_is_named(reception: Caller, query: str, field: str) -> None:
    assert fields(reception.get(f"/appointments?{query}")) == [field]


@pytest.mark.parametrize("path", ["/patients", "/doctors", "/holidays", "/notifications", "/users", "/appointments"])
def test_every_list_keeps_to_its_limit(admin: Caller, path: str) -> None:
    for limit in (1, 200):
        assert admin.get(f"{path}?limit={limit}").status_code == 200
    for limit in (0, 201):
        assert fields(admin.get(f"{path}?limit={limit}")) == ["limit"]
    assert fields(admin.get(f"{path}?cursor=x")) == ["cursor"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/patients/", "/patients/x/y", "/consultations", "/no-show/nowhere", "/holidays/import", ""]
)
def test_an_unknown_address_is_404_for_everybody(client: FlaskClient, admin: Caller, path: str) -> None:
    assert admin.get(path).status_code in {404, 405}
    check_problem(client.get(f"/api/v1{path}"))


def test_an_unknown_method_is_405_and_says_what_there_is(admin: Caller) -> None:
    answer = admin.put("/patients", {})
    assert code(answer) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_what_nobody_foresaw_is_500_without_a_trace(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        message = "the patient's secret"
        raise RuntimeError(message)

    monkeypatch.setattr("hms_web.services.patient_lists.search", broken)
    answer = admin.client.get("/api/v1/patients", headers={"Authorization": f"Bearer {admin.token}"})
    check_problem(answer)
    assert code(answer) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text


def test_a_busy_database_is_503_with_a_time_to_wait(
    admin: Caller, here: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_kwargs: object) -> None:
        raise Busy

    monkeypatch.setattr("hms_web.services.patient_lists.search", busy)
    answer = admin.get("/patients")
    assert code(answer) == (503, "BUSY")
    assert answer.headers["Retry-After"] == "1"
