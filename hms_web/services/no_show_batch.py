"""One batch of the no-show sweep: what is due is taken under locks and written with few statements.

The order of the locks is that of services/locks.py, without the doctor's: whatever a doctor's lock protects only gains
room when a time that is over is given up (docs/decisions/0065).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import BLOCKED_REASON, NoShowReason, Verdict, blocks, verdict
from hms_web.domain.patients import PatientStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import new_id
from hms_web.services import audit, bulk, locks, outbox, unit_of_work
from hms_web.services.outbox import PatientNotice

# As in models/visits.py, so that the partial index ix_appointments_due serves it.
_DUE = (
    "a.hospital_id = :hospital AND a.status IN ('SCHEDULED', 'CONFIRMED') AND a.affected_cause IS NULL "
    "AND a.no_show_review_at IS NULL AND a.ends_at <= :now"
)
_EARLIEST = "a.id <> ALL(CAST(:but AS uuid[])) ORDER BY a.ends_at LIMIT :most"
_ONE = "a.id = CAST(:only AS uuid)"
_IDS = "SELECT a.id FROM appointments a WHERE {due} AND {narrowed}"

# Every patient is locked before the first appointment is: the sort by the appointments' ids needs all rows of the join.
_TAKE = """
WITH due AS MATERIALIZED (
    SELECT a.id, a.patient_id FROM appointments a WHERE {due} AND {narrowed}),
people AS MATERIALIZED (
    SELECT p.id, p.status, p.no_show_count FROM patients p
     WHERE p.hospital_id = :hospital AND p.id IN (SELECT due.patient_id FROM due) ORDER BY p.id{lock_people})
SELECT a.id, a.patient_id, a.doctor_id, a.status, a.date, a.start_time, a.starts_at, a.slot_minutes, a.version,
       a.token_number, u.name AS doctor_name, people.status AS patient_status, people.no_show_count
  FROM appointments a
  JOIN people ON people.id = a.patient_id
  JOIN doctors d ON d.id = a.doctor_id
  JOIN users u ON u.id = d.user_id
 WHERE a.id IN (SELECT due.id FROM due) AND {due}
 ORDER BY a.id{lock_appointments}
"""

_WRITE = text("""
WITH visit AS (
    SELECT * FROM json_to_recordset(CAST(:visits AS json))
        AS v(id uuid, patient_id uuid, doctor_id uuid, log_id uuid, status text, previous text, review_at timestamptz,
             starts_at timestamptz, minutes int)),
settled AS (
    UPDATE appointments a SET status = visit.status, no_show_review_at = visit.review_at, version = a.version + 1
      FROM visit WHERE a.id = visit.id),
logged AS (
    INSERT INTO no_show_logs (id, hospital_id, appointment_id, patient_id, doctor_id, reason, slot_time,
                              timeout_minutes, slot_released, previous_status, is_counted, run_id, created_at)
    SELECT log_id, :hospital, id, patient_id, doctor_id, :reason, starts_at, minutes, false, previous, true,
           CAST(:run AS uuid), :now
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
class Batch:
    """What was written in one transaction."""

    marked: int
    reviews: int
    blocked: int

    @property
    def processed(self) -> int:
        """How many appointments are done with."""
        return self.marked + self.reviews


def take_earliest(
    session: Session, actor: Actor, most: int, but: Sequence[UUID], *, now: datetime
) -> Sequence[Row[Any]]:
    """Lock those that have been due longest with their patients, leaving out `but`; return them as they stand."""
    return _take(session, actor, _EARLIEST, {"but": list(but), "most": most}, now=now)


def take_one(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime) -> Sequence[Row[Any]]:
    """Lock one with its patient; return it as it stands, or nothing when it is no longer due."""
    return _take(session, actor, _ONE, {"only": appointment_id}, now=now)


def _take(
    session: Session, actor: Actor, narrowed: str, given: Mapping[str, object], *, now: datetime
) -> Sequence[Row[Any]]:
    locked = " FOR NO KEY UPDATE" if locks.GUARD["on"] else ""
    wanted = _TAKE.format(
        narrowed=narrowed, due=_DUE, lock_people=locked, lock_appointments=f"{locked} OF a" if locked else ""
    )
    return unit_of_work.wait_for(session, _bound(actor, wanted, given, now)).all()


def _bound(actor: Actor, wanted: str, given: Mapping[str, object], now: datetime) -> TextClause:
    return text(wanted).bindparams(hospital=actor.hospital_id, now=now, **given)


def earliest_ids(session: Session, actor: Actor, most: int, but: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Return the ids of those that have been due longest, leaving out `but`, without locking anything."""
    wanted = _bound(actor, _IDS.format(due=_DUE, narrowed=_EARLIEST), {"but": list(but), "most": most}, now)
    return [row.id for row in session.execute(wanted)]


def write(session: Session, actor: Actor, rows: Sequence[Row[Any]], *, now: datetime, run_id: UUID | None) -> Batch:
    """Write what follows for appointments that were taken, inside the caller's unit of work."""
    if not rows:
        return Batch(0, 0, 0)
    missed = [row for row in rows if verdict(row.starts_at, row.slot_minutes, now) is Verdict.MISSED]
    marked = {row.id for row in missed}
    asked = [row for row in rows if row.id not in marked]
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
            "visits": bulk.as_json([_missed(row) for row in missed] + [_asked(row, now) for row in asked]),
            "people": bulk.as_json(people),
            "hospital": actor.hospital_id,
            "reason": NoShowReason.AUTO_TIMEOUT,
            "run": run_id,
            "now": now,
            "blocked_reason": BLOCKED_REASON,
        },
    )
    entries = [_entry_of_missed(row) for row in missed] + [_entry_of_asked(row) for row in asked]
    entries += [_entry_of_blocked(key) for key in sorted(newly_blocked)]
    audit.record_all(session, actor, entries, now=now)
    outbox.queue(session, actor.hospital_id, [_notice(row, newly_blocked) for row in missed], now=now)
    return Batch(len(missed), len(asked), len(newly_blocked))


def _missed(row: Row[Any]) -> dict[str, object]:
    return {
        "id": row.id,
        "patient_id": row.patient_id,
        "doctor_id": row.doctor_id,
        "log_id": new_id(),
        "status": AppointmentStatus.NO_SHOW,
        "previous": row.status,
        "starts_at": row.starts_at,
        "minutes": row.slot_minutes,
    }


def _asked(row: Row[Any], now: datetime) -> dict[str, object]:
    return {"id": row.id, "status": row.status, "review_at": now}


def _entry_of_missed(row: Row[Any]) -> audit.Entry:
    status = {"from": row.status, "to": AppointmentStatus.NO_SHOW}
    return audit.Entry(
        "appointment.no_show", "appointment", row.id, {"status": status, "reason": NoShowReason.AUTO_TIMEOUT}
    )


def _entry_of_asked(row: Row[Any]) -> audit.Entry:
    return audit.Entry("appointment.no_show_review", "appointment", row.id, {})


def _entry_of_blocked(patient_id: UUID) -> audit.Entry:
    status = {"from": PatientStatus.ACTIVE, "to": PatientStatus.BLOCKED}
    return audit.Entry(
        "patient.blocked", "patient", patient_id, {"reason": BLOCKED_REASON, "changes": {"status": status}}
    )


def _notice(row: Row[Any], newly_blocked: set[UUID]) -> PatientNotice:
    is_blocked = row.patient_id in newly_blocked or row.patient_status == PatientStatus.BLOCKED
    return PatientNotice(
        event=MessageEvent.NO_SHOW_BLOCKED if is_blocked else MessageEvent.NO_SHOW,
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
