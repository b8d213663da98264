"""Programs that call the API with a bearer token. The token is written straight into its table, without a password.

Whatever they are answered is held against the OpenAPI document, so that every test is one of the document too.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jsonschema_rs
from flask.testing import FlaskClient
from pydantic.alias_generators import to_camel
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from hms_web.api import OPERATIONS, document
from hms_web.domain.identity import Actor, Role
from hms_web.models import ApiToken, Doctor, User, new_id
from hms_web.services import passwords
from tests.scenes import NOW, Clinic

PROBLEM = "application/problem+json"


@dataclass
class Caller:
    """Somebody who calls the API. Every answer is checked for what all answers share."""

    client: FlaskClient
    actor: Actor
    token: str

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        """Send a request; `Idempotency_Key="x"` sends that header."""
        sent = {"Authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        given: dict[str, Any] = {} if body is None else {"json": body}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=sent, **given)
        assert answer.headers["Cache-Control"] == "no-store"
        if answer.status_code >= 400:
            check_problem(answer)
        check_described(self.client, method, path, answer)
        return answer

    def get(self, path: str, **headers: str) -> TestResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> TestResponse:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: object = None, **headers: str) -> TestResponse:
        return self("PATCH", path, body, **headers)

    def put(self, path: str, body: object = None, **headers: str) -> TestResponse:
        return self("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> TestResponse:
        return self("DELETE", path, **headers)


def check_problem(answer: TestResponse) -> None:
    """Check the form of a problem: RFC 9457's members, a code, a sentence, and no trace of the program."""
    assert answer.content_type == PROBLEM
    body = answer.json
    assert body is not None
    assert body.keys() >= {"type", "title", "status", "detail", "code"}
    assert body["status"] == answer.status_code
    assert body["detail"].endswith((".", "!", "?"))
    assert "Traceback" not in answer.text


@cache
def described() -> dict[str, Any]:
    """Return the operations of the document by their endpoint, and its components."""
    whole = document.make(OPERATIONS)
    operations = [operation for methods in whole["paths"].values() for operation in methods.values()]
    by_id = {operation["operationId"]: operation for operation in operations}
    named = {f"api.{operation.endpoint}": by_id[to_camel(operation.endpoint)] for operation in OPERATIONS}
    return {"operations": named, "components": whole["components"]}


def check_described(client: FlaskClient, method: str, path: str, answer: TestResponse) -> None:
    """Check that the document describes the answer: its status, its media type and its body."""
    try:
        route = client.application.url_map.bind("localhost").match(f"/api/v1{path.partition('?')[0]}", method)
    except HTTPException:
        return  # an address or method that we do not have
    responses = described()["operations"][route[0]]["responses"]
    assert str(answer.status_code) in responses, f"{answer.status_code} is not described: {answer.text}"
    content = responses[str(answer.status_code)].get("content", {})
    assert set(content) == ({answer.mimetype} if answer.data else set())
    if answer.data:
        schema = {**content[answer.mimetype]["schema"], "components": described()["components"]}
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(answer.json)


def code(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a problem."""
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def fields(answer: TestResponse) -> list[str]:
    """Return the names of the fields that a problem of wrong input names."""
    assert code(answer) == (422, "INVALID_INPUT"), answer.json
    assert answer.json is not None
    return [item["field"] for item in answer.json["errors"]]


def person(clinic: Clinic, role: Role, doctor_id: UUID | None = None) -> Actor:
    """Add a user of a role, or find the account of a doctor."""
    if doctor_id is not None:
        user = clinic.session.get_one(User, clinic.session.get_one(Doctor, doctor_id).user_id)
    else:
        user = User(id=new_id(), hospital_id=clinic.actor.hospital_id, name=role.title(), email=f"{new_id()}@test")
        user.role = role
        clinic.session.add(user)
        clinic.session.commit()
    return Actor(clinic.actor.hospital_id, clinic.actor.timezone, user.id, user.name, role, doctor_id)


def caller_of(client: FlaskClient, clinic: Clinic, actor: Actor) -> Caller:
    """Give somebody a token."""
    secret = passwords.new_secret()
    row = ApiToken(
        user_id=actor.user_id,
        token_hash=passwords.secret_hash(secret),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=12),
    )
    clinic.session.add(row)
    clinic.session.commit()
    return Caller(client, actor, secret)


def doctor_of(client: FlaskClient, clinic: Clinic, doctor_id: UUID) -> Caller:
    """A program with a doctor's own token."""
    return caller_of(client, clinic, person(clinic, Role.DOCTOR, doctor_id))


def body_of(answer: TestResponse) -> dict[str, Any]:
    """Return the body of an answer that has to be a success."""
    assert answer.status_code < 300, answer.text
    assert answer.json is not None
    return dict(answer.json)
