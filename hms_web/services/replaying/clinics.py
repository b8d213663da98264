"""Reading a folder of clinics: patients.csv, slots.csv and appointments.csv in a subfolder each (docs/replay.md)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TypeVar

from hms_web.domain.importing import Field, RowRefused, Rule, Unusable, read_day, read_sex, read_time, shown
from hms_web.domain.patients import Sex
from hms_web.domain.replay import Fate, Visit, Week, week_of
from hms_web.services.importing import files
from hms_web.services.importing.files import Row

T = TypeVar("T")
LONGEST_NUMBER = 32

_PATIENTS = tuple(
    Field(name, is_required=name in {"patient_id", "name"}) for name in ("patient_id", "name", "sex", "dob")
)
_SLOTS = tuple(Field(name, is_required=True) for name in ("appointment_date", "appointment_time"))
_NEEDED = ("appointment_id", "scheduling_date", "appointment_date", "appointment_time", "status", "patient_id")
_TIMES = ("check_in_time", "start_time", "end_time")
_APPOINTMENTS = tuple(Field(name, is_required=True) for name in (*_NEEDED, *_TIMES))
_FATES = ", ".join(Fate)


@dataclass(frozen=True, slots=True)
class Person:
    """One row of patients.csv."""

    number: str
    name: str
    sex: Sex | None
    born: date | None


@dataclass(frozen=True, slots=True)
class Clinic:
    """What one subfolder tells."""

    folder: str
    people: Sequence[Person]
    week: Week
    visits: Sequence[Visit]


def read(folder: Path) -> list[Clinic]:
    """Read every subfolder as a clinic, in the order of their names; raises Unusable, naming file and line."""
    try:
        subfolders = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        message = f"{shown(str(folder))} cannot be read: {error.strerror or error}."
        raise Unusable(message) from error
    if not subfolders:
        message = f"{shown(str(folder))} has no subfolders; each clinic is one."
        raise Unusable(message)
    return [_clinic(subfolder) for subfolder in subfolders]


def _clinic(folder: Path) -> Clinic:
    people = list(_rows(folder / "patients.csv", _PATIENTS, _person))
    known = {person.number for person in people}
    if len(known) < len(people):
        message = f"{folder.name}/patients.csv: a patient_id is there twice."
        raise Unusable(message)
    slots = list(_rows(folder / "slots.csv", _SLOTS, _slot))
    visits = list(_rows(folder / "appointments.csv", _APPOINTMENTS, _visit))
    stranger = next((visit for visit in visits if visit.patient_number not in known), None)
    if stranger is not None:
        message = f"{folder.name}/appointments.csv: patient {shown(stranger.patient_number)} is not in patients.csv."
        raise Unusable(message)
    try:
        return Clinic(folder.name, people, week_of(slots), sorted(visits, key=_in_order))
    except Unusable as error:
        message = f"{folder.name}/slots.csv: {error}"
        raise Unusable(message) from error


def _in_order(visit: Visit) -> str:
    """Numbers go up as numbers, with or without noughts before them."""
    return visit.number.zfill(LONGEST_NUMBER)


def _rows(path: Path, fields: Sequence[Field], reader: Callable[[Row], T]) -> Iterator[T]:
    name = f"{path.parent.name}/{path.name}"
    try:
        table = files.read(path, fields, {})
    except Unusable as error:
        message = f"{name}: {error}"
        raise Unusable(message) from error
    for row in table.rows():
        try:
            table.check_width(row)
            yield reader(row)
        except RowRefused as error:
            message = f"{name}, line {row.line}: {error.sentence}"
            raise Unusable(message) from error


def _must(row: Row, field: str, reader: Callable[[str], T]) -> T:
    """Return what a reader makes of a field; raises RowRefused for nothing too."""
    row.need(field)
    value = row.read(field, reader)
    assert value is not None  # noqa: S101 it was needed above
    return value


def _iso_day(text: str) -> date:
    return read_day(text, None)


def _person(row: Row) -> Person:
    born = row.read("dob", _iso_day)
    return Person(row.need("patient_id"), row.need("name"), row.read("sex", read_sex), born)


def _slot(row: Row) -> tuple[date, time]:
    return _must(row, "appointment_date", _iso_day), _must(row, "appointment_time", read_time)


def _fate(text: str) -> Fate:
    try:
        return Fate(text.casefold())
    except ValueError:
        message = f"{shown(text)} is not one of {_FATES}."
        raise ValueError(message) from None


def _visit(row: Row) -> Visit:
    fate = _must(row, "status", _fate)
    came = fate is Fate.ATTENDED
    visit = Visit(
        number=row.need("appointment_id"),
        patient_number=row.need("patient_id"),
        booked_on=_must(row, "scheduling_date", _iso_day),
        day=_must(row, "appointment_date", _iso_day),
        at=_must(row, "appointment_time", read_time),
        fate=fate,
        arrives=_must(row, "check_in_time", read_time) if came else None,
        seen=(_must(row, "start_time", read_time), _must(row, "end_time", read_time)) if came else None,
    )
    if visit.booked_on > visit.day:
        raise RowRefused(Rule.INVALID_VALUE, "The scheduling_date is after the appointment_date.")
    return visit
