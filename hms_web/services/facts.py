"""What the slot engine and the booking checks know of doctors in a range of days, loaded with one statement.

This is the hot path of grid and booking: rows come as JSON arrays beside their doctor, one round trip for everything,
and go straight into small frozen dataclasses.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceSpan, AbsenceType
from hms_web.domain.booking import DoctorDay, Hold
from hms_web.domain.holidays import Holiday, holiday_on
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, day_span
from hms_web.domain.schedules import MAX_SLOT_MINUTES, DayHours, DayOfWeek, hours_on
from hms_web.domain.slots import SlotTime
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import HospitalHoliday
from hms_web.services import asking


@dataclass(frozen=True, slots=True)
class StoredSlot:
    """A slot as it is stored, with its hold if it ever had one."""

    slot_id: UUID
    time: SlotTime
    hold: Hold | None
    hold_token_hash: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """An active appointment in a doctor's day, with what a grid shows of it."""

    appointment_id: UUID
    patient_id: UUID
    patient_name: str
    day: date
    start: time
    end: time
    span: Span
    status: AppointmentStatus
    is_affected: bool
    has_vitals: bool

    @property
    def time(self) -> SlotTime:
        """The time that the appointment takes, as a slot has it."""
        return SlotTime(self.day, self.start, self.end, self.span)


@dataclass(frozen=True, slots=True)
class Block:
    """Time closed by hand."""

    block_id: UUID
    span: Span
    reason: str | None


@dataclass(frozen=True, slots=True)
class DoctorFacts:
    """One doctor in a range of days."""

    doctor_id: UUID
    name: str
    department: str
    is_available: bool
    is_active: bool
    max_patients_per_day: int
    slot_duration: int
    week: Sequence[DayHours]
    absences: Sequence[AbsenceSpan]
    blocks: Sequence[Block]
    taken: Sequence[Taken]
    slots: Sequence[StoredSlot]
    holidays: Sequence[Holiday]

    def on(self, day: date, *, without: UUID | None = None) -> DoctorDay:
        """Return what the checks ask of one day, not counting the appointment `without`."""
        counted = [taken for taken in self.taken if taken.day == day and taken.appointment_id != without]
        return DoctorDay(
            is_available=self.is_available,
            is_active=self.is_active,
            max_patients_per_day=self.max_patients_per_day,
            booked_count=len(counted),
            hours=hours_on(day, self.week),
            holiday=holiday_on(day, self.holidays),
            absences=self.absences,
            taken=[taken.span for taken in counted],
            blocks=[(block.span, block.reason) for block in self.blocks],
        )

    def slots_on(self, day: date) -> list[StoredSlot]:
        """Return the stored slots of one day in order."""
        return [slot for slot in self.slots if slot.time.day == day]


# What keeps a doctor `d` from being booked in a range of days, as JSON; `asked_for` has the values.
ABSENCES = """
      (SELECT CAST(json_agg(json_build_array(a.start_date, a.end_date, a.start_time, a.end_time, a.absence_type, a.id)
                            ORDER BY a.start_date, a.start_time) AS text)
         FROM doctor_absences a
        WHERE a.doctor_id = d.id AND a.status = 'ACTIVE' AND a.start_date <= :last AND a.end_date >= :first)"""
BLOCKS = """
      (SELECT CAST(json_agg(json_build_array(b.id, b.starts_at, b.ends_at, b.reason) ORDER BY b.starts_at) AS text)
         FROM slot_blocks b WHERE b.doctor_id = d.id AND b.starts_at < :until AND b.ends_at > :since)"""
HOLIDAYS = """
      (SELECT CAST(json_agg(json_build_array(h.name, h.date, h.is_recurring) ORDER BY h.date) AS text)
         FROM hospital_holidays h
        WHERE h.hospital_id = :hospital_id AND h.is_active AND (h.is_recurring OR h.date BETWEEN :first AND :last))"""

_TOLD = f"""
    SELECT d.id, u.name, d.department, d.is_available, u.is_active, d.max_patients_per_day, d.slot_duration,
      (SELECT CAST(json_agg(json_build_array(s.day_of_week, s.start_time, s.end_time, s.break_start, s.break_end)
                            ORDER BY s.day_of_week) AS text)
         FROM doctor_schedules s WHERE s.doctor_id = d.id AND s.is_active) AS week,
      {ABSENCES} AS absences,
      {BLOCKS} AS blocks,
      (SELECT CAST(json_agg(json_build_array(a.id, a.patient_id, p.name, a.date, a.start_time, a.end_time, a.starts_at,
                                             a.ends_at, a.status, a.affected_cause IS NOT NULL,
                                             a.vitals_recorded_at IS NOT NULL) ORDER BY a.starts_at) AS text)
         FROM appointments a JOIN patients p ON p.id = a.patient_id
        WHERE a.doctor_id = d.id AND a.status NOT IN ('CANCELLED', 'NO_SHOW')
          AND a.starts_at >= :early AND a.starts_at < :until AND a.ends_at > :since) AS taken,
      (SELECT CAST(json_agg(json_build_array(s.id, s.date, s.start_time, s.end_time, s.starts_at, s.ends_at,
                                             CASE WHEN s.held_by_id IS NOT NULL THEN json_build_array(
                                               s.held_by_id, (SELECT name FROM users h WHERE h.id = s.held_by_id),
                                               s.held_until, s.hold_token_hash) END)
                            ORDER BY s.starts_at) AS text)
         FROM doctor_slots s
        WHERE s.doctor_id = d.id AND s.starts_at >= :since AND s.starts_at < :until) AS slots,
      {HOLIDAYS} AS holidays
    FROM doctors d JOIN users u ON u.id = d.user_id
    WHERE d.hospital_id = :hospital_id AND {{whose}}
    ORDER BY u.name, d.id
"""  # noqa: S608 our own words
_DOCTORS = text(_TOLD.format(whose="d.id = ANY(:doctor_ids)")).bindparams(
    bindparam("doctor_ids", type_=ARRAY(PG_UUID(as_uuid=True)))
)
# One alone is asked for by itself: the server then plans the statement once, and not for each number of doctors anew.
OF_ONE_DOCTOR = _TOLD.format(whose="d.id = :doctor_id")
"""For who asks together with other things; `asked_for` has its values, and `understood` reads the row."""
_DOCTOR = text(OF_ONE_DOCTOR)
_DEPARTMENT = text(
    _TOLD.format(whose="d.department = :department AND u.is_active") + "LIMIT CAST(:most AS bigint) OFFSET :skip"
)


Told = tuple[Any, ...]
"""What the database says of doctors in a range of days, as it says it: two that are equal say the same."""


def load(
    session: Session, actor: Actor, doctor_ids: Iterable[UUID], first: date, last: date
) -> dict[UUID, DoctorFacts]:
    """Return the facts of the hospital's doctors among `doctor_ids`, from one local day up to and including another."""
    return understood(tell(session, actor, doctor_ids, first, last))


def tell(session: Session, actor: Actor, doctor_ids: Iterable[UUID], first: date, last: date) -> Told:
    """Return the same before it is taken apart: who has seen it already need not do so again."""
    ids = list(doctor_ids)
    if len(ids) == 1:
        return _told(session, actor, _DOCTOR, first, last, {"doctor_id": ids[0]})
    return _told(session, actor, _DOCTORS, first, last, {"doctor_ids": ids})


def tell_department(
    session: Session, actor: Actor, department: str, first: date, last: date, *, most: int | None = None, skip: int = 0
) -> Told:
    """Return the same of the doctors of a department whose accounts are active, by name: `most` of them after the first
    `skip`; nothing where there is no such department.
    """
    whose: dict[str, object] = {"department": department, "most": most, "skip": skip}
    return _told(session, actor, _DEPARTMENT, first, last, whose)


def _told(
    session: Session, actor: Actor, statement: TextClause, first: date, last: date, whose: dict[str, object]
) -> Told:
    return tuple(asking.rows(session, statement, asked_for(actor, first, last) | whose))


def asked_for(actor: Actor, first: date, last: date) -> dict[str, object]:
    """Return the values of the statements for a range of days, but for those that say whose."""
    since, until = day_span(first, actor.zone).starts_at, day_span(last, actor.zone).ends_at
    return {
        "hospital_id": actor.hospital_id,
        "first": first,
        "last": last,
        "since": since,
        "until": until,
        "early": since - timedelta(minutes=MAX_SLOT_MINUTES),  # an index can only be told where starts begin
    }


def has_holds(told: Told) -> bool:
    """Whether any slot was ever held since it was booked or let go; to its holder it is another one than to others."""
    # A hold is a list inside the list of its slot: of all the brackets at the end, one stands before the last two.
    return any("]]" in (row.slots or "")[:-1] for row in told)


def understood(told: Told) -> dict[UUID, DoctorFacts]:
    """Take apart what the database said."""
    holidays = read_holidays(told[0].holidays if told else None)  # every row says the same of them
    return {row.id: _doctor(row, holidays) for row in told}


def _items(written: str | None) -> list[Any]:
    return json.loads(written) if written else []


def active_holidays(session: Session, actor: Actor) -> list[Holiday]:
    """Return the hospital's holidays that are in force."""
    rows = session.execute(
        select(HospitalHoliday.name, HospitalHoliday.date, HospitalHoliday.is_recurring)
        .where(HospitalHoliday.hospital_id == actor.hospital_id, HospitalHoliday.is_active)
        .order_by(HospitalHoliday.date)
    )
    return [Holiday(*row) for row in rows]


def _doctor(row: Any, holidays: Sequence[Holiday]) -> DoctorFacts:  # noqa: ANN401 a row of `_TOLD`
    return DoctorFacts(
        doctor_id=row.id,
        name=row.name,
        department=row.department,
        is_available=row.is_available,
        is_active=row.is_active,
        max_patients_per_day=row.max_patients_per_day,
        slot_duration=row.slot_duration,
        week=tuple(_hours(*item) for item in _items(row.week)),
        absences=read_absences(row.absences),
        blocks=read_blocks(row.blocks),
        taken=tuple(_taken(*item) for item in _items(row.taken)),
        slots=tuple(_slot(*item) for item in _items(row.slots)),
        holidays=holidays,
    )


def _time(value: str | None) -> dt.time | None:
    return None if value is None else time.fromisoformat(value)


def read_span(starts_at: str, ends_at: str) -> Span:
    """Return a span as the database's JSON has it."""
    return Span(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))


def _hours(day: str, start: str, end: str, break_start: str | None, break_end: str | None) -> DayHours:
    times = time.fromisoformat(start), time.fromisoformat(end), _time(break_start), _time(break_end)
    return DayHours(DayOfWeek(day), *times)


def read_absences(written: str | None) -> tuple[AbsenceSpan, ...]:
    """Return what `ABSENCES` says."""
    return tuple(_absence(*item) for item in _items(written))


def read_blocks(written: str | None) -> tuple[Block, ...]:
    """Return what `BLOCKS` says."""
    return tuple(Block(UUID(key), read_span(start, end), why) for key, start, end, why in _items(written))


def read_holidays(written: str | None) -> list[Holiday]:
    """Return what `HOLIDAYS` says."""
    return [Holiday(name, date.fromisoformat(day), is_recurring) for name, day, is_recurring in _items(written)]


def _absence(first: str, last: str, start: str | None, end: str | None, kind: str, key: str) -> AbsenceSpan:
    days = date.fromisoformat(first), date.fromisoformat(last)
    return AbsenceSpan(*days, _time(start), _time(end), AbsenceType(kind), UUID(key))


def _taken(  # noqa: PLR0913, PLR0917 the columns of a row
    key: str,
    patient: str,
    name: str,
    day: str,
    start: str,
    end: str,
    starts_at: str,
    ends_at: str,
    status: str,
    is_affected: bool,  # noqa: FBT001
    has_vitals: bool,  # noqa: FBT001
) -> Taken:
    local = date.fromisoformat(day), time.fromisoformat(start), time.fromisoformat(end)
    span = read_span(starts_at, ends_at)
    return Taken(UUID(key), UUID(patient), name, *local, span, AppointmentStatus(status), is_affected, has_vitals)


def _slot(
    key: str,
    day: str,
    start: str,
    end: str,
    starts_at: str,
    ends_at: str,
    held: tuple[str, str | None, str, str | None] | None,
) -> StoredSlot:
    local = SlotTime(
        date.fromisoformat(day), time.fromisoformat(start), time.fromisoformat(end), read_span(starts_at, ends_at)
    )
    if held is None:
        return StoredSlot(UUID(key), local, None, None)
    holder, name, until, token_hash = held
    return StoredSlot(UUID(key), local, Hold(UUID(holder), name or "", datetime.fromisoformat(until)), token_hash)
