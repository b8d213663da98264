"""`hms db check`, and what `hms run` brings up to date and fills in before it starts."""

from pathlib import Path
from types import SimpleNamespace

import flask_migrate
import pytest
from alembic.util import CommandError
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import cli
from hms_web.clock import now
from hms_web.config import Settings
from hms_web.local import run
from hms_web.services import identity


def checked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code and the words of `hms db check` over this test's database."""
    monkeypatch.setattr(cli, "make_app", lambda: app)
    done = CliRunner().invoke(cli.db, ["check"])
    return done.exit_code, done.output


def test_a_database_that_is_up_to_date_is_said_to_be(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    code, words = checked(app, monkeypatch)
    assert (code, words.endswith(", and the models match it.\n")) == (0, True), words


def test_an_old_database_is_told_how_to_be_mended(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_revision", lambda: "0001")
    code, words = checked(app, monkeypatch)
    assert (code, words.startswith("Error: The database is at revision 0001, the newest is ")) == (1, True), words
    assert words.endswith(": run `hms db upgrade`.\n")


def test_a_migration_that_is_missing_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def differs(directory: str) -> None:
        raise CommandError(directory)

    monkeypatch.setattr(flask_migrate, "check", differs)
    expected = "Error: The models differ from what the migrations make: a migration is missing.\n"
    assert checked(app, monkeypatch) == (1, expected)


@pytest.mark.fault
def test_a_demo_is_filled_in_once_and_the_printed_logins_are_right(
    app: Flask,
    session: Session,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.testing, "its fixture empties the database again"
    named = {"HMS_ENV": "demo", "HMS_DATA_DIR": str(tmp_path), "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    for times in (1, 0):
        cli.prepare(named)
        assert capsys.readouterr().out.count("Filled in the demo hospital.") == times
    welcome = run._welcome(Settings.from_env(named))
    line, password = (line.strip() for line in welcome.splitlines()[2:4])
    logins = line.removeprefix("Sign in as ").split(", ")
    assert len(logins) == 4
    for login in logins:
        assert identity.sign_in(session, login, password.removeprefix("with the password "), now=now())
    assert "Sign in as" not in run._welcome(Settings.from_env(named | {"HMS_ENV": "testing"}))


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hms_web.local.servers.shutil.disk_usage", lambda _folder: SimpleNamespace(free=3 * 1024**2))
    settings = Settings.from_env({"HMS_ENV": "testing", "HMS_DATA_DIR": str(tmp_path)})
    monkeypatch.setattr("hms_web.cli.Settings.from_env", lambda: settings)
    monkeypatch.setattr(run, "is_free", lambda _port, _host: True)
    monkeypatch.setattr("hms_web.local.run.signal.signal", lambda _number, _handler: None)
    done = CliRunner().invoke(cli.run)
    sentence = done.output.splitlines()[-1]
    assert done.exit_code == 1
    assert sentence.startswith(f"Error: HMS_DATA_DIR {tmp_path} is on a disk with 3 MB left; ")
    assert sentence.endswith(" MB are needed: make room, or choose another folder.")
