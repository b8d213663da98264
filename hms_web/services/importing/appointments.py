"""Importing appointments that are still to come: each row is a booking, with the same fourteen checks as any other."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.importing import (
    COMING_STATUSES,
    RowRefused,
    Rule,
    Unusable,
    is_coming,
    read_day,
    read_time,
    read_type,
    shifted,
    shown,
    weeks_to_now,
)
from hms_web.domain.local_time import first_instant
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import line_mistake, note_mistake
from hms_web.domain.visits import AppointmentType
from hms_web.models import Appointment, Patient
from hms_web.services import booking, unit_of_work, wording
from hms_web.services.booking import BookingRequest
from hms_web.services.importing.files import Row
from hms_web.services.importing.rehearsal import Rehearsal
from hms_web.services.importing.run import BUSY, Run, doctors_of

LONGEST_KEY = 128
PAST = "already past"

Book = Callable[[Session, Actor, BookingRequest, datetime], object]


class Skipped(Exception):
    """A row that is not meant to be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file of appointments. `doctor` is for rows that name none; `weeks` None means to find them out."""

    doctor: str | None = None
    mrn_prefix: str = ""
    number_prefix: str = ""
    date_format: str | None = None
    statuses: Collection[str] = COMING_STATUSES
    weeks: int | None = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every row is read with."""

    run: Run
    options: Options
    doctors: Mapping[str, UUID]
    weeks: int

    def when(self, row: Row) -> tuple[date, time]:
        """Return the day and time that a row says, not moved; raises RowRefused, or Skipped for one not to come."""
        self.run.table.check_width(row)
        if "status" in self.run.table.places and not is_coming(row.get("status") or "", self.options.statuses):
            reason = f"status {shown(row.get('status') or '(empty)')}"
            raise Skipped(reason)
        row.need("date")
        row.need("time")
        day = row.read("date", lambda text: read_day(text, self.options.date_format))
        at = row.read("time", read_time)
        assert day is not None and at is not None  # noqa: S101, PT018 both are needed
        return day, at

    def doctor_of(self, row: Row) -> UUID:
        """Return the doctor that a row names, or the one of the whole file; raises RowRefused."""
        word = row.get("doctor") or self.options.doctor
        if word is None:
            raise RowRefused(Rule.MISSING_VALUE, "The row names no doctor, and no --doctor was given.")
        found = self.doctors.get(word.lower())
        if found is None:
            raise RowRefused(
                Code.DOCTOR_NOT_FOUND, f"There is no doctor with the e-mail address or id {shown(word)} here."
            )
        return found


def bring_in(run: Run, options: Options) -> None:
    """Book every row that is still to come and was not imported before; raises Unusable before the first.

    Each row is a transaction of its own: a refused one stops no other, and what was committed stays.
    """
    doctors = doctors_of(run.session, run.actor)
    if options.doctor is None and "doctor" not in run.table.places:
        message = "The file has no column for the doctor: name the doctor with --doctor, or the column with --map."
        raise Unusable(message)
    if options.doctor is not None and options.doctor.lower() not in doctors:
        message = f"--doctor {shown(options.doctor)}: no doctor of this hospital has that e-mail address or id."
        raise Unusable(message)
    weeks = options.weeks
    if weeks is None:
        weeks = _weeks_to_now(_Reading(run, options, doctors, 0))
    run.tally.weeks = weeks
    reading = _Reading(run, options, doctors, weeks)
    book: Book = Rehearsal().book if run.is_dry else _book
    for row in run.table.rows():
        _deal_with(reading, row, book)
        run.rejects.flush()
        run.advance(1)


def _weeks_to_now(reading: _Reading) -> int:
    earliest = None
    for row in reading.run.table.rows():
        try:
            begins = datetime.combine(*reading.when(row))
        except (RowRefused, Skipped):
            continue
        earliest = min(earliest or begins, begins)
    local = reading.run.now.astimezone(reading.run.actor.zone).replace(tzinfo=None)
    return 0 if earliest is None else weeks_to_now(earliest, local)


def _deal_with(reading: _Reading, row: Row, book: Book) -> None:
    run = reading.run
    try:
        booked = unit_of_work.run(run.session, lambda: _book_once(run, _request(reading, row), book))
    except Skipped as skipped:
        run.tally.skip(str(skipped))
    except RowRefused as refused:
        run.refuse(row, refused)
    except unit_of_work.Busy:
        run.refuse(row, BUSY)
    else:
        run.tally.imported += booked
        run.tally.already_there += not booked


def _request(reading: _Reading, row: Row) -> BookingRequest:
    """Return what a row asks to book; raises RowRefused or Skipped."""
    run, options = reading.run, reading.options
    said, at = reading.when(row)
    try:
        day = shifted(said, reading.weeks)
    except ValueError as wrong:
        raise RowRefused(Rule.INVALID_VALUE, f"date: {wrong}") from wrong
    if first_instant(day, at, run.actor.zone) < run.now:
        raise Skipped(PAST)
    mrn, number = options.mrn_prefix + row.need("mrn"), row.get("number")
    reason = row.get("reason")
    key = f"{mrn} {said} {at:%H:%M} {row.get('doctor') or ''}".strip() if number is None else number
    key = options.number_prefix + key
    for name, mistake in (
        ("number", line_mistake(key, LONGEST_KEY)),
        ("reason", note_mistake(reason, booking.LONGEST_REASON)),
    ):
        if mistake is not None:
            raise RowRefused(Rule.INVALID_VALUE, f"{name}: {mistake}")
    kind = row.read("type", read_type) or AppointmentType.CONSULTATION
    run.once(key, row)
    patient_id, doctor_id = _patient(run, mrn), reading.doctor_of(row)
    return BookingRequest(patient_id, doctor_id, day, at, kind, reason, import_key=key, notify=False)


def _patient(run: Run, mrn: str) -> UUID:
    query = select(Patient.id).where(Patient.hospital_id == run.actor.hospital_id, Patient.mrn == mrn)
    found = run.session.scalar(query)
    if found is None:
        sentence = f"There is no patient with the number {shown(mrn)} in this hospital. Import the patients first."
        raise RowRefused(Code.PATIENT_NOT_FOUND, sentence)
    return found


def _book_once(run: Run, request: BookingRequest, book: Book) -> bool:
    """Book, unless this row was imported before; return whether it was booked now. Raises RowRefused."""
    if _is_there(run, request):
        return False
    booked = book(run.session, run.actor, request, run.now)
    if not isinstance(booked, Refusal):
        return True
    if _is_there(run, request):  # another import of the same file was quicker, and has the slot for the same row
        return False
    raise RowRefused(booked.code, wording.sentence(booked, run.actor.zone))


def _is_there(run: Run, request: BookingRequest) -> bool:
    mine = Appointment.hospital_id == run.actor.hospital_id
    query = select(Appointment.id).where(mine, Appointment.import_key == request.import_key)
    return run.session.scalar(query) is not None


def _book(session: Session, actor: Actor, request: BookingRequest, now: datetime) -> object:
    return booking.book(session, actor, request, now=now)
