"""What a no-show writes, whoever found out: status, log, the patient's count and block, audit and messages.

Four statements for any number of appointments; all inside the caller's unit of work, under the locks of the patients
and the appointments.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.no_show import BLOCKED_REASON, NoShowReason, blocks, releases_slot, told_as
from hms_web.domain.patients import PatientStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import new_ids_written
from hms_web.services import asking, audit, bulk, outbox
from hms_web.services.outbox import PatientNotice

_WRITE = text("""
WITH visit AS (
    SELECT * FROM json_to_recordset(CAST(:visits AS json))
        AS v(id uuid, patient_id uuid, doctor_id uuid, log_id uuid, status text, previous text, review_at timestamptz,
             starts_at timestamptz, minutes int, released boolean)),
settled AS (
    UPDATE appointments a SET status = visit.status, no_show_review_at = visit.review_at, version = a.version + 1
      FROM visit WHERE a.id = visit.id),
logged AS (
    INSERT INTO no_show_logs (id, hospital_id, appointment_id, patient_id, doctor_id, reason, slot_time,
                              timeout_minutes, slot_released, slot_released_at, notes, previous_status, is_counted,
                              run_id, created_by_id, created_at)
    SELECT log_id, :hospital, id, patient_id, doctor_id, :reason, starts_at, minutes, released,
           CASE WHEN released THEN CAST(:now AS timestamptz) END, CAST(:notes AS text), previous, true,
           CAST(:run AS uuid), CAST(:by AS uuid), :now
      FROM visit WHERE log_id IS NOT NULL)
UPDATE patients p
   SET no_show_count = p.no_show_count + person.missed, lifetime_no_shows = p.lifetime_no_shows + person.missed,
       status = CASE WHEN person.blocks THEN 'BLOCKED' ELSE p.status END,
       blocked_at = CASE WHEN person.blocks THEN :now ELSE p.blocked_at END,
       blocked_reason = CASE WHEN person.blocks THEN :blocked_reason ELSE p.blocked_reason END,
       is_auto_blocked = p.is_auto_blocked OR person.blocks
  FROM json_to_recordset(CAST(:people AS json)) AS person(id uuid, missed int, blocks boolean)
 WHERE p.id = person.id
""")


class Found(Protocol):
    """An appointment as it stands under the locks, with what a no-show asks of its patient and says of its doctor."""

    id: UUID
    patient_id: UUID
    doctor_id: UUID
    status: str
    date: date
    start_time: time
    starts_at: datetime
    slot_minutes: int
    version: int
    token_number: int
    doctor_name: str
    patient_status: str
    no_show_count: int


@dataclass(frozen=True, slots=True)
class How:
    """Who or what found out that somebody did not come, and what they said about it."""

    reason: NoShowReason
    notes: str | None = None
    run_id: UUID | None = None


def write(
    session: Session, actor: Actor, missed: Sequence[Found], how: How, *, now: datetime, ask: Sequence[Found] = ()
) -> int:
    """Write what follows for appointments whose patients did not come, and mark those to `ask` a person about.

    Returns how many patients have become blocked.
    """
    counts = Counter(row.patient_id for row in missed)
    newly_blocked = {
        row.patient_id
        for row in missed
        if blocks(row.no_show_count + counts[row.patient_id], PatientStatus(row.patient_status))
    }
    people = [{"id": key, "missed": count, "blocks": key in newly_blocked} for key, count in counts.items()]
    asking.rows(
        session,
        _WRITE,
        {
            "visits": bulk.as_json([*_all_missed(missed, now), *(_asked(row, now) for row in ask)]),
            "people": bulk.as_json(people),
            "hospital": actor.hospital_id,
            "reason": how.reason,
            "notes": how.notes,
            "run": how.run_id,
            "by": None if how.reason is NoShowReason.AUTO_TIMEOUT else actor.user_id,
            "now": now,
            "blocked_reason": BLOCKED_REASON,
        },
    )
    details = {status: _details(status, how) for status in {row.status for row in missed}}
    entries = [audit.Entry("appointment.no_show", "appointment", row.id, details[row.status]) for row in missed]
    entries += [audit.Entry("appointment.no_show_review", "appointment", row.id, {}) for row in ask]
    entries += [_entry_of_blocked(key) for key in sorted(newly_blocked)]
    audit.record_all(session, actor, entries, now=now)
    outbox.queue(session, actor.hospital_id, [_notice(row, newly_blocked, now) for row in missed], now=now)
    return len(newly_blocked)


def _all_missed(missed: Sequence[Found], now: datetime) -> list[dict[str, object]]:
    return [_missed(row, key, now) for row, key in zip(missed, new_ids_written(len(missed)), strict=True)]


def _missed(row: Found, log_id: str, now: datetime) -> dict[str, object]:
    return {
        "id": row.id,
        "patient_id": row.patient_id,
        "doctor_id": row.doctor_id,
        "log_id": log_id,
        "status": AppointmentStatus.NO_SHOW,
        "previous": row.status,
        "starts_at": row.starts_at,
        "minutes": row.slot_minutes,
        "released": releases_slot(row.starts_at, now),
    }


def _asked(row: Found, now: datetime) -> dict[str, object]:
    return {"id": row.id, "status": row.status, "review_at": now}


def _details(before: str, how: How) -> Mapping[str, object]:
    status = {"from": before, "to": AppointmentStatus.NO_SHOW}
    return {"status": status, "reason": how.reason} | ({"note": how.notes} if how.notes else {})


def _entry_of_blocked(patient_id: UUID) -> audit.Entry:
    status = {"from": PatientStatus.ACTIVE, "to": PatientStatus.BLOCKED}
    return audit.Entry(
        "patient.blocked", "patient", patient_id, {"reason": BLOCKED_REASON, "changes": {"status": status}}
    )


def _notice(row: Found, newly_blocked: set[UUID], now: datetime) -> PatientNotice:
    is_blocked = row.patient_id in newly_blocked or row.patient_status == PatientStatus.BLOCKED
    return PatientNotice(
        event=told_as(row.starts_at, now, is_blocked=is_blocked),
        appointment_id=row.id,
        patient_id=row.patient_id,
        version=row.version + 1,
        doctor_id=row.doctor_id,
        doctor_name=row.doctor_name,
        starts_at=row.starts_at,
        day=row.date,
        at=row.start_time,
        token=row.token_number,
    )
