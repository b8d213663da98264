"""A hospital with hundreds of doctors, written by two statements."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor

_DOCTORS = """
    WITH made AS (
        INSERT INTO users (id, hospital_id, name, email, role, created_at)
        SELECT gen_random_uuid(), :hospital, 'Dr. ' || (ARRAY['Asha', 'Ravi', 'Maria', 'Omar'])[n % 4 + 1] || ' '
               || lpad(CAST(n AS text), 4, '0'), 'many' || n || '-' || CAST(:hospital AS text) || '@test', 'DOCTOR',
               now()
          FROM generate_series(CAST(:first AS int), :last) n
        RETURNING id, name, CAST(right(name, 4) AS int) AS n)
    INSERT INTO doctors (id, hospital_id, user_id, department, slot_duration, max_patients_per_day, created_at)
    SELECT gen_random_uuid(), :hospital, id,
           coalesce(CAST(:department AS text), 'Department ' || lpad(CAST(n / 10 AS text), 2, '0')), 30, 30, now()
      FROM made
"""
_WEEKS = """
    INSERT INTO doctor_schedules (id, hospital_id, doctor_id, day_of_week, start_time, end_time, break_start, break_end)
    SELECT gen_random_uuid(), :hospital, d.id, 'MONDAY', '09:00', '17:00', '13:00', '14:00'
      FROM doctors d
     WHERE d.hospital_id = :hospital AND NOT EXISTS (SELECT FROM doctor_schedules s WHERE s.doctor_id = d.id)
"""


def add(session: Session, actor: Actor, first: int, last: int, department: str | None = None) -> None:
    """Add the doctors of these numbers, ten in each department or all in one; they work on Mondays."""
    given = {"hospital": actor.hospital_id, "first": first, "last": last, "department": department}
    session.execute(sa.text(_DOCTORS), given)
    session.execute(sa.text(_WEEKS), given)
    session.commit()
