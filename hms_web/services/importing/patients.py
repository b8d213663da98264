"""Importing patients: the rules of adding one by hand, and a few statements for some hundred rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hms_web.domain.importing import RowRefused, Rule, read_day, read_sex
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import InvalidInput
from hms_web.models import Patient, new_id
from hms_web.services import audit, patients, unit_of_work
from hms_web.services.importing.files import Row
from hms_web.services.importing.run import BUSY, Run

ROWS_AT_ONCE = 500
_FIELDS = {"dateOfBirth": "date_of_birth"}

Wanted = tuple[Row, Mapping[str, Any]]


def bring_in(run: Run, *, prefix: str = "", date_format: str | None = None) -> None:
    """Import every patient of the table whose number the hospital does not have yet.

    A patient who is there is left as they are. Some hundred rows are one transaction; what was committed stays,
    whatever happens later.
    """
    today = local_date(run.now, run.actor.zone)
    for rows in _batches(run):
        _store(run, list(_wanted(run, rows, prefix, date_format, today)))
        run.rejects.flush()
        run.advance(len(rows))


def _batches(run: Run) -> Iterator[list[Row]]:
    rows: list[Row] = []
    for row in run.table.rows():
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _wanted(run: Run, rows: Sequence[Row], prefix: str, date_format: str | None, today: date) -> Iterator[Wanted]:
    """Return the rows that pass the rules, each with its columns; the others are refused."""
    for row in rows:
        try:
            given = _understood(run, row, prefix, date_format, today)
            run.once(given["mrn"], row)
        except RowRefused as refused:
            run.refuse(row, refused)
        else:
            yield row, given


def _understood(run: Run, row: Row, prefix: str, date_format: str | None, today: date) -> dict[str, Any]:
    run.table.check_width(row)
    wanted = patients.NewPatient(
        mrn=prefix + row.need("mrn"),
        name=row.need("name"),
        date_of_birth=row.read("date_of_birth", lambda text: read_day(text, date_format)),
        sex=row.read("sex", read_sex),
        phone=row.get("phone"),
        email=row.get("email"),
    )
    try:
        return patients.checked(wanted, today, needs_phone=False)
    except InvalidInput as wrong:
        sentences = (f"{_FIELDS.get(name, name)}: {sentence}" for name, sentence in wrong.errors)
        raise RowRefused(Rule.INVALID_VALUE, " ".join(sentences)) from wrong


def _store(run: Run, wanted: Sequence[Wanted]) -> None:
    try:
        added = unit_of_work.run(run.session, lambda: _add(run, [given for _, given in wanted]))
    except unit_of_work.Busy:
        for row, _ in wanted:
            run.refuse(row, BUSY)
    else:
        run.tally.imported += added
        run.tally.already_there += len(wanted) - added


def _add(run: Run, wanted: Sequence[Mapping[str, Any]]) -> int:
    """Add the patients whose numbers are new, with their audit events; return how many those are."""
    numbers = [given["mrn"] for given in wanted]
    mine = Patient.hospital_id == run.actor.hospital_id
    there = set(run.session.scalars(select(Patient.mrn).where(mine, Patient.mrn.in_(numbers))))
    new = {new_id(): given for given in wanted if given["mrn"] not in there}
    if run.is_dry or not new:
        return len(new)
    fixed = {"hospital_id": run.actor.hospital_id, "created_at": run.now}
    rows = [{"id": key, **fixed, **given} for key, given in new.items()]
    statement = insert(Patient).on_conflict_do_nothing(index_elements=["hospital_id", "mrn"]).returning(Patient.id)
    added = run.session.scalars(statement, rows).all()
    entries = [audit.Entry("patient.created", "patient", key, new[key]) for key in added]
    audit.record_all(run.session, run.actor, entries, now=run.now)
    return len(added)
