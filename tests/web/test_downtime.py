"""The day's list that is kept for when nothing works: one file, whole in itself, honest about when it was made."""

import re
from datetime import date, time
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from hms_web import cli_downtime
from hms_web.models import AuditEvent, Doctor, Patient
from hms_web.services import cancelling, record_reads, unit_of_work
from tests.scenes import MONDAY, NOW
from tests.web.record_scenes import Desk

PATH = "/front-desk/downtime.html"


def saved(desk: Desk, query: str = "") -> str:
    answer = desk.reception().client.get(PATH + query)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="day-list-2026-03-02.html"'
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_it_says_who_comes_when_to_whom_and_what_was_free(desk: Desk) -> None:
    desk.session.execute(
        sa.update(Patient).where(Patient.id == desk.patient_id).values(date_of_birth=date(1980, 5, 17))
    )
    gone = desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Gone Away"), time(11))
    cancelling.cancel(desk.session, desk.clinic.actor, gone.id, reason="x", now=NOW)
    list_ = saved(desk)
    for words in ("Asha Sharma", "+91 98450 12345", "17 May 1980", "Dr. 001", "Confidential", "1 patient"):
        assert words in list_, words
    assert "As it stood on 2 March 2026, 08:00." in list_
    assert "Saved by Reception 1. What was booked, moved or cancelled after that is not in it." in list_
    assert "Gone Away" not in list_
    assert re.findall(r'class="free">([\d:]+)', list_)[:3] == ["09:00", "09:30", "10:30"]


def test_it_stands_alone(desk: Desk) -> None:
    list_ = saved(desk)
    assert not re.search(r"<script|<link|<img|<iframe|<form|\ssrc=|\shref=|url\(|@import|https?:", list_)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', list_)
    assert policy
    assert policy[1].startswith("default-src &#39;none&#39;; style-src &#39;sha256-")


def test_the_front_desk_leads_there_with_its_day_and_doctor(desk: Desk) -> None:
    page = desk.reception().get(f"/front-desk?doctor={desk.doctor_id}")
    link = next(a.attrib["href"] for a in page.all("a", id="downtime"))
    assert "Asha Sharma" in desk.reception().client.get(link).get_data(as_text=True)
    assert not list(desk.doctor().get("/front-desk").all("a", id="downtime"))


def test_it_is_narrowed_to_a_doctor_or_a_department(desk: Desk) -> None:
    other = desk.clinic.doctor()
    desk.session.execute(sa.update(Doctor).where(Doctor.id == other).values(department="Skin"))
    desk.clinic.book(other, desk.clinic.patient(name="Maria Silva"), time(10))
    assert {"Maria Silva", "Asha Sharma"} <= set(re.findall(r"Maria Silva|Asha Sharma", saved(desk)))
    assert "Asha Sharma" not in saved(desk, "?department=Skin")
    assert "Maria Silva" not in saved(desk, f"?doctor={desk.doctor_id}")
    empty = saved(desk, "?department=Nowhere")
    assert "Nobody is booked on that day, and no time was free." in empty


def test_who_is_booked_with_a_doctor_who_has_left_stands_on_it_too(desk: Desk) -> None:
    desk.session.execute(sa.update(Doctor).values(is_available=False))
    desk.session.commit()
    list_ = saved(desk)
    assert "Asha Sharma" in list_
    assert "Does not take appointments." in list_


def test_a_closed_day_says_why(desk: Desk) -> None:
    desk.clinic.holiday(MONDAY)
    assert "The hospital is closed: Holi." in saved(desk)


def test_that_it_was_taken_away_is_written_down_or_it_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(desk)
    row = desk.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "hospital.list_exported")).one()
    assert row.details == {"list": "downtime", "day": "2026-03-02"}
    desk.session.commit()

    def failing(*_given: object, **_named: object) -> None:
        raise unit_of_work.Busy

    monkeypatch.setattr(record_reads, "exported", failing)
    assert desk.reception().client.get(PATH).status_code == 503


@pytest.fixture
def hms(app: Flask) -> click.Group:
    group = click.Group("hms")
    cli_downtime.register(group, lambda: app)
    return group


def test_a_timer_writes_it_into_a_folder(desk: Desk, hms: click.Group, tmp_path: Path) -> None:
    words = ["downtime", "save", "--hospital", "Test Clinic", "--folder", str(tmp_path)]
    for _ in range(2):
        done = CliRunner().invoke(hms, words)
        assert done.exit_code == 0, done.output
    (place,) = tmp_path.iterdir()
    assert place.name == "day-list-2026-03-02.html"
    assert place.stat().st_mode & 0o777 == 0o600
    assert "Asha Sharma" in place.read_text()
    assert "Saved by System." in place.read_text()
    later = CliRunner().invoke(hms, [*words, "--date", "2026-03-03", "--department", "Cardiology"])
    assert "day-list-2026-03-03.html: 0 patients." in later.output


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "day.html").mkdir()
    with pytest.raises(click.ClickException, match="could not be written"):
        cli_downtime.write(tmp_path / "day.html", "x")
    assert [one.name for one in tmp_path.iterdir()] == ["day.html"]
