"""The probes answer without a log-in, and name what does not answer."""

from http import HTTPStatus

import httpx
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.app import create_app
from tests.processes import ServerFactory


def test_a_living_process_says_so(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (HTTPStatus.OK, {"status": "ok"})


def test_a_ready_process_has_its_database_and_redis(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (HTTPStatus.OK, {"status": "ready"})


def test_what_does_not_answer_is_named() -> None:
    app = create_app(
        {"HMS_ENV": "testing", "DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    )
    answer = app.test_client().get("/readyz")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json == {"status": "unavailable", "failing": ["database", "redis"]}
    assert "Retry-After" in answer.headers


def test_a_session_waits_no_longer_than_a_person_does(session: Session) -> None:
    waits = [session.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout", "timezone")]
    assert waits == ["2s", "30s", "UTC"]


def test_two_real_processes_are_ready_on_two_ports(server: ServerFactory) -> None:
    running = server(processes=2)
    assert len(set(running.urls)) == 2
    for url in running.urls:
        assert httpx.get(f"{url}/healthz").status_code == HTTPStatus.OK
