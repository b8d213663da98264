"""The headers that keep a browser from helping an attacker, on every answer there is."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hms_web.app import create_app
from hms_web.config import Settings
from hms_web.models import db
from hms_web.web.hardening import SECURITY_HEADERS, Hardened
from tests.web.pages import HX, parse
from tests.web.record_scenes import Desk

# What each answer carries, in full: a header that is loosened fails here.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; "
        "object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MAY_BE_KEPT = {"assets.file", "static", "vendor.static"}
MIB = 1024 * 1024


def check(answer: TestResponse, *, may_be_kept: bool = False) -> None:
    """Check the headers of one answer."""
    where = f"{answer.request.method} {answer.request.path} {answer.status_code}"
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, where
    assert "Access-Control-Allow-Origin" not in answer.headers, where
    assert may_be_kept or answer.headers["Cache-Control"] == "no-store", where
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "; HttpOnly" in cookie, where
        assert "; SameSite=Lax" in cookie, where
    answer.close()


def test_every_route_of_every_kind(app: Flask, desk: Desk) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    callers = (app.test_client(), desk.admin().client)
    statuses = set()
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            built = rule.build({name: uuid4() for name in rule.arguments})
            assert built
            for method in sorted((rule.methods or set()) - {"HEAD"}):
                if rule.endpoint in {"sign_in.leave", "sign_in.change_user"}:
                    continue
                for client in callers:
                    answer = client.open(built[1], method=method)
                    statuses.add(answer.status_code)
                    check(answer, may_be_kept=rule.endpoint in MAY_BE_KEPT)
    assert statuses >= {200, 303, 401, 403, 404, 422}


@pytest.fixture
def troubled(app: Flask) -> Iterator[FlaskClient]:
    """A client for whom the start page breaks."""

    def broken() -> str:
        raise RuntimeError

    kept, app.view_functions["home.start"] = app.view_functions["home.start"], broken
    app.config["PROPAGATE_EXCEPTIONS"], app.config["TESTING"] = False, False
    yield app.test_client()
    app.view_functions["home.start"] = kept


def test_errors_too(troubled: FlaskClient, client: FlaskClient) -> None:
    much = b"x" * (MIB + 1)
    answers = [
        (troubled.get("/"), 500),
        (troubled.get("/", headers=HX), 500),
        (client.get("/nowhere"), 404),
        (client.get("/api/v1/nowhere"), 404),
        (client.get("/change-user"), 405),
        (client.delete("/api/v1/patients"), 405),
        (client.post("/login", data={"email": "x"}), 400),
        (client.post("/api/v1/auth/token", data=b"{", content_type="application/json"), 400),
        (client.post("/login", data=much, content_type="application/x-www-form-urlencoded"), 413),
        (client.post("/api/v1/auth/token", data=much, content_type="application/json"), 413),
        (client.get("/assets/x/none.css"), 404),
    ]
    for answer, status in answers:
        assert answer.status_code == status, answer.request.path
        check(answer)


def test_assets_may_be_kept_and_have_them_as_well(app: Flask, client: FlaskClient) -> None:
    page = client.get("/login").get_data(as_text=True)
    for part in ('href="/assets/', 'src="/assets/'):
        path = "/assets/" + page.split(part)[1].split('"')[0]
        answer = client.get(path)
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        check(answer, may_be_kept=True)


def test_in_production_everything_is_bound_to_https_and_to_our_own_names(database_url: str, redis_url: str) -> None:
    app = create_app(
        Settings.from_env(
            {
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                "SECRET_KEY": "x" * 40,
                "HMS_TRUSTED_HOSTS": "desk.test",
            }
        )
    )
    client = app.test_client()
    for path, host, status in (("/login", "desk.test", 200), ("/nowhere", "desk.test", 404), ("/", "evil.test", 400)):
        answer = client.get(path, base_url=f"https://{host}")
        assert answer.status_code == status
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
        check(answer)
    # No proxy is configured, so what one would say is not believed.
    lied = client.get(
        "/login",
        base_url="http://desk.test",
        headers={"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "ftp", "X-Forwarded-For": "1.2.3.4"},
    )
    assert lied.status_code == 200
    assert lied.request.environ["REMOTE_ADDR"] == "127.0.0.1"
    with app.app_context():
        db.engine.dispose()


def test_htmx_keeps_no_page_and_runs_nothing(app: Flask) -> None:
    page = app.test_client().get("/login").get_data(as_text=True)
    (content,) = [
        element.attrib["content"] for element in parse(page).iter("meta") if element.attrib.get("name") == "htmx-config"
    ]
    said = json.loads(content)
    wanted = {"includeIndicatorStyles": False, "allowEval": False, "allowScriptTags": False, "historyCacheSize": 0}
    assert said.items() >= wanted.items()
    assert said["methodsThatUseUrlParams"] == ["get"]
    assert {"409", "422"} <= {one["code"] for one in said["responseHandling"] if one["swap"]}


def test_a_header_that_an_answer_has_chosen_is_neither_replaced_nor_said_twice() -> None:
    def program(_environ: object, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("referrer-policy", "no-referrer"), ("Content-Type", "text/plain")])
        return []

    said: list[tuple[str, str]] = []
    Hardened(program, is_production=False)({}, lambda _status, headers: said.extend(headers))  # type: ignore[arg-type]
    assert [value for name, value in said if name.lower() == "referrer-policy"] == ["no-referrer"]
    assert {name for name, _ in said} >= SECURITY_HEADERS.keys() - {"Referrer-Policy"}
