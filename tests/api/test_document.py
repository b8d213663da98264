"""The OpenAPI document, and the page on which people read it."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from hms_web.api import OPERATIONS
from hms_web.domain.identity import Role
from tests.web.pages import check, text

# Every line of api.md that this API answers: method, path, and who may ask. None is anyone.
EVERYONE = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
DOCTOR = frozenset({Role.DOCTOR})
KEEPERS = frozenset({Role.ADMIN, Role.DOCTOR})
MOVERS = KEEPERS | {Role.RECEPTIONIST}
TABLE: dict[tuple[str, str], frozenset[Role] | None] = {
    ("POST", "/auth/token"): None,
    ("GET", "/auth/me"): EVERYONE,
    ("GET", "/users"): ADMIN,
    ("POST", "/users"): ADMIN,
    ("PATCH", "/users/<user_id>"): ADMIN,
    ("GET", "/doctors"): EVERYONE,
    ("POST", "/doctors"): ADMIN,
    ("GET", "/doctors/<doctor_id>"): EVERYONE,
    ("PATCH", "/doctors/<doctor_id>"): ADMIN,
    ("PUT", "/doctors/<doctor_id>/schedules"): KEEPERS,
    ("POST", "/doctors/<doctor_id>/schedules/preview"): KEEPERS,
    ("GET", "/doctors/<doctor_id>/absences"): EVERYONE,
    ("POST", "/doctors/<doctor_id>/absences"): KEEPERS,
    ("POST", "/doctors/<doctor_id>/absences/preview"): KEEPERS,
    ("PATCH", "/doctors/<doctor_id>/absences/<absence_id>"): KEEPERS,
    ("DELETE", "/doctors/<doctor_id>/absences/<absence_id>"): KEEPERS,
    ("POST", "/doctors/<doctor_id>/absences/<absence_id>/preview"): KEEPERS,
    ("POST", "/doctors/<doctor_id>/absences/<absence_id>/cancel"): KEEPERS,
    ("POST", "/doctors/<doctor_id>/absences/<absence_id>/cancel/preview"): KEEPERS,
    ("GET", "/slots/doctor/<doctor_id>"): EVERYONE,
    ("GET", "/slots/doctor/<doctor_id>/date/<date>"): EVERYONE,
    ("GET", "/slots/doctor/<doctor_id>/range"): EVERYONE,
    ("POST", "/slots/generate/<doctor_id>"): ADMIN,
    ("POST", "/slots/regenerate/<doctor_id>"): KEEPERS,
    ("PATCH", "/slots/<slot_id>/block"): KEEPERS,
    ("POST", "/slots/<slot_id>/hold"): EVERYONE,
    ("DELETE", "/slots/<slot_id>/hold"): EVERYONE,
    ("GET", "/appointments"): EVERYONE,
    ("GET", "/appointments/<appointment_id>"): EVERYONE,
    ("POST", "/appointments"): EVERYONE,
    ("PATCH", "/appointments/<appointment_id>"): EVERYONE,
    ("PATCH", "/appointments/<appointment_id>/status"): EVERYONE,
    ("DELETE", "/appointments/<appointment_id>"): EVERYONE,
    ("GET", "/affected"): MOVERS,
    ("POST", "/affected/plan"): MOVERS,
    ("POST", "/affected/plans"): MOVERS,
    ("GET", "/affected/plans/<plan_id>"): MOVERS,
    ("POST", "/affected/plans/<plan_id>/undo"): MOVERS,
    ("POST", "/appointments/<appointment_id>/vitals"): frozenset({Role.NURSE, Role.DOCTOR}),
    ("POST", "/consultations"): DOCTOR,
    ("GET", "/consultations/<consultation_id>"): DOCTOR,
    ("PATCH", "/consultations/<consultation_id>"): DOCTOR,
    ("POST", "/consultations/<consultation_id>/complete"): DOCTOR,
    ("POST", "/consultations/<consultation_id>/abandon"): DOCTOR,
    ("POST", "/consultations/<consultation_id>/participants"): DOCTOR,
    ("GET", "/consultations/<consultation_id>/participants"): DOCTOR,
    ("DELETE", "/consultations/<consultation_id>/participants/<participant_id>"): DOCTOR,
    ("GET", "/patients"): EVERYONE,
    ("POST", "/patients"): EVERYONE,
    ("GET", "/patients/<patient_id>"): EVERYONE,
    ("PATCH", "/patients/<patient_id>"): EVERYONE,
    ("POST", "/patients/<patient_id>/unblock"): ADMIN,
    ("GET", "/no-show/logs"): frozenset({Role.ADMIN, Role.DOCTOR, Role.RECEPTIONIST}),
    ("GET", "/no-show/stats"): KEEPERS,
    ("POST", "/no-show/<appointment_id>"): EVERYONE,
    ("POST", "/no-show/<appointment_id>/revert"): frozenset({Role.ADMIN, Role.RECEPTIONIST}),
    ("GET", "/no-show/alerts"): EVERYONE,
    ("PUT", "/no-show/alerts/<alert_id>/acknowledge"): frozenset({Role.ADMIN, Role.DOCTOR, Role.NURSE}),
    ("PUT", "/no-show/alerts/<alert_id>/resolve"): frozenset({Role.ADMIN, Role.DOCTOR, Role.NURSE}),
    ("POST", "/no-show/trigger"): ADMIN,
    ("GET", "/no-show/cron-health"): ADMIN,
    ("POST", "/no-show/external-trigger"): None,
    ("GET", "/holidays"): EVERYONE,
    ("POST", "/holidays"): ADMIN,
    ("POST", "/holidays/import"): ADMIN,
    ("POST", "/holidays/preview"): ADMIN,
    ("POST", "/doctors/<doctor_id>/availability/preview"): ADMIN,
    ("PATCH", "/holidays/<holiday_id>"): ADMIN,
    ("DELETE", "/holidays/<holiday_id>"): ADMIN,
    ("GET", "/notifications"): EVERYONE,
    ("POST", "/notifications/<notification_id>/read"): EVERYONE,
    ("POST", "/notifications/read-all"): EVERYONE,
}
PAGES = {("GET", "/openapi.json"), ("GET", "/docs")}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json is not None
    return dict(answer.json)


def test_the_routes_are_those_of_the_table(app: Flask) -> None:
    routes = {
        (method, rule.rule.removeprefix("/api/v1")): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes.keys() == TABLE.keys() | PAGES
    assert {route: getattr(view, "roles", "missing") for route, view in routes.items() if route not in PAGES} == TABLE


def test_every_route_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    named = re.compile(r"<(\w+)>")
    assert described == {
        (method, named.sub(lambda found: "{" + _camel(found[1]) + "}", path)) for method, path in TABLE
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def test_its_schemas_are_schemas_and_its_references_lead_somewhere(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    names = {found.rpartition("/")[2] for found in _references(document)}
    assert names <= schemas.keys()
    assert schemas.keys() - names == set(), "described and never used"


def _references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(_references, node.values()))
    return set[str]().union(*map(_references, node)) if isinstance(node, list) else set()


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)


def test_the_readable_page_has_every_operation_and_nothing_foreign(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    page = check(answer.text)
    words = text(page)
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in words
    foreign = re.compile(r"(?:src|href)=\"(?:https?:)?//")
    assert not foreign.search(answer.text)
    # What a problem's `type` points to is there.
    assert page.find(".//*[@id='PATIENT_BLOCKED']") is not None
    assert page.find(".//*[@id='INVALID_INPUT']") is not None


def test_its_prose_speaks_of_the_names_in_json_and_says_where_the_token_goes(document: dict[str, Any]) -> None:
    prose = re.findall(r'"(?:description|summary)": "((?:[^"\\]|\\.)*)"', json.dumps(document))
    assert [words for words in prose if re.search(r"\b[a-z]+_[a-z]+\b|\.md\b", words)] == []
    assert "Authorization: Bearer" in document["info"]["description"]


def test_the_readable_page_begins_with_the_token(client: FlaskClient) -> None:
    page = client.get("/api/v1/docs").get_data(as_text=True)
    assert "Authorization: Bearer" in page
    assert "curl" in page
