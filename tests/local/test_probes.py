"""The probes answer without a log-in, and name what does not answer."""

from http import HTTPStatus

import httpx
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from hms_web import config
from hms_web.app import create_app
from hms_web.models import db
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


def test_a_connection_that_the_server_has_cut_is_found_without_asking_and_replaced(app: Flask) -> None:
    with app.app_context(), Session(db.engine) as other:
        mine = other.scalar(text("SELECT pg_backend_pid()"))
        other.commit()
    killer = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], poolclass=NullPool)
    with killer.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
    killer.dispose()
    with app.app_context(), Session(db.engine) as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != mine


def test_a_connection_that_lay_idle_is_asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = psycopg.Connection.execute

    def noting(connection: psycopg.Connection, statement: str) -> object:
        asked.append(statement)
        return ask(connection, statement)

    with app.app_context():
        db.engine.connect().close()
        monkeypatch.setattr(psycopg.Connection, "execute", noting)
        db.engine.connect().close()
        assert asked == [], "it was used a moment ago"
        monkeypatch.setattr(config, "TRUSTED_SECONDS", 0.0)
        db.engine.connect().close()
    assert asked == ["SELECT 1"]
