"""The no-show check over JSON: set off by the administrator or with a key, and how it does."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hms_web import clock
from hms_web.api.job_health import KEY_HASHES
from hms_web.app import create_app
from hms_web.models import ApiToken, CronApiKey, CronJobRun, Hospital, JobLease, db
from hms_web.services import cron_keys, no_show_sweep, passwords, scheduler_pulse
from tests.api.callers import Caller, body_of, check_described, check_problem, code
from tests.scenes import NOW, Clinic

KEY, OTHER = "a key of the settings", "the other of two keys"
AFTERNOON = NOW + timedelta(hours=5)
NIGHT = NOW + timedelta(hours=16)
PATH = "/no-show/external-trigger"


@pytest.fixture(autouse=True)
def configured(app: Flask) -> None:
    app.config[KEY_HASHES] = (passwords.secret_hash(KEY), passwords.secret_hash(OTHER))


@pytest.fixture
def afternoon() -> Iterator[None]:
    """13:00 in Kolkata; in New York it is night."""
    with clock.fixed(AFTERNOON):
        yield


def call(client: FlaskClient, key: str | None = KEY) -> TestResponse:
    headers = {} if key is None else {"x-cron-api-key": key}
    answer = client.post(f"/api/v1{PATH}", headers=headers)
    if answer.status_code >= 400:
        check_problem(answer)
    check_described(client, "POST", PATH, answer)
    return answer


def missed(here: Clinic) -> None:
    here.book(here.doctor(), here.patient(), time(9))


def run_under_way(session: Session) -> None:
    session.execute(sa.update(JobLease).values(expires_at=sa.func.clock_timestamp() + timedelta(minutes=5)))
    session.commit()


def failing(*_args: Any, **_rest: Any) -> None:
    raise ValueError


def test_the_administrator_runs_the_check_now(admin: Caller, here: Clinic, afternoon: None) -> None:
    missed(here)
    done = body_of(admin.post("/no-show/trigger"))
    assert done.pop("durationMs") >= 0
    assert here.count(CronJobRun, source="MANUAL", triggered_by_id=here.admin.user_id) == 1
    assert done == {
        "runId": str(here.session.scalar(sa.select(CronJobRun.id))),
        "status": "success",
        "noShows": {"processed": 1, "marked": 1, "slotsReleased": 0, "patientsBlocked": 0},
        "alerts": {"created": 0, "resolved": 0},
    }


def test_at_night_too(admin: Caller, session: Session) -> None:
    session.execute(sa.update(ApiToken).values(expires_at=NIGHT + timedelta(hours=1)))
    session.commit()
    with clock.fixed(NIGHT):
        assert body_of(admin.post("/no-show/trigger"))["status"] == "success"


def test_a_run_under_way_is_said(admin: Caller, session: Session, afternoon: None) -> None:
    admin.post("/no-show/trigger")
    run_under_way(session)
    answer = admin.post("/no-show/trigger")
    assert (answer.status_code, answer.json) == (202, {"status": "already_running"})


def test_a_run_that_failed_is_said(admin: Caller, monkeypatch: pytest.MonkeyPatch, afternoon: None) -> None:
    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    answer = admin.post("/no-show/trigger")
    assert code(answer) == (503, "RUN_FAILED")
    assert "ValueError" in answer.text


def test_how_the_check_does(admin: Caller, here: Clinic, session: Session, app: Flask, afternoon: None) -> None:
    fresh = body_of(admin.get("/no-show/cron-health"))
    assert (fresh["jobName"], fresh["isHealthy"], fresh["isWorkingHours"]) == ("NO_SHOW_CHECK", True, True)
    assert fresh["lastRunTime"] is fresh["lastRunStatus"] is fresh["lastSuccessfulRun"] is None
    assert fresh["stats"] == {"totalRuns": 0, "failedRuns": 0, "successRate": None}
    done = body_of(admin.post("/no-show/trigger"))
    found = body_of(admin.get("/no-show/cron-health"))
    assert (found["lastRunStatus"], found["consecutiveFailures"]) == ("success", 0)
    assert found["lastRunTime"] == found["lastSuccessfulRun"]["startedAt"] == "2026-03-02T13:00:00+05:30"
    assert found["lastSuccessfulRun"]["id"] == found["recentRuns"][0]["id"] == done["runId"]
    assert found["stats"] == {"totalRuns": 1, "failedRuns": 0, "successRate": 100.0}
    assert found["bySource"]["manual"]["stats"]["totalRuns"] == 1
    assert found["bySource"]["scheduler"]["stats"]["totalRuns"] == 0


def test_a_dead_scheduler_is_red_although_the_external_trigger_works(
    admin: Caller, here: Clinic, client: FlaskClient
) -> None:
    here.session.execute(sa.update(Hospital).values(created_at=NOW - timedelta(days=9)))
    here.session.commit()
    with clock.fixed(AFTERNOON):
        assert call(client).status_code == 200
        found = body_of(admin.get("/no-show/cron-health"))
    assert found["isHealthy"] is False
    assert "scheduler" in found["healthMessage"]
    assert found["bySource"]["scheduler"]["isHealthy"] is False
    assert found["bySource"]["external"]["isHealthy"] is True


def test_failures_are_counted_and_named(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    for minute in range(3):
        with clock.fixed(AFTERNOON + timedelta(minutes=minute)):
            admin.post("/no-show/trigger")
    with clock.fixed(AFTERNOON + timedelta(minutes=4)):
        found = body_of(admin.get("/no-show/cron-health"))
        inbox = body_of(admin.get("/notifications"))["items"]
    assert (found["isHealthy"], found["consecutiveFailures"], found["lastRunStatus"]) == (False, 3, "error")
    assert found["recentRuns"][0]["error"] == "ValueError"
    assert [(note["title"], note["priority"], note["link"]) for note in inbox] == [
        ("The no-show check is in trouble", "HIGH", "/jobs")
    ]


def test_the_schedulers_last_look_is_told(admin: Caller, app: Flask, afternoon: None) -> None:
    scheduler_pulse.beat(app.extensions[scheduler_pulse.EXTENSION], now=AFTERNOON - timedelta(seconds=121))
    found = body_of(admin.get("/no-show/cron-health"))
    assert found["schedulerLookedAt"] == "2026-03-02T12:57:59+05:30"
    assert found["isHealthy"] is False


def test_with_a_key_every_hospital_is_checked(
    client: FlaskClient, here: Clinic, elsewhere: Clinic, afternoon: None
) -> None:
    missed(here)
    done = body_of(call(client))
    assert done["noShows"] == {"processed": 1, "marked": 1, "slotsReleased": 0, "patientsBlocked": 0}
    assert (done["status"], done["hospitals"], done["running"], done["closed"]) == ("success", 2, 0, 1)
    assert done["runId"] == str(here.session.scalar(sa.select(CronJobRun.id)))
    assert here.count(CronJobRun, source="EXTERNAL") == 1


def test_at_night_there_is_nothing_to_do(client: FlaskClient, here: Clinic) -> None:
    with clock.fixed(NIGHT):
        done = body_of(call(client, OTHER))
    assert (done["runId"], done["closed"], done["noShows"]["processed"]) == (None, 1, 0)


def test_a_run_in_progress_is_202(client: FlaskClient, here: Clinic, session: Session) -> None:
    with clock.fixed(AFTERNOON):
        call(client)
    run_under_way(session)
    with clock.fixed(AFTERNOON + timedelta(minutes=1)):
        answer = call(client)
    assert (answer.status_code, answer.json) == (202, {"status": "already_running"})


def test_a_run_that_failed_is_503(
    client: FlaskClient, here: Clinic, monkeypatch: pytest.MonkeyPatch, afternoon: None
) -> None:
    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    assert code(call(client)) == (503, "RUN_FAILED")


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", "é" * 20])
def test_a_wrong_or_missing_key_is_401(client: FlaskClient, key: str | None, afternoon: None) -> None:
    assert code(call(client, key)) == (401, "WRONG_API_KEY")


def test_without_any_key_it_is_not_configured(client: FlaskClient, app: Flask, afternoon: None) -> None:
    app.config[KEY_HASHES] = ()
    assert code(call(client)) == (503, "NOT_CONFIGURED")


def test_a_bearer_token_is_no_key(admin: Caller, client: FlaskClient, afternoon: None) -> None:
    answer = client.post(f"/api/v1{PATH}", headers={"Authorization": f"Bearer {admin.token}"})
    assert code(answer) == (401, "WRONG_API_KEY")


def test_guesses_are_limited_and_whoever_has_the_key_is_not_kept_out(client: FlaskClient, afternoon: None) -> None:
    assert [call(client, "wrong").status_code for _ in range(12)] == [401] * 10 + [429] * 2
    assert "Retry-After" in call(client, "wrong").headers
    assert call(client).status_code == 200


def test_calls_with_the_key_are_limited_too(client: FlaskClient, afternoon: None) -> None:
    most = cron_keys.RIGHT_OF_A_KEY.amount
    assert {call(client).status_code for _ in range(most)} == {200}
    assert call(client).status_code == 429
    assert call(client, OTHER).status_code == 200


def test_it_works_and_is_limited_when_redis_is_gone(database_url: str, here: Clinic) -> None:
    environ = {"HMS_ENV": "testing", "DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1"}
    app = create_app({**environ, "CRON_API_KEY": f"{KEY}, {OTHER}"})
    client = app.test_client()
    try:
        with clock.fixed(AFTERNOON):
            assert call(client).status_code == 200
            assert [call(client, "wrong").status_code for _ in range(11)] == [401] * 10 + [429]
    finally:
        with app.app_context():
            db.engine.dispose()


def test_keys_of_the_command_line_are_valid_until_they_are_revoked(
    client: FlaskClient, app: Flask, session: Session, afternoon: None
) -> None:
    app.config[KEY_HASHES] = ()
    first = cron_keys.create(session, "old", now=NOW)
    second = cron_keys.create(session, "new", now=NOW)
    assert [call(client, key).status_code for key in (first, second)] == [200, 200]
    cron_keys.revoke(session, "old", now=NOW)
    assert [call(client, key).status_code for key in (first, second)] == [401, 200]
    stored = session.scalars(sa.select(CronApiKey.key_hash)).all()
    assert first not in stored
    cron_keys.revoke(session, "new", now=NOW)
    assert call(client, second).status_code == 503
