"""`hms import patients`."""

from datetime import date
from pathlib import Path

import click
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hms_web import cli_import
from hms_web.domain.identity import Role
from hms_web.domain.importing import Unusable
from hms_web.models import AuditEvent, Hospital, Patient, new_id
from hms_web.services.importing import patients, rejects
from hms_web.services.importing.run import actor_for
from hms_web.services.importing.tally import MOST_REASONS, Tally
from hms_web.services.unit_of_work import Busy
from tests.importing.conftest import Command, Write, rows
from tests.scenes import NOW, Clinic, clinic

BROKEN = OperationalError("SELECT", {}, psycopg.OperationalError("secret"))
HEADER = "mrn,name,date_of_birth,sex,phone,email"
ANNA = "7,Anna Berg,1980-05-06,Female,+91 98765 43210,anna@example.org"


def test_a_patient_comes_in_with_all_that_the_file_says(
    here: Clinic, session: Session, hms_import: Command, write: Write
) -> None:
    done = hms_import("patients", write(HEADER, ANNA, "8,  Bo   Ek ,,,,"))
    assert done.exit_code == 0, done.output
    columns = ("mrn", "name", "date_of_birth", "sex", "phone", "email", "hospital_id", "status", "created_at")
    rest = (here.actor.hospital_id, "ACTIVE", NOW)
    assert rows(session, Patient, *columns) == [
        ("7", "Anna Berg", date(1980, 5, 6), "FEMALE", "+91 98765 43210", "anna@example.org", *rest),
        ("8", "Bo Ek", None, None, None, None, *rest),
    ]
    assert "imported                     2" in done.stdout
    assert "refused                      0" in done.stdout
    events = session.scalars(sa.select(AuditEvent)).all()
    assert sorted((event.action, event.actor_id, event.actor_name, event.details["mrn"]) for event in events) == [
        ("patient.created", None, "Import", "7"),
        ("patient.created", None, "Import", "8"),
    ]


def test_twice_doubles_nothing_and_changes_nobody(
    here: Clinic, session: Session, hms_import: Command, write: Write
) -> None:
    here.patient(mrn="7", name="Anna Known")
    for already in (1, 2):
        done = hms_import("patients", write(HEADER, ANNA, "8,Bo Ek,,,,"))
        assert done.exit_code == 0
        assert f"already there                {already}" in done.stdout
    assert rows(session, Patient, "mrn", "name") == [("7", "Anna Known"), ("8", "Bo Ek")]


def test_a_refused_row_is_kept_with_its_line_and_rule_and_stops_no_other(
    here: Clinic, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    path = write(
        HEADER,
        ",Nobody,,,,",
        "1,,,,,",
        "2,4711,,,,",
        "3,Anna,06.05.1980,,,",
        "4,Anna,2026-03-03,,,",
        "5,Anna,,frau,,",
        "6,Anna,,,call me,not-an-address",
        ANNA,
        "7,Anna Again,,,,",
        "8,Anna",
        f"{'9' * 33},Anna,,,,",
        "10,Bo Ek,,,,",
    )
    done = hms_import("patients", path)
    assert done.exit_code == 1
    assert rows(session, Patient, "mrn") == [("10",), ("7",)]
    kept = tmp_path / "file.rejected.csv"
    assert str(kept) in done.stdout
    lines = [line.split(",", 3)[:3] for line in kept.read_text("utf-8-sig").splitlines()[1:]]
    assert lines == [
        ["2", "MISSING_VALUE", "The row says nothing for mrn."],
        ["3", "MISSING_VALUE", "The row says nothing for name."],
        ["4", "INVALID_VALUE", "name: A name has at least one letter."],
        ["5", "INVALID_VALUE", "date_of_birth: 06.05.1980 is not a date like 1925-12-29."],
        ["6", "INVALID_VALUE", "date_of_birth: A date of birth cannot be in the future."],
        ["7", "INVALID_VALUE", '"sex: frau is not one of female'],
        ["8", "INVALID_VALUE", '"phone: Use only digits'],
        ["10", "REPEATED_IN_FILE", "The number 7 stands on line 9 already."],
        ["11", "WRONG_COLUMNS", '"The row has 2 values'],
        ["12", "INVALID_VALUE", "mrn: Use at most 32 characters."],
    ]
    assert "email: Write an e-mail address" in kept.read_text("utf-8-sig")
    assert "    INVALID_VALUE                      6" in done.stdout
    assert "12 of 12 rows" in done.stdout


def test_the_file_of_refused_rows_is_imported_after_correcting_it(
    here: Clinic, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    path = write("number;name;sex;phone", "7;Anna;frau;+91 98765 43210")
    assert hms_import("patients", path, "--map", "mrn=number", "--mrn-prefix", "C-").exit_code == 1
    kept = tmp_path / "file.rejected.csv"
    assert ";'+91 98765 43210" in kept.read_text("utf-8-sig")
    kept.write_bytes(kept.read_bytes().replace(b";frau;", b";female;"))
    done = hms_import("patients", kept, "--map", "mrn=number", "--mrn-prefix", "C-")
    assert done.exit_code == 0, done.output
    assert rows(session, Patient, "mrn", "sex", "phone") == [("C-7", "FEMALE", "+91 98765 43210")]


def test_a_dry_run_says_what_would_come_and_changes_nothing(
    here: Clinic, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    here.patient(mrn="8")
    done = hms_import("patients", write(HEADER, ANNA, "8,Bo,,,,", "9,,,,,"), "--dry-run")
    assert done.exit_code == 1
    assert "Dry run: nothing was changed." in done.stdout
    assert "would be imported            1" in done.stdout
    assert "already there                1" in done.stdout
    assert (tmp_path / "file.rejected.csv").exists()
    assert rows(session, Patient, "mrn") == [("8",)]


def test_many_rows_go_in_batches(
    here: Clinic, session: Session, hms_import: Command, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patients, "ROWS_AT_ONCE", 2)
    done = hms_import("patients", write(HEADER, *(f"{n},Anna,,,," for n in range(4))))
    assert "imported                     4" in done.stdout
    done = hms_import("patients", write(HEADER, *(f"{n},Anna,,,," for n in range(5))))
    assert "imported                     1" in done.stdout
    assert len(rows(session, Patient, "mrn")) == 5


def test_a_batch_that_the_database_has_no_time_for_is_refused_and_not_lost(
    here: Clinic, session: Session, hms_import: Command, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def busy(*_: object) -> int:
        raise Busy

    monkeypatch.setattr(patients, "_add", busy)
    done = hms_import("patients", write(HEADER, ANNA))
    assert done.exit_code == 1
    assert "    BUSY                               1" in done.stdout
    assert "2,BUSY,The database was too busy" in (tmp_path / "file.rejected.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "It was interrupted: what was imported so far stays."),
        (BROKEN, 3, "broken off (OperationalError)"),
        (OSError(28, "No space left on device"), 3, "broken off (No space left on device)"),
        (OSError("odd"), 3, "broken off (OSError)"),
    ],
)
def test_what_was_committed_stays_when_it_is_broken_off(  # noqa: PLR0917
    here: Clinic,
    session: Session,
    hms_import: Command,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    add, calls = patients._add, []

    def once(*given: object) -> int:
        calls.append(given)
        if len(calls) == 2:
            raise error
        return add(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(patients, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(patients, "_add", once)
    done = hms_import("patients", write(HEADER, *(f"{n},Anna,,,," for n in range(6))))
    assert done.exit_code == code
    assert words in done.stderr
    assert "secret" not in done.output
    assert "2 of 6 rows" in done.stdout
    assert rows(session, Patient, "mrn") == [("0",), ("1",)]
    assert hms_import("patients", write(HEADER, *(f"{n},Anna,,,," for n in range(6)))).exit_code == 0
    assert len(rows(session, Patient, "mrn")) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--map", "x"], "--map x: write it as ours=theirs"),
        (["--date-format", "%y"], "--date-format %y"),
        (["--encoding", "klingon"], "file.csv: --encoding klingon"),
        (["--hospital", "Elsewhere"], "--hospital Elsewhere: there is no such hospital."),
        (["--rejects", "/nowhere/x.csv"], "could not be written to /nowhere/x.csv"),
    ],
)
def test_an_option_that_makes_no_sense_ends_it_before_it_begins(
    here: Clinic, session: Session, hms_import: Command, write: Write, words: list[str], message: str
) -> None:
    done = hms_import("patients", write(HEADER, ANNA), *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert rows(session, Patient, "mrn") == []


def test_a_file_that_is_not_there_and_no_hospital(session: Session, hms_import: Command, write: Write) -> None:
    assert "none.csv: It cannot be read: No such file" in hms_import("patients", "none.csv").stderr
    done = hms_import("patients", write(HEADER, ANNA))
    assert done.exit_code == 2
    assert "There is no hospital yet" in done.stderr


def test_settings_or_a_database_that_cannot_be_used(app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def unset() -> Flask:
        message = "DATABASE_URL is not set."
        raise click.ClickException(message)

    def gone(*_: object) -> None:
        raise BROKEN

    path = write(HEADER, ANNA)
    monkeypatch.setattr(cli_import, "actor_for", gone)
    for make, message in ((unset, "DATABASE_URL is not set."), (lambda: app, "cannot be used (OperationalError)")):
        group = click.Group("hms")
        cli_import.register(group, make)
        done = CliRunner().invoke(group, ["import", "patients", str(path)])
        assert (done.exit_code, message in done.stderr) == (2, True), done.output


def test_which_hospital(session: Session) -> None:
    first = clinic(session).actor.hospital_id
    assert actor_for(session, None).hospital_id == first
    second = clinic(session, "America/New_York").actor.hospital_id
    for named in (None, "Test Clinic"):
        with pytest.raises(Unusable, match=f"(?s)Say which hospital .*{second}"):
            actor_for(session, named)
    session.add(Hospital(id=new_id(), name="Third", timezone="UTC"))
    session.flush()
    assert actor_for(session, "Third").timezone == "UTC"
    actor = actor_for(session, str(second).upper())
    assert (actor.hospital_id, actor.timezone, actor.name) == (second, "America/New_York", "Import")
    assert (actor.user_id, actor.role) == (None, Role.ADMIN)


def test_refused_rows_go_where_they_are_wanted(
    here: Clinic, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.csv"
    assert hms_import("patients", write(HEADER, ",x,,,,"), "--rejects", wanted).exit_code == 1
    assert wanted.exists()
    assert not (tmp_path / "file.rejected.csv").exists()


def test_too_many_reasons_become_one() -> None:
    tally = Tally()
    for number in range(MOST_REASONS + 5):
        tally.skip(f"status {number}")
    tally.skip("status 0")
    assert tally.skipped["other"] == 5
    assert tally.skipped["status 0"] == 2
    assert tally.read == MOST_REASONS + 6


def test_what_was_refused_is_flushed_as_it_goes(
    here: Clinic, hms_import: Command, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = []
    flush = rejects.Rejects.flush

    def watched(self: rejects.Rejects) -> None:
        flush(self)
        seen.append(self._passing.stat().st_size)

    monkeypatch.setattr(rejects.Rejects, "flush", watched)
    monkeypatch.setattr(patients, "ROWS_AT_ONCE", 1)
    hms_import("patients", write(HEADER, ",x,,,,", ",y,,,,"))
    assert 0 < seen[0] < seen[1]
