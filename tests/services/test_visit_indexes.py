"""Boards and consultations find their rows by an index, however many visits lie behind."""

import re
from collections.abc import Callable
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.identity import Actor
from hms_web.services import board, consultation_records, vitals
from hms_web.services.board import BoardFilter
from hms_web.services.consultation_records import ConsultationView
from tests.scenes import NOW, Clinic
from tests.services.test_indexes import explained, grow
from tests.visit_scenes import acting, seen

SEEN = """
INSERT INTO consultations (id, hospital_id, appointment_id, doctor_id, status, started_at, completed_at, version)
SELECT gen_random_uuid(), a.hospital_id, a.id, a.doctor_id, 'COMPLETED', a.starts_at, a.ends_at, 1
  FROM appointments a WHERE a.status = 'COMPLETED'
"""
MEASURED = """
INSERT INTO vitals (id, hospital_id, appointment_id, pulse_bpm, recorded_at)
SELECT gen_random_uuid(), a.hospital_id, a.id, 70, a.starts_at FROM appointments a WHERE a.status = 'COMPLETED'
"""
TABLES = ("appointments", "consultations", "vitals", "patients", "doctors", "users", "audit_events")
ALL = BoardFilter()


@pytest.fixture
def grown(here: Clinic) -> tuple[Clinic, ConsultationView]:
    """Forty doctors with four hundred days behind them: 16000 visits, all measured and completed; one goes on."""
    present = seen(here, here.doctor(), time(11))
    for _ in range(39):
        here.book(here.doctor(), here.patient(), time(10))
    grow(here.session, SEEN, MEASURED)
    here.session.execute(sa.text(f"ANALYZE {', '.join(TABLES)}"))
    here.session.commit()
    return here, present


Question = Callable[[Clinic, Actor, ConsultationView], object]
QUESTIONS: dict[str, Question] = {
    "board": lambda here, me, _: board.rows(here.session, me, ALL, now=NOW),
    "a doctor's board": lambda here, me, _: board.rows(here.session, me, BoardFilter(me.doctor_id), now=NOW),
    "fingerprint": lambda here, me, _: board.fingerprint(here.session, me, ALL, now=NOW),
    "open consultations": lambda here, me, _: consultation_records.open_of(here.session, me),
    "earlier visits": lambda here, me, view: consultation_records.earlier(here.session, me, view),
    "last change": lambda here, me, view: consultation_records.last_change(here.session, me, view.id),
    "vitals": lambda here, me, view: vitals.of_appointment(here.session, me, view.appointment_id),
    "latest vitals": lambda here, me, view: vitals.latest(here.session, me, [view.appointment_id]),
}


def test_an_index_leads_there(grown: tuple[Clinic, ConsultationView]) -> None:
    here, view = grown
    me = acting(here, view.doctor_id)
    asked = {}
    for name, ask in QUESTIONS.items():
        with explained(here.session) as plans:
            ask(here, me, view)
        asked[name] = "\n".join(plans)
    assert all(asked.values())
    read_whole = {
        n: plan for n, plan in asked.items() if re.search("Seq Scan on (appointments|consultations|vitals)", plan)
    }
    assert read_whole == {}


def test_yesterdays_visits_cost_nothing(grown: tuple[Clinic, ConsultationView]) -> None:
    here, view = grown
    me = acting(here, view.doctor_id)
    assert len(board.rows(here.session, me, ALL, now=NOW)) == 40
    assert len(consultation_records.earlier(here.session, me, view)) == consultation_records.MOST_EARLIER
    assert UUID(str(view.id)) == consultation_records.open_of(here.session, me)[0].id
    assert board.rows(here.session, me, ALL, now=NOW + timedelta(days=1)) == []
