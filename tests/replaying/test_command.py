"""`hms replay`: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.orm import Session

from hms_web.cli_replay import register
from hms_web.models import Hospital
from hms_web.services.replaying import season as seasons
from tests.replaying.conftest import Folder

Command = Callable[..., Result]


@pytest.fixture
def hms_replay(app: Flask) -> Command:
    """The command over the test's application."""

    def run(*words: object) -> Result:
        group = click.Group("hms")
        register(group, lambda: app)
        return CliRunner().invoke(group, ["replay", *(str(word) for word in words)])

    return run


def test_json_has_the_counts_of_each_clinic_and_nothing_else(heart: Folder, season: Path, hms_replay: Command) -> None:
    heart.add("2026-03-02", "09:00:00", "attended", "08:50:00", "09:00:00", "09:10:00")
    done = hms_replay(season, "--json")
    assert done.exit_code == 0
    counts = json.loads(done.stdout)["clinics"]["heart-clinic"]
    assert list(counts) == ["booked", "refused", "byStatus", "noShowLogs", "patientsBlocked", "alerts", "messages"]
    assert counts["byStatus"] == {"COMPLETED": 1}


def test_words_say_from_when_to_when_and_count(
    heart: Folder, season: Path, hms_replay: Command, session: Session
) -> None:
    heart.add("2026-03-02", "09:00:00", "did not attend")
    done = hms_replay(season, "--until", "2026-03-03", "--name", "Old times", "--timezone", "Europe/Paris")
    assert done.exit_code == 0
    assert done.stdout.startswith("Lived from 2026-02-25 to 2026-03-03 in ")
    assert "NO_SHOW" in done.stdout
    assert session.execute(sa.select(Hospital.name, Hospital.timezone)).all() == [("Old times", "Europe/Paris")]
    session.rollback()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["--timezone", "Nowhere"], "Name a time zone"), ([], "Nobody came to any appointment")],
)
def test_what_cannot_begin_changes_nothing(
    heart: Folder, season: Path, hms_replay: Command, session: Session, words: list[str], sentence: str
) -> None:
    heart.add("2026-03-02", "09:00:00", "did not attend")
    done = hms_replay(season, *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert session.scalar(sa.select(sa.func.count()).select_from(Hospital)) == 0
    session.rollback()


def test_whoever_interrupts_is_told_what_stays(
    heart: Folder, season: Path, hms_replay: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart.add("2026-03-02", "09:00:00", "did not attend")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seasons, "live", interrupted)
    done = hms_replay(season, "--until", "2026-03-03")
    assert done.exit_code == 130
    assert "stays as far as it was lived" in done.stderr


def test_a_database_that_goes_away_breaks_it_off(
    heart: Folder, season: Path, hms_replay: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart.add("2026-03-02", "09:00:00", "did not attend")

    def gone(*_: object, **__: object) -> None:
        cause = Exception("a patient's name")
        statement = "SELECT 1"
        raise sa.exc.OperationalError(statement, {}, cause)

    monkeypatch.setattr(seasons, "live", gone)
    done = hms_replay(season, "--until", "2026-03-03")
    assert done.exit_code == 3
    assert "It was broken off (OperationalError)" in done.stderr
    assert "patient's name" not in done.stderr
