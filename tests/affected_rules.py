"""Whoever comes into time that has gone stands on the affected list, and nobody else (product.md, Absences).

Read from the tables and the audit trail, without the product's own rules. The trail says since when something speaks
against an appointment: only who was not over by then has to be on the list. Two events at one instant are told apart by
the transactions that wrote them, and in one transaction by their ids: those of two processes whose clocks stand still
are in no order. Where no event tells of a cause, a test has written it by hand: then it asks for nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

ABSENCE, HOLIDAY, HOURS, GONE = "ABSENCE", "HOLIDAY", "SCHEDULE_CHANGE", "DOCTOR_UNAVAILABLE"
UNLISTED = {
    ABSENCE: "somebody who lies in leave is not on the affected list",
    HOLIDAY: "somebody who comes on a holiday is not on the affected list",
    HOURS: "somebody who fits the hours no more is not on the affected list",
    GONE: "somebody whose doctor has gone is not on the affected list",
}
STRAY = "somebody is on the affected list without a cause"
OUTLIVED = "a decision to keep somebody outlives its reason"
NAMES = frozenset({*UNLISTED.values(), STRAY, OUTLIVED})

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
Row = Mapping[str, Any]

# An event's place among all, as a text.
_PLACE = "to_char(e.at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || lpad(CAST(e.xmin AS text), 10, '0') || e.id"
_VISITS = f"""
    SELECT a.id, a.hospital_id, a.doctor_id, a.date, a.start_time, a.end_time, a.starts_at, a.ends_at, a.status,
           a.checked_in_at, a.affected_cause, a.kept_cause, h.timezone, d.is_available, d.user_id, u.is_active,
           CASE WHEN a.kept_cause IS NOT NULL THEN (
                SELECT max({_PLACE}) FROM audit_events e
                 WHERE e.hospital_id = a.hospital_id AND e.record_type = 'appointment' AND e.record_id = a.id
                   AND e.action = 'appointment.kept') END AS kept_by
      FROM appointments a
      JOIN hospitals h ON h.id = a.hospital_id
      JOIN doctors d ON d.id = a.doctor_id
      JOIN users u ON u.id = d.user_id
     WHERE a.status IN ('SCHEDULED', 'CONFIRMED', 'CHECKED_IN', 'IN_PROGRESS')
"""
_EVENTS = f"""
    SELECT {_PLACE} AS place, e.at, e.hospital_id, e.action, e.record_id, e.details
      FROM audit_events e
     WHERE e.action IN ('absence.created', 'absence.changed', 'absence.cancelled', 'holiday.created', 'holiday.changed',
                        'holiday.deleted', 'doctor.schedule_replaced', 'doctor.changed', 'user.changed')
     ORDER BY place
"""


@dataclass(frozen=True)
class Began:
    """Since when something speaks against an appointment, and the place of the event that says so."""

    place: str
    at: datetime


@dataclass
class Ledger:
    """Everything that can speak against an appointment, and when it came."""

    visits: Sequence[Row]
    absences: dict[UUID, list[Row]] = field(default_factory=dict)
    holidays: dict[UUID, list[Row]] = field(default_factory=dict)
    hours: dict[tuple[UUID, str], Row] = field(default_factory=dict)
    events: dict[UUID, list[Row]] = field(default_factory=dict)
    last: dict[tuple[str, UUID], datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sa.Connection) -> "Ledger":
        """Ask the tables."""

        def rows(question: str) -> Sequence[Row]:
            return [dict(row) for row in connection.execute(sa.text(question)).mappings()]

        ledger = cls(rows(_VISITS))
        if not ledger.visits:
            return ledger
        doctor_of = {}
        for row in rows("SELECT * FROM doctor_absences"):
            doctor_of[row["id"]] = row["doctor_id"]
            if row["status"] == "ACTIVE":
                ledger.absences.setdefault(row["doctor_id"], []).append(row)
        for row in rows("SELECT * FROM hospital_holidays"):
            ledger.holidays.setdefault(row["hospital_id"], []).append(row)
        for row in rows("SELECT * FROM doctor_schedules WHERE is_active"):
            ledger.hours[row["doctor_id"], row["day_of_week"]] = row
        for event in rows(_EVENTS):
            ledger.events.setdefault(event["record_id"], []).append(event)
            ledger._note_last(event, doctor_of)
        return ledger

    def _note_last(self, event: Row, doctor_of: Mapping[UUID, UUID]) -> None:
        """Remember when something of a kind was changed for the last time, and whose."""
        kind, _, _ = event["action"].partition(".")
        if kind == "absence":
            key = ABSENCE, doctor_of[event["record_id"]]
        elif kind == "holiday":
            key = HOLIDAY, event["hospital_id"]
        elif event["action"] == "doctor.schedule_replaced":
            key = HOURS, event["record_id"]
        else:
            key = GONE, event["record_id"]
        self.last[key] = event["at"]

    def last_change(self, cause: str, visit: Row) -> datetime | None:
        """Return when a cause may have come or gone for the last time."""
        whose = {HOLIDAY: [visit["hospital_id"]], GONE: [visit["doctor_id"], visit["user_id"]]}
        found = [self.last.get((cause, key)) for key in whose.get(cause, [visit["doctor_id"]])]
        return max((at for at in found if at is not None), default=None)

    def speaking(self, visit: Row) -> dict[str, list[Began]]:
        """Return what speaks against an appointment now, each with when it began to."""
        found = {
            ABSENCE: [
                self._began(row, lambda state: _covers(state, visit), "absence_type")
                for row in self.absences.get(visit["doctor_id"], [])
                if _covers(row, visit)
            ],
            HOLIDAY: [
                self._began(row, lambda state: _closes(state, visit["date"]))
                for row in self.holidays.get(visit["hospital_id"], [])
                if _closes(row, visit["date"])
            ],
        }
        speaking = {cause: [began for began in all_of if began] for cause, all_of in found.items() if all_of}
        weekday = WEEKDAYS[visit["date"].weekday()]
        if not _fits(self.hours.get((visit["doctor_id"], weekday)), visit):
            speaking[HOURS] = self._cut(visit["doctor_id"], weekday)
        if not (visit["is_available"] and visit["is_active"]):
            speaking[GONE] = list(self._went(visit))
        return speaking

    def _began(self, row: Row, speaks: Any, becomes: str | None = None) -> Began | None:
        """Walk back from how a row is now to the event by which it came to speak; None where no event tells.

        Leave that becomes an emergency is looked at anew.
        """
        state = dict(row)
        for event in reversed(self.events.get(row["id"], [])):
            changes = event["details"].get("changes", {})
            before = state | {name: _read(name, change["from"]) for name, change in changes.items()}
            urgent = becomes is not None and becomes in changes and state[becomes] == "EMERGENCY"
            if event["action"].endswith(".created") or not speaks(before) or urgent:
                return Began(event["place"], event["at"])
            state = before
        return None

    def _cut(self, doctor_id: UUID, weekday: str) -> list[Began]:
        """Return when the hours of a weekday became what they are."""

        def of_day(week: Sequence[Row]) -> list[Row]:
            return [hours for hours in week if hours["day_of_week"] == weekday and hours["is_active"]]

        for event in reversed(self.events.get(doctor_id, [])):
            week = event["details"].get("changes", {}).get("schedules")
            if week is not None and of_day(week["from"]) != of_day(week["to"]):
                return [Began(event["place"], event["at"])]
        return []

    def _went(self, visit: Row) -> Iterator[Began]:
        """Give when a doctor was made unavailable, and when their account was switched off, where they still are."""
        for record, name in (("doctor_id", "is_available"), ("user_id", "is_active")):
            for event in reversed(self.events.get(visit[record], [])):
                if name in event["details"].get("changes", {}):
                    if not visit[name]:
                        yield Began(event["place"], event["at"])
                    break


def _read(name: str, value: object) -> object:
    """Return a value as its column has it, from how the trail has written it."""
    if isinstance(value, str) and name.endswith("date"):
        return date.fromisoformat(value)
    return time.fromisoformat(value) if isinstance(value, str) and name.endswith("time") else value


def _covers(absence: Row, visit: Row) -> bool:
    if not absence["start_date"] <= visit["date"] <= absence["end_date"]:
        return False
    if absence["start_time"] is None:
        return True
    return bool(visit["start_time"] < absence["end_time"] and absence["start_time"] < visit["end_time"])


def _closes(holiday: Row, day: date) -> bool:
    on, every_year = holiday["date"], holiday["is_recurring"]
    return bool(holiday["is_active"] and (f"{on:%m-%d}" == f"{day:%m-%d}" if every_year else on == day))


def _fits(hours: Row | None, visit: Row) -> bool:
    if hours is None or visit["start_time"] < hours["start_time"] or hours["end_time"] < visit["end_time"]:
        return False
    start, end = hours["break_start"], hours["break_end"]
    return start is None or end is None or not (visit["start_time"] < end and start < visit["end_time"])


def _was_met(visit: Row, began: Began) -> bool:
    """Whether an appointment was not over, or its patient here that day, when something began to speak against it."""
    if visit["ends_at"] > began.at:
        return True
    here = visit["status"] in {"CHECKED_IN", "IN_PROGRESS"} and visit["checked_in_at"] is not None
    if not here or visit["checked_in_at"] >= began.at or visit["ends_at"] <= began.at - timedelta(days=1):
        return False
    return bool(visit["date"] == began.at.astimezone(ZoneInfo(visit["timezone"])).date())


def _wrong(visit: Row, ledger: Ledger) -> Iterator[str]:
    speaking, listed, kept = ledger.speaking(visit), visit["affected_cause"], visit["kept_cause"]
    if listed is not None:
        last = ledger.last_change(listed, visit)
        # Whose time has begun stays on the list although the cause has gone: nobody could be told in time to come.
        if listed not in speaking and (last is None or visit["starts_at"] > last):
            yield STRAY
        return
    if kept is not None and kept not in speaking:
        last = ledger.last_change(kept, visit)
        if last is None or visit["ends_at"] > last:
            yield OUTLIVED
    for cause, all_of in speaking.items():
        # Who was kept stays so until something new speaks against them.
        new = all_of if kept is None else [began for began in all_of if began.place > (visit["kept_by"] or "")]
        if any(_was_met(visit, began) for began in new):
            yield UNLISTED[cause]


def violations(connection: sa.Connection) -> dict[str, list[str]]:
    """Return the appointments that break a rule, by the rule."""
    ledger, found = Ledger.read(connection), dict[str, list[str]]()
    for visit in ledger.visits:
        for wrong in _wrong(visit, ledger):
            shown = ("id", "doctor_id", "starts_at", "status", "affected_cause", "kept_cause")
            found.setdefault(wrong, []).append(", ".join(f"{name}={visit[name]}" for name in shown))
    return found
