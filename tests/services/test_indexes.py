"""On a table of some size the planner itself chooses the indexes that were made for these questions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.services import affected, appointments, facts
from hms_web.services.appointments import AppointmentFilter
from tests.scenes import MONDAY, Clinic

GROW = """
INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                          slot_minutes, status, type, token_number, created_at, version)
SELECT gen_random_uuid(), a.hospital_id, a.patient_id, a.doctor_id, a.date + n, a.start_time, a.end_time,
       a.starts_at + n * interval '1 day', a.ends_at + n * interval '1 day', a.slot_minutes,
       'COMPLETED', a.type, a.token_number, a.created_at, 1
FROM appointments a, generate_series(-400, -1) n
"""


@pytest.fixture
def grown(here: Clinic) -> tuple[Clinic, UUID, UUID]:
    """Forty doctors and patients with four hundred days behind them: 16000 appointments; one doctor and one patient."""
    booked = [here.book(here.doctor(), here.patient(), time(10)) for _ in range(40)]
    here.session.execute(sa.text(GROW))
    here.session.commit()
    for table in ("appointments", "doctor_slots", "patients", "doctors", "users"):
        here.session.execute(sa.text(f"ANALYZE {table}"))
    here.session.commit()
    return here, booked[0].doctor_id, booked[0].patient_id


@contextmanager
def explained(session: Session) -> Iterator[list[str]]:
    """The plans of the statements that are sent meanwhile."""
    sent: list[tuple[str, Any]] = []
    note: Callable[..., None] = lambda *given: sent.append((given[2], given[3]))  # noqa: E731
    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", note)
    plans: list[str] = []
    yield plans
    sa.event.remove(connection, "before_cursor_execute", note)
    cursor = connection.connection.cursor()
    for statement, given in sent:
        cursor.execute(f"EXPLAIN {statement}", given)
        plans.append("\n".join(row[0] for row in cursor.fetchall()))


Question = Callable[[Clinic, UUID, UUID], object]


@pytest.mark.parametrize(
    "ask",
    [
        lambda here, _d, _p: appointments.search(here.session, here.actor, AppointmentFilter(day=MONDAY)),
        lambda here, doctor, _p: appointments.search(
            here.session, here.actor, AppointmentFilter(day=MONDAY, doctor_id=doctor)
        ),
        lambda here, _d, patient: appointments.search(here.session, here.actor, AppointmentFilter(patient_id=patient)),
        lambda here, _d, _p: appointments.affected(here.session, here.actor),
        lambda here, doctor, _p: appointments.affected(here.session, here.actor, doctor_id=doctor),
        lambda here, _d, _p: affected.count(here.session, here.actor),
        lambda here, _d, _p: affected.grouped(here.session, here.actor),
        lambda here, doctor, _p: facts.load(here.session, here.actor, [doctor], MONDAY, MONDAY + timedelta(days=1)),
    ],
    ids=[
        "day",
        "day of a doctor",
        "patient",
        "affected",
        "affected of a doctor",
        "affected count",
        "affected groups",
        "facts of the grid",
    ],
)
def test_appointments_are_found_by_an_index(grown: tuple[Clinic, UUID, UUID], ask: Question) -> None:
    here, doctor, patient = grown
    with explained(here.session) as plans:
        ask(here, doctor, patient)
    plan = "\n".join(plans)
    assert "appointments" in plan
    assert "Seq Scan on appointments" not in plan, plan
    assert "Seq Scan on doctor_slots" not in plan, plan


def test_the_affected_are_found_by_the_index_of_their_marks(grown: tuple[Clinic, UUID, UUID]) -> None:
    here, _doctor, _patient = grown
    with explained(here.session) as plans:
        affected.count(here.session, here.actor)
    assert "ix_appointments_affected" in plans[0], plans[0]
