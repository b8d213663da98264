"""What a folder of clinics must be, and what is said of one that is not."""

from datetime import date, time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from hms_web.domain.importing import Unusable
from hms_web.domain.patients import Sex
from hms_web.domain.replay import Fate, Visit
from hms_web.services.replaying import clinics, opening
from hms_web.services.replaying.clinics import Person
from tests.replaying.conftest import HEADER, Folder
from tests.scenes import NOW

ROW = "1,2026-02-25,2026-03-02,09:00:00,attended,08:50:00,09:00:00,09:10:00,001"


def test_a_clinic_is_read_from_its_three_files(heart: Folder, season: Path) -> None:
    heart.add("2026-03-02", "09:00:00", "Attended", "08:50:00", "09:00:00", "09:10:00")
    heart.add("2026-03-02", "09:30:00", "unknown", patient="002")
    (season / ".hidden").mkdir()
    (season / "README.md").write_text("not a clinic", encoding="utf-8")
    (clinic,) = clinics.read(season)
    assert clinic.folder == "heart-clinic"
    assert clinic.people[0] == Person("001", "Person 1", Sex.FEMALE, date(1980, 1, 1))
    seen = (time(9), time(9, 10))
    booked, day = date(2026, 2, 25), date(2026, 3, 2)
    assert list(clinic.visits) == [
        Visit("1", "001", booked, day, time(9), Fate.ATTENDED, time(8, 50), seen),
        Visit("2", "002", booked, day, time(9, 30), Fate.UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("patients.csv", ["name", "X"], "patients.csv: A column is missing: patient_id"),
        ("patients.csv", ["patient_id,name", "1,A", "1,B"], "a patient_id is there twice"),
        ("slots.csv", ["appointment_date,appointment_time", "2026-03-02,09:00:00"], "slots.csv: There are too few"),
        ("slots.csv", ["appointment_date,appointment_time", "Monday,09:00:00"], "slots.csv, line 2: appointment_date"),
        ("slots.csv", ["appointment_date,appointment_time", ",09:00:00"], "line 2: The row says nothing"),
        ("appointments.csv", [HEADER, ROW.replace("attended", "lost")], "line 2: status: lost is not one of"),
        ("appointments.csv", [HEADER, ROW.replace("08:50:00", "")], "line 2: The row says nothing for check_in_time"),
        ("appointments.csv", [HEADER, ROW.replace("2026-02-25", "2026-03-03")], "after the appointment_date"),
        ("appointments.csv", [HEADER, ROW.replace(",001", ",999")], "patient 999 is not in patients.csv"),
        ("appointments.csv", [HEADER, "1,2"], "line 2: The row has 2 values"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    heart: Folder, season: Path, name: str, lines: list[str], words: str
) -> None:
    heart.write(name, *lines)
    with pytest.raises(Unusable, match=words):
        clinics.read(season)


def test_a_folder_without_clinics_or_none_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no subfolders"):
        clinics.read(tmp_path)
    with pytest.raises(Unusable, match="cannot be read"):
        clinics.read(tmp_path / "nowhere")


def test_a_patient_whom_the_rules_refuse_is_named_by_number(session: Session, heart: Folder, season: Path) -> None:
    heart.write("patients.csv", "patient_id,name,dob", "001,Ana,2031-01-01")
    with pytest.raises(Unusable, match=r"heart-clinic/patients.csv, patient 001: A date of birth"):
        opening.open_hospital(session, "Replayed", "Asia/Kolkata", clinics.read(season), at=NOW)
