"""Writes a told season, table by table, each with a few statements inside the caller's unit of work."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.no_show import BLOCKED_REASON
from hms_web.domain.patients import PatientStatus
from hms_web.models import (
    Appointment,
    AuditEvent,
    Base,
    Consultation,
    DoctorSlot,
    NoShowLog,
    Notification,
    Patient,
    StageAlert,
    TokenCounter,
    Vitals,
)
from hms_web.services import bulk
from hms_web.services.demo_season.rows import Cast, Row, Rows

AT_ONCE = 5_000
"""So many rows travel in one statement, so that none becomes a text of tens of megabytes."""

_PEOPLE = text("""
UPDATE patients p
   SET no_show_count = person.missed, lifetime_no_shows = person.missed, status = person.status,
       blocked_at = person.blocked_at, blocked_reason = person.blocked_reason,
       is_auto_blocked = person.blocked_at IS NOT NULL
  FROM json_to_recordset(CAST(:people AS json))
       AS person(id uuid, missed int, status text, blocked_at timestamptz, blocked_reason text)
 WHERE p.hospital_id = :hospital AND p.id = person.id
""")


def write(session: Session, cast: Cast, rows: Rows) -> None:
    """Write everything that was told; the slots of its days are there already."""
    hospital_id = cast.system.hospital_id
    tokens = [
        {
            "doctor_id": cast.doctors[doctor].doctor_id,
            "date": day,
            "hospital_id": hospital_id,
            "last_number": number,
        }
        for (doctor, day), number in rows.tokens.items()
    ]
    tables: list[tuple[type[Base], Sequence[Row]]] = [
        (TokenCounter, tokens),
        (Appointment, rows.appointments),
        (Notification, rows.messages),
        (AuditEvent, rows.events),
        (Vitals, rows.vitals),
        (Consultation, rows.consultations),
        (NoShowLog, rows.no_shows),
        (StageAlert, rows.alerts),
    ]
    for model, told in tables:
        _insert(session, model, told)
    session.execute(_PEOPLE, {"hospital": hospital_id, "people": bulk.as_json(list(_people(cast, rows)))})
    # Tables that grew from nothing look empty to the planner until the database gets round to counting them.
    grown: list[type[Base]] = [Patient, DoctorSlot, *(model for model, _ in tables)]
    names = ", ".join(model.__tablename__ for model in grown)
    session.execute(text(f"ANALYZE {names}"))


def write_slots(session: Session, slots: Sequence[Row]) -> None:
    """Write doctors' slots but for those that are there."""
    _insert(session, DoctorSlot, slots, unless=("doctor_id", "starts_at"))


def _insert(session: Session, model: type[Base], rows: Sequence[Row], *, unless: Sequence[str] = ()) -> None:
    for first in range(0, len(rows), AT_ONCE):
        bulk.insert(session, model, rows[first : first + AT_ONCE], unless=unless)


def _people(cast: Cast, rows: Rows) -> Iterable[dict[str, Any]]:
    for place, person in rows.people.items():
        is_blocked = person.status is PatientStatus.BLOCKED
        yield {
            "id": cast.patient_ids[place],
            "missed": person.missed,
            "status": person.status,
            "blocked_at": person.blocked_at,
            "blocked_reason": BLOCKED_REASON if is_blocked else None,
        }
