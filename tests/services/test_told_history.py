"""A random history: whatever people do at once, who finds the marks of before would be told the same as before."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hms_web.models import new_id
from hms_web.services import doctor_choice, facts, kept, told_before
from hms_web.services.doctor_choice import Places
from tests.scenes import MONDAY, Clinic
from tests.services.told_days import CHANGES, DEPARTMENT, FRIDAY, NEW_COLLEAGUE, Days

WRITERS, EACH, MOST_TOGETHER = 4, 75, 3
# Of what can be done once only, and of what would leave nothing to do, there is something else instead.
ONCE = {"booked", "cancelled", "removed", "slot gone", "slots made", "moved away", "doctor gone", "away", "closed"}
AGAIN = {
    "somebody new": NEW_COLLEAGUE,
    "holder renamed": "UPDATE users SET name = name || '.' WHERE id = :holder",
    "patient renamed": "UPDATE patients SET name = name || '.' WHERE id = :patient",
    "listed": """
        UPDATE appointments SET affected_cause = CASE WHEN affected_cause IS NULL THEN 'HOLIDAY' END
         WHERE id = :booked""",
    # As whoever takes an appointment to another doctor does: with its patient locked.
    "to and fro": """
        WITH whose AS MATERIALIZED (SELECT id FROM patients WHERE id = :patient FOR NO KEY UPDATE)
        UPDATE appointments SET doctor_id = CASE doctor_id WHEN :doctor THEN CAST(:colleague AS uuid)
                                                           ELSE CAST(:doctor AS uuid) END
         WHERE id = :booked AND patient_id = (SELECT id FROM whose)""",
    "moved and back": """
        UPDATE doctors SET department = CASE department WHEN 'Told' THEN 'Elsewhere' ELSE 'Told' END
         WHERE id = :colleague""",
    "held or let go": """
        UPDATE doctor_slots SET held_by_id = CASE WHEN held_by_id IS NULL THEN CAST(:holder AS uuid) END,
                                held_until = CASE WHEN held_until IS NULL THEN CAST(:until AS timestamptz) END
         WHERE doctor_id = :colleague AND start_time = '10:00'""",
}
EVERYTHING = [statement for name, statement in (CHANGES | AGAIN).items() if name not in ONCE]
SELDOM = 0.2
DOCTORS = """SELECT d.id, u.name, d.department FROM doctors d JOIN users u ON u.id = d.user_id
              WHERE d.hospital_id = :hospital ORDER BY u.name, d.id"""
OTHER_DAYS = "the same marks stand for other days"
OTHER_DOCTORS = "offered from memory who is not so"
HAPPENS = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable, psycopg.errors.ExclusionViolation)


class History:
    """What four people do at random, and what two who look on find."""

    def __init__(self, days: Days, engine: sa.Engine) -> None:
        self.days, self.engine, self.is_over = days, engine, threading.Event()
        self.told: dict[str, facts.Told] = {}
        self.wrong: list[str] = []
        self.done, self.calm = 0, 0

    def happens(self, seed: int) -> None:
        """Let it happen."""
        with ThreadPoolExecutor(WRITERS + 2) as people:
            looking = [people.submit(self._look_at_snapshots), people.submit(self._look_from_memory)]
            writing = [people.submit(self._write, random.Random(seed + which)) for which in range(WRITERS)]
            try:
                self.done = sum(each.result() for each in writing)
            finally:
                self.is_over.set()
            for each in looking:
                each.result()

    def _write(self, chance: random.Random) -> int:
        done = 0
        with Session(self.engine) as session:
            for _ in range(EACH):
                try:
                    session.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
                    for _ in range(chance.randint(1, MOST_TOGETHER)):
                        part = session.begin_nested()
                        given = self.days.values | {"new": new_id()}
                        session.execute(sa.text(chance.choice(EVERYTHING)), given)
                        (part.rollback if chance.random() < SELDOM else part.commit)()
                    (session.rollback if chance.random() < SELDOM else session.commit)()
                    done += 1
                except DBAPIError as error:
                    session.rollback()
                    if not isinstance(error.orig, HAPPENS):
                        raise
        return done

    def _look_at_snapshots(self) -> None:
        """The same marks stand for the same days, in whichever snapshot of the database they are found."""
        with Session(self.engine) as session:
            while not self.is_over.is_set():
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                told, changes = self.days.seen(session)
                doctors = session.execute(sa.text(DOCTORS), self.days.values).all()
                shown, actor = Places(len(doctors)), self.days.here.actor
                offered = doctor_choice.choice(session, actor, also_gone=True, shown=shown)
                session.rollback()
                if self.told.setdefault(changes or "", told) != told:
                    self.wrong.append(OTHER_DAYS)
                if [(one.id, one.name, one.department) for one in offered.shown] != [tuple(one) for one in doctors]:
                    self.wrong.append(OTHER_DOCTORS)

    def _look_from_memory(self) -> None:
        """Who finds nothing changed meanwhile was told from memory what the database says."""
        about, actor = told_before.about_department(DEPARTMENT), self.days.here.actor
        with Session(self.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
            while not self.is_over.is_set():
                changes = self.days.changes(session, about)
                told = told_before.of_department(session, actor, DEPARTMENT, MONDAY, FRIDAY, changes=changes)
                so, now = self.days.seen(session)
                if changes == now == self.days.changes(session, about):
                    self.calm += 1
                    if told != so:
                        self.wrong.append("told from memory what is not so")


@pytest.fixture
def history(here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(told_before, "DEPARTMENTS", kept.Kept(400))
    monkeypatch.setattr(doctor_choice, "KEPT", kept.Kept(400))
    return History(Days(here), engine)


def test_the_same_marks_stand_for_the_same_days_whatever_is_done_at_once(history: History) -> None:
    history.happens(seed=1)
    assert not history.wrong
    assert history.done > WRITERS * EACH / 2, "hardly anything happened"
    assert min(len(history.told), history.calm) > WRITERS, "hardly anybody looked"


def test_such_a_history_finds_what_is_not_watched(history: History) -> None:
    session = history.days.session

    def watched(word: str) -> None:
        for table in ("doctor_slots", "doctor_absences", "doctors", "users", "patients"):
            session.execute(sa.text(f"ALTER TABLE {table} {word} TRIGGER USER"))
        session.commit()

    watched("DISABLE")
    try:
        history.happens(seed=2)
    finally:
        watched("ENABLE")
    assert OTHER_DOCTORS in history.wrong
    assert set(history.wrong) - {OTHER_DOCTORS}, "nor other days"
