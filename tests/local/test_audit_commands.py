"""`hms audit`: whether the trail is whole, said in words and by the exit code; and the job that chains it."""

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import cli_audit
from hms_web.app import EXTENSION
from hms_web.config import Settings
from hms_web.domain.audit_chain import Flaw
from hms_web.jobs import audit as job
from hms_web.models import AuditEvent, AuditHead, AuditLink, new_id
from hms_web.services import audit, audit_chain
from tests.scenes import NOW, Clinic, clinic


@pytest.fixture
def here(app: Flask, session: Session) -> Clinic:
    """A hospital in which three things were done."""
    made = clinic(session)
    audit_chain.begin(session, made.actor.hospital_id, secret=app.config["SECRET_KEY"])
    entries = [audit.Entry("patient.created", "patient", new_id(), {}) for _ in range(3)]
    audit.record_all(session, made.actor, entries, now=NOW)
    session.commit()
    return made


@pytest.fixture
def hms(app: Flask) -> click.Group:
    group = click.Group("hms")
    cli_audit.register(group, lambda: app)
    return group


def run(hms: click.Group, *words: str) -> Result:
    return CliRunner().invoke(hms, ("audit", *words))


def forge(session: Session, statement: str) -> None:
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(sa.text(statement))
    session.commit()


def test_a_whole_trail_ends_with_nought(hms: click.Group, here: Clinic) -> None:
    assert "Test Clinic: head 3:" in run(hms, "chain").output
    said = run(hms, "verify")
    assert (said.exit_code, "Test Clinic: whole. 3 chained, 0 waiting" in said.output) == (0, True)
    head = said.output.split()[-1]
    assert run(hms, "verify", "--hospital", "Test Clinic", "--expect", head).exit_code == 0


def test_a_broken_one_names_the_first_broken_row_and_ends_with_one(
    hms: click.Group, here: Clinic, session: Session
) -> None:
    run(hms, "chain")
    forge(session, "UPDATE audit_events SET actor_name = 'Nobody'")
    first = session.scalars(sa.select(AuditLink.event_id).where(AuditLink.sequence == 1)).one()
    said = run(hms, "verify")
    assert said.exit_code == 1
    assert said.output.splitlines()[1] == f"  link 1, event {first}: the event, or its link, was changed."


def test_much_that_is_broken_is_cut_short(
    hms: click.Group, here: Clinic, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_audit, "MOST_SHOWN", 1)
    run(hms, "chain")
    forge(session, "DELETE FROM audit_events")
    assert "  … and 2 more." in run(hms, "verify").output


def test_every_flaw_has_its_words() -> None:
    assert set(cli_audit.WORDS) == set(Flaw)


def test_an_expected_head_is_that_of_one_hospital(hms: click.Group, here: Clinic) -> None:
    assert run(hms, "verify", "--expect", "1:00").exit_code == 2
    assert "SEQUENCE:HASH" in run(hms, "verify", "--expect", "one").output
    said = run(hms, "verify", "--hospital", "Test Clinic", "--expect", "1:00")
    assert (said.exit_code, "link 1: the expected head is not part of the chain" in said.output) == (1, True)


def test_a_changed_secret_is_signed_for_once_the_rest_is_whole(
    hms: click.Group, app: Flask, here: Clinic, session: Session
) -> None:
    run(hms, "chain")
    changed = Settings.from_env({"HMS_ENV": "testing", "SECRET_KEY": "another secret of some length"})
    kept = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = changed
    try:
        assert "is not signed with this SECRET_KEY" in run(hms, "verify").output
        audit.record(session, here.actor, "patient.changed", "patient", new_id(), now=NOW)
        session.commit()
        assert run(hms, "chain").exit_code == 1
        with session.bind.connect() as other:  # type: ignore[union-attr]
            other.execute(sa.select(AuditHead.hospital_id).with_for_update())
            said = run(hms, "sign")
            assert (said.exit_code, "NOT signed" in said.output) == (1, True)
        assert run(hms, "sign").output == "Test Clinic: signed.\n"
        assert run(hms, "chain").exit_code == run(hms, "verify").exit_code == 0
        forge(session, "UPDATE audit_events SET actor_name = 'Nobody'")
        assert run(hms, "sign").exit_code == 1
    finally:
        app.extensions[EXTENSION] = kept


def test_the_job_chains_and_says_the_head(
    here: Clinic,
    session: Session,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    job.chain()
    assert session.scalars(sa.select(AuditHead.sequence)).one() == 3
    forge(session, "UPDATE audit_heads SET hash = ''")
    audit.record(session, here.actor, "patient.changed", "patient", new_id(), now=NOW)
    session.commit()
    with pytest.raises(job.ChainStuck):
        job.chain()
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 4
