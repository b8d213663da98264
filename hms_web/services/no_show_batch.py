"""One batch of the no-show sweep: what is due is taken under locks, judged by the clock, and written.

The order of the locks is that of services/locks.py, without the doctor's: whatever a doctor's lock protects only gains
room when a time that is over is given up (docs/decisions/0065).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.no_show import NoShowReason, Verdict, verdict
from hms_web.services import locks, no_show_writing, unit_of_work
from hms_web.services.no_show_writing import Found, How

# As in models/visits.py, so that the partial index ix_appointments_due serves it.
_DUE = (
    "a.hospital_id = :hospital AND a.status IN ('SCHEDULED', 'CONFIRMED') AND a.affected_cause IS NULL "
    "AND a.no_show_review_at IS NULL AND a.ends_at <= :now"
)
# By their patients, so that of two batches hardly ever one waits for a patient of the other.
_EARLIEST = text(
    "SELECT id FROM (SELECT a.id, a.patient_id FROM appointments a "  # noqa: S608 written here
    f"WHERE {_DUE} AND a.id <> ALL(CAST(:but AS uuid[])) ORDER BY a.ends_at LIMIT :most) AS due ORDER BY patient_id, id"
)

# Every patient is locked before the first appointment is: the sort by the appointments' ids needs all rows of the join.
_TAKE = """
WITH due AS MATERIALIZED (
    SELECT a.id, a.patient_id FROM appointments a WHERE {due} AND a.id = ANY(CAST(:ids AS uuid[]))),
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What was written in one transaction."""

    marked: int
    reviews: int
    blocked: int


def earliest_ids(session: Session, actor: Actor, most: int, but: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Return the ids of those that have been due longest, in the order of their patients, leaving out `but`, without
    locking anything.
    """
    given = {"hospital": actor.hospital_id, "now": now, "but": list(but), "most": most}
    return list(session.scalars(_EARLIEST, given))


def take(session: Session, actor: Actor, ids: Sequence[UUID], *, now: datetime, waits: bool = False) -> Sequence[Found]:
    """Lock those of `ids` that are still due with their patients; return them as they stand.

    Unless it `waits`, those that somebody else holds, or whose patient somebody holds, are left out.
    """
    given = {"hospital": actor.hospital_id, "now": now, "ids": list(ids)}
    return unit_of_work.rows_waited_for(session, _taking(waits=waits, is_on=locks.GUARD["on"]), given)


@cache
def _taking(*, waits: bool, is_on: bool) -> TextClause:
    locked = f" FOR NO KEY UPDATE{{of}}{'' if waits else ' SKIP LOCKED'}" if is_on else ""
    return text(_TAKE.format(due=_DUE, lock_people=locked.format(of=""), lock_appointments=locked.format(of=" OF a")))


def write(session: Session, actor: Actor, rows: Sequence[Found], *, now: datetime, run_id: UUID | None) -> Batch:
    """Write what follows for appointments that were taken, inside the caller's unit of work."""
    if not rows:
        return Batch(0, 0, 0)
    missed: list[Found] = []
    asked: list[Found] = []
    for row in rows:
        (missed if verdict(row.starts_at, row.slot_minutes, now) is Verdict.MISSED else asked).append(row)
    how = How(NoShowReason.AUTO_TIMEOUT, run_id=run_id)
    blocked = no_show_writing.write(session, actor, missed, how, now=now, ask=asked)
    return Batch(len(missed), len(asked), blocked)
