"""What a no-show writes, whoever found out: status, log, the patient's count and block, audit and messages.

Four statements for any number of appointments; all inside the caller's unit of work, under the locks of the patients
and the appointments.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.no_show import BLOCKED_REASON, NoShowReason, blocks, releases_slot, told_as
from hms_web.domain.patients import PatientStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import new_ids
from hms_web.services import audit, bulk, outbox
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


@dataclass(frozen=True, slots=True)
class How:
    """Who or what found out that somebody did not come, and what they said about it."""

    reason: NoShowReason
    notes: str | None = None
    run_id: UUID | None = None


def write(
    session: Session, actor: Actor, missed: Sequence[Row[Any]], how: How, *, now: datetime, ask: Sequence[Row[Any]] = ()
) -> int:
    """Write what follows for appointments whose patients did not come, and mark those to `ask` a person about.

    The rows have the columns of `no_show_batch`'s statement, as they stand under the locks. Returns how many patients
    have become blocked.
    """
    counts = Counter(row.patient_id for row in missed)
    newly_blocked = {
        row.patient_id
        for row in missed
        if blocks(row.no_show_count + counts[row.patient_id], PatientStatus(row.patient_status))
    }
    people = [{"id": key, "missed": count, "blocks": key in newly_blocked} for key, count in sorted(counts.items())]
    session.execute(
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
    entries = [_entry_of_missed(row, how) for row in missed]
    entries += [audit.Entry("appointment.no_show_review", "appointment", row.id, {}) for row in ask]
    entries += [_entry_of_blocked(key) for key in sorted(newly_blocked)]
    audit.record_all(session, actor, entries, now=now)
    outbox.queue(session, actor.hospital_id, [_notice(row, newly_blocked, now) for row in missed], now=now)
    return len(newly_blocked)


def _all_missed(missed: Sequence[Row[Any]], now: datetime) -> list[dict[str, object]]:
    return [_missed(row, key, now) for row, key in zip(missed, new_ids(len(missed)), strict=True)]


def _missed(row: Row[Any], log_id: UUID, now: datetime) -> dict[str, object]:
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


def _asked(row: Row[Any], now: datetime) -> dict[str, object]:
    return {"id": row.id, "status": row.status, "review_at": now}


def _entry_of_missed(row: Row[Any], how: How) -> audit.Entry:
    status = {"from": row.status, "to": AppointmentStatus.NO_SHOW}
    details = {"status": status, "reason": how.reason} | ({"note": how.notes} if how.notes else {})
    return audit.Entry("appointment.no_show", "appointment", row.id, details)


def _entry_of_blocked(patient_id: UUID) -> audit.Entry:
    status = {"from": PatientStatus.ACTIVE, "to": PatientStatus.BLOCKED}
    return audit.Entry(
        "patient.blocked", "patient", patient_id, {"reason": BLOCKED_REASON, "changes": {"status": status}}
    )


def _notice(row: Row[Any], newly_blocked: set[UUID], now: datetime) -> PatientNotice:
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
