"""The account with which the product runs has what it needs, and cannot touch what the owner guards."""

import secrets
from collections.abc import Iterator
from datetime import time, timedelta
from urllib.parse import urlsplit, urlunsplit

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import cli, clock
from hms_web.app import create_app
from hms_web.domain.refusals import InvalidInput
from hms_web.models import Appointment, AuditLink, db
from hms_web.services import audit_chain, database_rights, housekeeping, no_show_sweep
from tests.api.callers import caller_of
from tests.scenes import NOW, Clinic, clinic

SECRET = "the secret of these tests"


@pytest.fixture
def role(engine: sa.Engine, worker_number: int) -> Iterator[str]:
    """An account of the database that may do nothing; its password is its name."""
    name = f"desk_{worker_number}_{secrets.token_hex(4)}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'"))
    yield name
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP OWNED BY {name}"))
        connection.execute(sa.text(f"DROP ROLE {name}"))


@pytest.fixture
def running(app: Flask, role: str, database_url: str, redis_url: str) -> Iterator[Flask]:
    """The product, as that account."""
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(netloc=f"{role}:{role}@{parts.hostname}:{parts.port}"))
    made = create_app({"HMS_ENV": "testing", "DATABASE_URL": url, "REDIS_URL": redis_url})
    yield made
    with made.app_context():
        db.engine.dispose()


def test_the_product_runs_with_these_rights(running: Flask, session: Session, role: str) -> None:
    database_rights.grant(session, role)
    with running.app_context(), clock.fixed(NOW):
        own = Session(db.engine, expire_on_commit=False)
    with own:
        here = clinic(own)
        doctor_id = here.doctor()
        booked = here.book(doctor_id, here.patient(), time(10))
        missed = here.book(doctor_id, here.patient(), time(11))
        program = caller_of(running.test_client(), here, here.actor)
        with clock.fixed(NOW):
            assert program.patch(f"/appointments/{booked.id}/status", {"status": "CHECKED_IN"}).status_code == 200
        no_show_sweep.sweep(own, here.actor, now=NOW + timedelta(hours=6))
        own.expire_all()
        assert own.get_one(Appointment, missed.id).status == "NO_SHOW"
        audit_chain.begin(own, here.actor.hospital_id, secret=SECRET)
        audit_chain.extend_all(own, secret=SECRET, now=clock.now())
        assert own.scalar(sa.select(sa.func.count()).select_from(AuditLink))
        housekeeping.clean_up(own, now=NOW + timedelta(days=99))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor_name = 'Nobody'",
        "DELETE FROM audit_links",
        "TRUNCATE audit_events",
        "ALTER TABLE audit_events DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "DROP TABLE audit_heads",
        "UPDATE alembic_version SET version_num = 'x'",
        "CREATE TABLE own (id integer)",
    ],
)
def test_what_the_owner_guards_is_closed(running: Flask, session: Session, role: str, statement: str) -> None:
    database_rights.grant(session, role)
    with running.app_context(), db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM audit_events")) == 0
        with pytest.raises(sa.exc.DBAPIError) as refused:
            connection.execute(sa.text(statement))
    assert refused.value.orig.sqlstate == "42501", "insufficient privilege"  # type: ignore[union-attr]


def run(app: Flask, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setattr(cli, "make_app", lambda: app)
    group: click.Group = cli.hms
    return CliRunner().invoke(group, ("db", "grant", *words))


def test_the_command_says_what_it_did_and_what_cannot_be(
    app: Flask, session: Session, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(app, monkeypatch, role)
    assert (done.exit_code, f"{role} may run the product" in done.output) == (0, True)
    owner = session.scalar(sa.text("SELECT current_user"))
    for name, words in ((owner, "owns the tables"), ("nobody_here", "no such account"), ('x"; DROP', "small letters")):
        refused = run(app, monkeypatch, str(name))
        assert (refused.exit_code, words in refused.output) == (1, True), refused.output


def test_an_owners_account_is_not_taken(here: Clinic) -> None:
    with pytest.raises(InvalidInput):
        database_rights.grant(here.session, str(here.session.scalar(sa.text("SELECT current_user"))))
