"""Folders of clinics to live through."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

SLOTS = ("09:00:00", "09:30:00", "10:00:00", "10:30:00", "14:00:00")
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06")
HEADER = (
    "appointment_id,scheduling_date,appointment_date,appointment_time,status,"
    "check_in_time,start_time,end_time,patient_id"
)


@dataclass
class Folder:
    """One clinic's files, written anew with each row; slots of 30 minutes on weekdays, with a break at noon."""

    path: Path
    rows: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write patients and slots."""
        self.path.mkdir(parents=True)
        people = [f"{number:03},Person {number},Female,1980-01-0{number}" for number in range(1, 6)]
        self.write("patients.csv", "patient_id,name,sex,dob", *people)
        slots = [f"{day},{at}" for day in DAYS for at in SLOTS]
        self.write("slots.csv", "appointment_date,appointment_time", *slots)
        self.write("appointments.csv", HEADER)

    def write(self, name: str, *lines: str) -> None:
        """Write one of the files."""
        (self.path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def add(
        self, day: str, at: str, status: str, *times: str, booked: str = "2026-02-25", patient: str = "001"
    ) -> None:
        """Add an appointment, with when the patient came, was seen from and until."""
        came, since, until = times or ("", "", "")
        number = len(self.rows) + 1
        self.rows.append(f"{number},{booked},{day},{at},{status},{came},{since},{until},{patient}")
        self.write("appointments.csv", HEADER, *self.rows)


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """The folder of all clinics."""
    return tmp_path / "season"


@pytest.fixture
def heart(season: Path) -> Folder:
    """A clinic without appointments."""
    return Folder(season / "heart-clinic")
