"""`hms hospital`, `hms user` and `hms demo`."""

import dataclasses

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import cli_records
from hms_web.app import EXTENSION
from hms_web.clock import now
from hms_web.config import Environment
from hms_web.models import Appointment, Hospital, User
from hms_web.services import demo, demo_large, identity, users

PASSWORD = "four words of mine"
CITY = ("hospital", "create", "--name", "City", "--timezone", "Asia/Kolkata", "--admin-email", "admin@city.test")


@pytest.fixture
def hms(app: Flask) -> click.Group:
    """The commands over this test's application."""
    group = click.Group("hms")
    cli_records.register(group, lambda: app)
    return group


def run(hms: click.Group, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(hms, words, input=typed)


def test_a_hospital_is_opened_and_its_admin_can_sign_in(hms: click.Group, session: Session) -> None:
    done = run(hms, *CITY, "--admin-password", PASSWORD)
    assert done.exit_code == 0, done.output
    assert "admin@city.test can sign in" in done.output
    assert identity.sign_in(session, "admin@city.test", PASSWORD, now=now())


def test_a_password_that_is_left_out_is_asked_for(hms: click.Group, session: Session) -> None:
    done = run(hms, *CITY, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert identity.sign_in(session, "admin@city.test", PASSWORD, now=now())


def test_what_is_wrong_is_said_in_words(hms: click.Group, session: Session) -> None:
    short = run(hms, *CITY, "--admin-password", "short")
    assert short.exit_code == 1
    assert short.output == "Error: password: Use at least 12 characters.\n"
    run(hms, *CITY, "--admin-password", PASSWORD)
    again = run(hms, *CITY, "--admin-password", PASSWORD)
    assert again.exit_code == 1
    assert "already a user with this e-mail address" in again.output
    assert session.scalar(sa.select(sa.func.count()).select_from(Hospital)) == 1


def test_a_user_is_added_with_a_link_or_with_a_password(hms: click.Group, session: Session) -> None:
    run(hms, *CITY, "--admin-password", PASSWORD)
    add = ("user", "create", "--hospital", "City", "--name", "Nina")
    linked = run(hms, *add, "--email", "nina@city.test", "--role", "nurse")
    assert linked.exit_code == 0, linked.output
    token = linked.output.rsplit("/set-password/", 1)[1].strip()
    assert users.link_is_valid(session, token, now=now())
    ready = run(hms, *add, "--email", "desk@city.test", "--role", "RECEPTIONIST", "--password", PASSWORD)
    assert "set-password" not in ready.output
    assert identity.sign_in(session, "desk@city.test", PASSWORD, now=now())
    doctor = run(hms, *add, "--email", "d@city.test", "--role", "DOCTOR")
    assert doctor.exit_code == 2
    nowhere = run(hms, "user", "create", "--hospital", "Town", "--name", "N", "--email", "n@t", "--role", "NURSE")
    assert nowhere.output == "Error: hospital: There is no such hospital.\n"


def test_the_demo_is_made_only_for_demos(
    hms: click.Group, app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENTS", 60)
    monkeypatch.setattr(demo, "SEASON_DAYS", 49)
    settings = app.extensions[EXTENSION]
    monkeypatch.setitem(app.extensions, EXTENSION, dataclasses.replace(settings, env=Environment.PRODUCTION))
    refused = run(hms, "demo", "seed")
    assert refused.exit_code == 1
    assert "only with HMS_ENV=demo" in refused.output
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
    monkeypatch.setitem(app.extensions, EXTENSION, dataclasses.replace(settings, env=Environment.DEMO))
    made = run(hms, "demo", "seed")
    assert made.exit_code == 0, made.output
    assert "reception@demo.test" in made.output


def test_a_large_hospital_is_made_on_demand(
    hms: click.Group, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_large.Size, "of_scale", lambda scale: demo_large.Size(scale, 130, scale * 112))
    done = run(hms, "demo", "seed", "--scale", "2")
    assert done.exit_code == 0, done.output
    assert "reception@large.test" in done.output
    assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 224
    assert run(hms, "demo", "seed", "--scale", "101").exit_code == 2
