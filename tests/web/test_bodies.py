"""What is too large, too many or too deep is refused quickly: nobody keeps a thread busy with one request."""

import json
from time import process_time

import pytest
from flask.testing import FlaskClient

from tests.api.callers import person
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MULTIPART = "multipart/form-data; boundary=x"
FIELDS = 10_000
DEEP = 100_000


def fields_of_a_form() -> bytes:
    return b"&".join(b"f%d=x" % number for number in range(FIELDS))


def parts_of_a_form() -> bytes:
    part = b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n'
    return b"".join(part % number for number in range(FIELDS)) + b"--x--\r\n"


BODIES = {
    "more than a mebibyte of a form": (FORM, b"name=" + b"x" * (1 << 20)),
    "more than a mebibyte of JSON": (JSON, b'{"name": "' + b"x" * (1 << 20) + b'"}'),
    "a form of ten thousand fields": (FORM, fields_of_a_form()),
    "a form of ten thousand parts": (MULTIPART, parts_of_a_form()),
    "JSON of ten thousand fields": (JSON, json.dumps({f"f{number}": "x" for number in range(FIELDS)}).encode()),
    "deep lists": (JSON, b"[" * DEEP + b"]" * DEEP),
    "deep objects": (JSON, b'{"name":' * DEEP + b"1" + b"}" * DEEP),
    "deep lists in a field": (JSON, b'{"name":' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "a list of a hundred thousand": (JSON, b"[" + b"1," * DEEP + b"1]"),
    "a number of a hundred thousand digits": (JSON, b'{"name":' + b"9" * DEEP + b"}"),
}


@pytest.mark.parametrize("path", ["/patients/new", "/login", "/api/v1/patients", "/api/v1/auth/token"])
@pytest.mark.parametrize("body", BODIES)
def test_it_is_refused_within_a_second(desk: Desk, path: str, body: str) -> None:
    content_type, data = BODIES[body]
    browser = signed_in(desk.app, desk.session, desk.clinic.actor)
    token = browser.csrf_token("/patients")
    client: FlaskClient = browser.client
    began = process_time()
    answer = client.post(path, data=data, content_type=content_type, headers={"X-CSRFToken": token})
    assert process_time() - began < 1
    assert 400 <= answer.status_code < 500, answer.status_code
    assert len(answer.data) < 100_000, "and answered in few words"


def test_the_same_body_of_a_good_size_is_taken(desk: Desk) -> None:
    browser = signed_in(desk.app, desk.session, person(desk.clinic, desk.clinic.actor.role))  # type: ignore[arg-type]
    token = browser.csrf_token("/patients")
    answer = browser.client.post(
        "/api/v1/patients",
        data=json.dumps({"name": "Asha Rao", "phone": "98765 43210"}),
        content_type=JSON,
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 201
