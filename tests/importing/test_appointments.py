"""`hms import appointments`. It is Monday, 2 March 2026, 08:00 in Kolkata."""

from datetime import date, time
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.models import Appointment, AuditEvent, DoctorSlot, Notification, Patient, User
from tests.importing.conftest import Command, Write, booked, refused
from tests.scenes import Clinic, clinic

HEADER = "number,mrn,date,time,status"


@pytest.mark.usefixtures("people")
def test_rows_to_come_are_booked_without_a_message(
    doctor: UUID, session: Session, hms_import: Command, write: Write
) -> None:
    path = write(
        f"{HEADER},type,reason", "a1,1,2026-03-03,09:00:00,scheduled,follow-up,Cough", "a2,2,2026-03-02,8:00,,,"
    )
    done = hms_import("appointments", path, "--doctor", doctor, "--only-status", "scheduled", "--only-status", "")
    assert done.exit_code == 1, "08:00 is before the hours"
    row = session.scalars(sa.select(Appointment)).one()
    assert (row.import_key, row.date, row.start_time, row.end_time) == ("a1", date(2026, 3, 3), time(9), time(9, 30))
    assert (row.status, row.type, row.reason, row.token_number) == ("SCHEDULED", "FOLLOW_UP", "Cough", 1)
    assert (row.created_by_id, row.doctor_id) == (None, doctor)
    assert session.scalars(sa.select(Notification)).all() == []
    assert session.scalars(sa.select(AuditEvent.actor_name)).all() == ["Import"]


@pytest.mark.usefixtures("people")
def test_what_is_past_or_over_is_skipped_and_counted(
    doctor: UUID, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    path = write(
        HEADER,
        "a1,1,2026-03-01,09:00,scheduled",
        "a2,1,2026-03-02,07:59,Confirmed",
        "a3,2,2026-03-03,09:00,attended",
        "a4,2,2026-03-03,09:00,attended",
        "a5,2,nonsense,,cancelled",
        "a6,2,2026-03-03,09:00,",
        "a7,3,2026-03-03,10:00,Booked",
    )
    done = hms_import("appointments", path, "--doctor", doctor)
    assert done.exit_code == 0, done.output
    assert booked(session) == [("a7", date(2026, 3, 3), time(10))]
    for line in (
        "skipped                      6",
        "    already past                       2",
        "    status attended                    2",
        "    status cancelled                   1",
        "    status (empty)                     1",
    ):
        assert line in done.stdout
    assert not (tmp_path / "file.rejected.csv").exists()


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("is_dry", [True, False])
def test_a_refused_row_is_kept_with_its_rule_and_stops_no_other(
    here: Clinic, doctor: UUID, session: Session, hms_import: Command, write: Write, tmp_path: Path, *, is_dry: bool
) -> None:
    here.holiday(date(2026, 3, 4))
    path = write(
        "number,mrn,date,time,type,reason",
        "a1,99,2026-03-03,09:00,,",
        "a2,1,2026-04-02,09:00,,",
        "a3,1,2026-03-04,09:00,,",
        "a4,1,2026-03-03,18:00,,",
        "a5,1,2026-03-03,13:00,,",
        "a6,1,2026-03-03,09:10,,",
        "a7,1,2026-03-03,09:00,,",
        "a8,2,2026-03-03,09:00,,",
        "a9,1,2026-03-03,09:00,,",
        "a7,2,2026-03-03,10:00,,",
        "b1,2,03.03.2026,10:00,,",
        "b2,2,2026-03-03,ten,,",
        "b3,2,2026-03-03,10:00,surgery,",
        f"b4,2,2026-03-03,10:00,,{'x' * 501}",
        f"{'n' * 129},2,2026-03-03,10:00,,",
        "b5,2,2026-03-03,,,",
        "b6,2,,10:00,,",
        "b7,,2026-03-03,10:00,,",
        "b8,2,2026-03-03",
        "b9,2,2026-03-03,10:00,,",
    )
    slots = here.count(DoctorSlot)
    done = hms_import("appointments", path, "--doctor", doctor, *(["--dry-run"] if is_dry else []))
    assert done.exit_code == 1
    assert refused(tmp_path) == [
        ["2", "PATIENT_NOT_FOUND"],
        ["3", "BEYOND_BOOKING_WINDOW"],
        ["4", "HOSPITAL_HOLIDAY"],
        ["5", "OUTSIDE_SCHEDULE"],
        ["6", "DURING_BREAK"],
        ["7", "NOT_A_SLOT"],
        ["9", "SLOT_TAKEN"],
        ["10", "PATIENT_DOUBLE_BOOKED"],
        ["11", "REPEATED_IN_FILE"],
        ["12", "INVALID_VALUE"],
        ["13", "INVALID_VALUE"],
        ["14", "INVALID_VALUE"],
        ["15", "INVALID_VALUE"],
        ["16", "INVALID_VALUE"],
        ["17", "MISSING_VALUE"],
        ["18", "MISSING_VALUE"],
        ["19", "MISSING_VALUE"],
        ["20", "WRONG_COLUMNS"],
    ]
    kept = (tmp_path / "file.rejected.csv").read_text("utf-8-sig")
    assert "no patient with the number 99" in kept
    assert "None of this doctor's slots begins at that time." in kept
    if is_dry:
        assert "would be imported            2" in done.stdout
        assert booked(session) == []
        assert here.count(DoctorSlot) == slots
    else:
        assert booked(session) == [("a7", date(2026, 3, 3), time(9)), ("b9", date(2026, 3, 3), time(10))]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_the_day_fills_up_as_rows_come(
    here: Clinic, session: Session, hms_import: Command, write: Write, tmp_path: Path, words: list[str]
) -> None:
    doctor = here.doctor(maximum=2)
    path = write(HEADER, *(f"a{n},{n},2026-03-03,{8 + n:02}:00,scheduled" for n in range(1, 4)))
    assert hms_import("appointments", path, "--doctor", doctor, *words).exit_code == 1
    assert refused(tmp_path) == [["4", "DOCTOR_FULLY_BOOKED"]]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("header", [HEADER, "other,mrn,date,time,status"])
def test_twice_doubles_nothing_even_when_staff_moved_one(
    here: Clinic, doctor: UUID, session: Session, hms_import: Command, write: Write, header: str
) -> None:
    path = write(header, "a1,1,2026-03-03,09:00,scheduled", "a2,1,2026-03-03,09:30,scheduled")
    first = hms_import("appointments", path, "--doctor", doctor)
    assert (first.exit_code, "imported                     2" in first.stdout) == (0, True)
    row = session.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).first()
    assert row is not None
    session.execute(sa.update(Appointment).where(Appointment.id == row.id).values(status="CANCELLED"))
    session.commit()
    for words in ([], ["--dry-run"]):
        again = hms_import("appointments", path, "--doctor", doctor, *words)
        assert (again.exit_code, "already there                2" in again.stdout) == (0, True), again.output
    assert len(booked(session)) == 2


@pytest.mark.usefixtures("people")
def test_prefixes_keep_three_clinics_apart(here: Clinic, session: Session, hms_import: Command, write: Write) -> None:
    here.patient(mrn="C-1")
    first, second = here.doctor(), here.doctor()
    path = write("id,patient,date,time", "1,1,2026-03-03,09:00")
    same = ("--map", "number=id", "--map", "mrn=patient")
    assert hms_import("appointments", path, *same, "--doctor", first).exit_code == 0
    words = ("--doctor", second, "--mrn-prefix", "C-", "--import-prefix", "C-")
    assert hms_import("appointments", path, *same, *words).exit_code == 0
    query = sa.select(Appointment.import_key, Patient.mrn).join(Patient, Patient.id == Appointment.patient_id)
    assert sorted(tuple(row) for row in session.execute(query)) == [("1", "1"), ("C-1", "C-1")]


@pytest.mark.usefixtures("people")
def test_rows_may_name_their_doctor(
    here: Clinic, doctor: UUID, session: Session, hms_import: Command, write: Write, tmp_path: Path
) -> None:
    other = here.doctor()
    email = session.scalar(sa.select(User.email).where(User.name == "Dr. 006"))
    assert email is not None
    foreign = clinic(session).doctor()
    path = write(
        "mrn,date,time,doctor",
        f"1,2026-03-03,09:00,{str(doctor).upper()}",
        f"2,2026-03-03,09:00,{email.upper()}",
        f"3,2026-03-03,09:30,{foreign}",
        "4,2026-03-03,10:00,",
    )
    done = hms_import("appointments", path, "--hospital", here.actor.hospital_id)
    assert done.exit_code == 1
    assert sorted(session.scalars(sa.select(Appointment.doctor_id))) == sorted([doctor, other])
    assert refused(tmp_path) == [["4", "DOCTOR_NOT_FOUND"], ["5", "MISSING_VALUE"]]


def test_a_doctor_has_to_be_named(here: Clinic, hms_import: Command, write: Write) -> None:
    path = write("mrn,date,time", "1,2026-03-03,09:00")
    done = hms_import("appointments", path)
    assert (done.exit_code, "no column for the doctor" in done.stderr) == (2, True)
    done = hms_import("appointments", path, "--doctor", "nobody@test")
    assert (done.exit_code, "--doctor nobody@test: no doctor" in done.stderr) == (2, True)
