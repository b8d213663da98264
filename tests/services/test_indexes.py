"""On a table of some size the planner itself chooses the indexes that were made for these questions."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.visits import AppointmentStatus
from hms_web.services import affected, appointments, audit_log, facts, header, message_records, patient_lists
from hms_web.services.appointments import AppointmentFilter
from hms_web.services.audit_log import AuditFilter
from hms_web.services.header import Waiting
from hms_web.services.message_records import MessageFilter
from tests.scenes import MONDAY, NOW, Clinic

GROW = """
INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                          slot_minutes, status, type, token_number, created_at, version)
SELECT gen_random_uuid(), a.hospital_id, a.patient_id, a.doctor_id, a.date + n, a.start_time, a.end_time,
       a.starts_at + n * interval '1 day', a.ends_at + n * interval '1 day', a.slot_minutes,
       'COMPLETED', a.type, a.token_number, a.created_at, 1
FROM appointments a, generate_series(-400, -1) n
"""


def grow(session: Session, *others: str) -> None:
    """Write GROW and other statements by which tables grow; no trigger and no foreign key looks at each row."""
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    for statement in (GROW, *others):
        session.execute(sa.text(statement))
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))


@pytest.fixture
def grown(here: Clinic) -> tuple[Clinic, UUID, UUID]:
    """Forty doctors and patients with four hundred days behind them: 16000 appointments; one doctor and one patient."""
    booked = [here.book(here.doctor(), here.patient(), time(10)) for _ in range(40)]
    grow(here.session)
    here.session.commit()
    for table in ("appointments", "doctor_slots", "patients", "doctors", "users"):
        here.session.execute(sa.text(f"ANALYZE {table}"))
    here.session.commit()
    return here, booked[0].doctor_id, booked[0].patient_id


@contextmanager
def explained(session: Session, how: str = "") -> Iterator[list[str]]:
    """The plans of the statements that are sent meanwhile, settings apart; `how` as EXPLAIN takes it, in brackets."""
    sent: list[tuple[str, Any]] = []
    note: Callable[..., None] = lambda *given: sent.append((given[2], given[3]))  # noqa: E731
    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", note)
    plans: list[str] = []
    yield plans
    sa.event.remove(connection, "before_cursor_execute", note)
    cursor = connection.connection.cursor()
    for statement, given in sent:
        if statement.startswith("SET"):
            continue
        cursor.execute(f"EXPLAIN {how} {statement}", given)
        plans.append("\n".join(row[0] for row in cursor.fetchall()))


Question = Callable[[Clinic, UUID, UUID], object]
QUESTIONS: dict[str, Question] = {
    "day": lambda here, _d, _p: appointments.search(here.session, here.actor, AppointmentFilter(day=MONDAY)),
    "day of a doctor": lambda here, doctor, _p: appointments.search(
        here.session, here.actor, AppointmentFilter(day=MONDAY, doctor_id=doctor)
    ),
    "last ones first": lambda here, _d, _p: appointments.search(
        here.session, here.actor, AppointmentFilter(), sort="-time"
    ),
    "patient": lambda here, _d, patient: appointments.search(
        here.session, here.actor, AppointmentFilter(patient_id=patient)
    ),
    "affected": lambda here, _d, _p: appointments.affected(here.session, here.actor),
    "affected of a doctor": lambda here, doctor, _p: appointments.affected(here.session, here.actor, doctor_id=doctor),
    "affected count": lambda here, _d, _p: affected.count(here.session, here.actor),
    "header": lambda here, _d, _p: header.counts(here.session, here.actor, list(Waiting), now=NOW),
    "affected groups": lambda here, _d, _p: affected.grouped(here.session, here.actor),
    "facts of the grid": lambda here, doctor, _p: facts.load(
        here.session, here.actor, [doctor], MONDAY, MONDAY + timedelta(days=1)
    ),
}


def test_appointments_are_found_by_an_index(grown: tuple[Clinic, UUID, UUID]) -> None:
    here, doctor, patient = grown
    asked = {}
    for name, ask in QUESTIONS.items():
        with explained(here.session) as plans:
            ask(here, doctor, patient)
        asked[name] = "\n".join(plans)
    assert [name for name, plan in asked.items() if "appointments" not in plan] == []
    read_whole = {
        name: plan for name, plan in asked.items() if re.search(r"Seq Scan on (appointments|doctor_slots)", plan)
    }
    assert read_whole == {}
    assert "ix_appointments_affected" in asked["affected count"]


def test_a_list_is_planned_once_and_not_each_time_anew(grown: tuple[Clinic, UUID, UUID]) -> None:
    """Among five million a limit that comes as a value makes the kept plan look so dear that the server goes on making
    others, which cannot be seen among these few; so the number has to stand in the statement.
    """
    here, _, _ = grown
    for number in range(20):
        wanted = AppointmentFilter(day=MONDAY - timedelta(days=number))
        appointments.search(here.session, here.actor, wanted, limit=20)
    kept = here.session.execute(
        sa.text(
            "SELECT statement, generic_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%FROM appointments JOIN patients%' AND statement LIKE '%starts_at >=%'"
        )
    ).one()
    assert kept.generic_plans > 0
    assert "LIMIT 21" in kept.statement


def test_a_lists_rows_are_counted_off_before_anything_is_joined_to_them(grown: tuple[Clinic, UUID, UUID]) -> None:
    """Where a wide range is joined first, the plan for any range looks dearer than one for each, which is made anew."""
    here, _, _ = grown
    with explained(here.session) as plans:
        appointments.search(
            here.session, here.actor, AppointmentFilter(first=MONDAY - timedelta(days=300), last=MONDAY)
        )
    of_time = r"Limit [^\n]*\n *-> +Index Only Scan using ix_appointments_hospital_id_starts_at "
    assert re.search(of_time, plans[0]), plans[0]


def test_who_is_in_a_state_is_found_as_few_or_as_many_as_they_are(grown: tuple[Clinic, UUID, UUID]) -> None:
    """A plan kept for finished visits would read all of them to find the few who wait, who have an index of their own.

    The driver prepares a statement at the sixth time, and the server keeps a plan after five if it is as good.
    """
    here, _, _ = grown
    for number in range(20):
        wanted = AppointmentFilter(first=MONDAY - timedelta(days=300 + number), statuses=[AppointmentStatus.COMPLETED])
        assert len(appointments.search(here.session, here.actor, wanted, limit=20).items) == 20
    plans = here.session.execute(
        sa.text(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%FROM appointments JOIN patients%' AND statement LIKE '%starts_at >=%'"
        )
    ).one()
    assert tuple(plans) == (0, 15)


@pytest.mark.parametrize("sort", ["name", "-name", "number", "-number"])
def test_everybody_can_be_read_in_the_order_of_an_index(here: Clinic, sort: str) -> None:
    """A page of a hundred thousand is a page: no order needs all of them to be read."""
    here.patient()
    here.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    here.session.execute(sa.text("SET LOCAL enable_sort = off"))
    with explained(here.session) as plans:
        patient_lists.everybody(here.session, here.actor, sort=sort)
    assert re.search(r"Index Scan (Backward )?using \w+ on patients", plans[0])
    assert not re.search(r"(?<!Incremental )Sort\b(?! Key)", plans[0])
    here.session.rollback()


def test_who_is_blocked_is_found_without_looking_at_everybody(here: Clinic) -> None:
    here.patient()
    for setting in ("enable_seqscan", "enable_bitmapscan"):
        here.session.execute(sa.text(f"SET LOCAL {setting} = off"))
    with explained(here.session) as plans:
        assert not patient_lists.everybody(here.session, here.actor, only_blocked=True).items
    assert "using ix_patients_blocked" in plans[0]
    here.session.rollback()


LONG_LISTS: dict[str, Callable[[Clinic, str], object]] = {
    "audit_events": lambda here, minus: audit_log.search(here.session, here.actor, AuditFilter(), sort=f"{minus}when"),
    "notifications": lambda here, minus: message_records.search(
        here.session, here.actor, MessageFilter(), sort=f"{minus}written"
    ),
}


@pytest.mark.parametrize(("minus", "way"), [("", "Backward "), ("-", "")])
@pytest.mark.parametrize("table", LONG_LISTS)
def test_messages_and_the_audit_trail_are_read_from_either_end_of_an_index(
    here: Clinic, table: str, minus: str, way: str
) -> None:
    here.book(here.doctor(), here.patient(), time(10))
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
        here.session.execute(sa.text(f"SET LOCAL {setting} = off"))
    with explained(here.session) as plans:
        LONG_LISTS[table](here, minus)
    here.session.rollback()
    assert re.search(rf"Index Scan {way}using ix_{table}_hospital_id_\w*at on {table}", plans[0])
