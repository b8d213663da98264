"""`hms jobs`: run the check, ask how it does, keep the keys."""

from datetime import timedelta
from typing import Any

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import cli_jobs, clock
from hms_web.models import CronApiKey, CronJobRun, Hospital, JobLease
from hms_web.services import no_show_sweep, passwords
from tests.scenes import NOW, clinic


@pytest.fixture
def hms(app: Flask, session: Session) -> click.Group:
    """The commands over this test's application, with a hospital."""
    clinic(session)
    group = click.Group("hms")
    cli_jobs.register(group, lambda: app)
    return group


def run(hms: click.Group, *words: str) -> Result:
    with clock.fixed(NOW):
        return CliRunner().invoke(hms, ("jobs", *words))


def test_the_check_is_run_for_one_or_all(hms: click.Group, session: Session) -> None:
    assert "0 dealt with" in run(hms, "run").output
    assert run(hms, "run", "--hospital", "Test Clinic").exit_code == 0
    assert session.scalars(sa.select(CronJobRun.source)).all() == ["MANUAL", "MANUAL"]
    assert run(hms, "run", "--hospital", "Nobody's").exit_code == 1


def test_a_run_under_way_is_said(hms: click.Group, session: Session) -> None:
    run(hms, "run")
    later = sa.func.clock_timestamp() + timedelta(minutes=5)
    session.execute(sa.update(JobLease).values(expires_at=later))
    session.commit()
    assert "under way already" in run(hms, "run").output


def test_a_check_that_fails_ends_with_an_error(hms: click.Group, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_args: Any, **_rest: Any) -> None:
        raise ValueError

    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    done = run(hms, "run")
    assert (done.exit_code, "ValueError" in done.output) == (1, True)


def test_health_is_said_and_trouble_is_an_error(hms: click.Group, session: Session) -> None:
    fresh = run(hms, "health")
    states = [line.split(": ")[1].split(".")[0] for line in fresh.output.splitlines()]
    assert (fresh.exit_code, states) == (0, ["not known", "not known", "well", "well"])
    session.execute(sa.update(Hospital).values(created_at=NOW - timedelta(days=9)))
    session.commit()
    ill = run(hms, "health")
    assert ill.exit_code == 1
    assert "  scheduler: IN TROUBLE. No run has ended well" in ill.output


def test_a_key_is_made_listed_and_revoked(hms: click.Group, session: Session) -> None:
    secret = run(hms, "key", "create", "lambda").output.splitlines()[-1]
    assert session.scalars(sa.select(CronApiKey.key_hash)).one() == passwords.secret_hash(secret)
    assert run(hms, "key", "list").output == "lambda: valid, unused\n"
    assert run(hms, "key", "revoke", "lambda").output == "lambda is no longer valid.\n"
    assert run(hms, "key", "list").output == "lambda: revoked 2026-03-02 02:30 UTC, unused\n"
    assert run(hms, "key", "revoke", "lambda").exit_code == 1
