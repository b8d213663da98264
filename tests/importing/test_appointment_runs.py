"""`hms import appointments`: dates that move, and what interrupts it. It is Monday, 2 March 2026, 08:00 in Kolkata."""

from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code, Refusal
from hms_web.models import new_id
from hms_web.services import booking, unit_of_work
from hms_web.services.booking import BookingRequest
from hms_web.services.importing import appointments
from hms_web.services.importing.rehearsal import Rehearsal
from tests.importing.conftest import Command, Write, booked, refused
from tests.scenes import MONDAY, NOW, Clinic

HEADER = "number,mrn,date,time,status"


@pytest.mark.usefixtures("people")
def test_dates_can_be_moved_by_weeks(doctor: UUID, session: Session, hms_import: Command, write: Write) -> None:
    path = write("number,mrn,date,time", "a1,1,02/03/2027,09:00")
    words = ("--doctor", doctor, "--date-format", "%d/%m/%Y")
    done = hms_import("appointments", path, *words, "--shift-weeks", "-52")
    assert booked(session) == [("a1", date(2026, 3, 3), time(9))]
    assert "Dates were moved by -52 weeks." in done.stdout


@pytest.mark.usefixtures("people")
def test_auto_moves_so_that_the_earliest_to_come_is_next(
    doctor: UUID, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    path = write(
        HEADER,
        "a0,1,2025-01-06,09:00,attended",
        "a1,1,2026-02-24,09:00,scheduled",
        "a2,2,2026-02-23,10:00,scheduled",
        "a3,2,never,10:00,scheduled",
    )
    done = hms_import("appointments", path, "--doctor", doctor, "--shift-weeks", "auto")
    assert booked(session) == [("a1", date(2026, 3, 3), time(9)), ("a2", MONDAY, time(10))]
    assert "Dates were moved by 1 week." in done.stdout
    assert "with the same options and --shift-weeks 1." in done.stdout
    assert refused(tmp_path) == [["5", "INVALID_VALUE"]]


def test_auto_of_nothing_to_come_moves_nothing(doctor: UUID, hms_import: Command, write: Write) -> None:
    done = hms_import(
        "appointments", write(HEADER, "a0,1,2025-01-06,09:00,attended"), "--doctor", doctor, "--shift-weeks", "auto"
    )
    assert (done.exit_code, "moved" in done.stdout) == (0, False)


@pytest.mark.usefixtures("people")
def test_a_date_moved_out_of_the_calendar_is_refused(
    doctor: UUID, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    path = write(HEADER, "a1,1,2190-01-06,09:00,scheduled")
    assert hms_import("appointments", path, "--doctor", doctor, "--shift-weeks", "5200").exit_code == 1
    assert refused(tmp_path) == [["2", "INVALID_VALUE"]]


@pytest.mark.parametrize("weeks", ["x", "1.5", "5201", "-5201"])
def test_weeks_that_make_no_sense(hms_import: Command, write: Write, weeks: str) -> None:
    done = hms_import("appointments", write(HEADER), "--shift-weeks", weeks)
    assert (done.exit_code, "a whole number of weeks, or auto" in done.stderr) == (2, True)


@pytest.mark.usefixtures("people")
def test_a_row_that_the_database_has_no_time_for_is_refused_and_not_lost(
    doctor: UUID, hms_import: Command, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise unit_of_work.Busy

    monkeypatch.setattr(booking, "book", busy)
    assert hms_import("appointments", write(HEADER, "a1,1,2026-03-03,09:00,booked"), "--doctor", doctor).exit_code == 1
    assert refused(tmp_path) == [["2", "BUSY"]]


@pytest.mark.usefixtures("people")
def test_the_same_import_at_the_same_time_is_no_refusal(
    doctor: UUID, hms_import: Command, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(appointments, "_is_there", lambda *_: next(answers))
    monkeypatch.setattr(booking, "book", lambda *_, **__: Refusal(Code.SLOT_TAKEN))
    done = hms_import("appointments", write(HEADER, "a1,1,2026-03-03,09:00,booked"), "--doctor", doctor)
    assert (done.exit_code, "already there                1" in done.stdout) == (0, True), done.output


@pytest.mark.usefixtures("people")
def test_interrupted_it_keeps_what_was_booked_and_says_how_far_it_came(
    doctor: UUID, session: Session, hms_import: Command, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = booking.book

    def until_ten(*given: object, **named: datetime) -> object:
        if getattr(given[2], "time", None) == time(10):
            raise KeyboardInterrupt
        return book(*given, **named)  # type: ignore[arg-type]

    path = write(HEADER, *(f"a{n},{n},2026-03-03,{8 + n:02}:00,scheduled" for n in range(1, 4)))
    with monkeypatch.context() as patched:
        patched.setattr(booking, "book", until_ten)
        done = hms_import("appointments", path, "--doctor", doctor)
    assert (done.exit_code, "1 of 3 rows" in done.stdout) == (130, True), done.output
    assert len(booked(session)) == 1
    assert hms_import("appointments", path, "--doctor", doctor).exit_code == 0
    assert len(booked(session)) == 3


def test_a_blocked_patient_is_refused_in_a_rehearsal_too(
    here: Clinic, doctor: UUID, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    here.patient(mrn="1", status="BLOCKED", blocked_reason="Three no-shows")
    path = write(HEADER, "a1,1,2026-03-03,09:00,scheduled")
    for words in (["--dry-run"], []):
        assert hms_import("appointments", path, "--doctor", doctor, *words).exit_code == 1
        assert refused(tmp_path) == [["2", "PATIENT_BLOCKED"]]


def test_a_rehearsal_knows_the_rules_about_who_is_there(here: Clinic, doctor: UUID) -> None:
    patient = here.patient()
    for patient_id, doctor_id, code in (
        (new_id(), doctor, Code.PATIENT_NOT_FOUND),
        (patient, new_id(), Code.DOCTOR_NOT_FOUND),
    ):
        request = BookingRequest(patient_id, doctor_id, MONDAY, time(9))
        given = (here.session, here.actor, request, NOW)
        assert unit_of_work.run(here.session, partial(Rehearsal().book, *given)) == Refusal(code)
