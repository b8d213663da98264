"""The no-show sweep over 0, 1,000 and 100,000 appointments that are due."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import psycopg

from bench.baseline import tables
from bench.figures import Kind, Row, Target, in_turns
from bench.house import BASELINE, BULK, DOCTORS, PATIENTS, House
from bench.run import Options
from hms_web import clock
from hms_web.domain.identity import Actor
from hms_web.domain.job_health import RunSource
from hms_web.services import hospitals, no_show_check, no_show_sweep

NAME = "No-show sweep, {:,} due"
NOTHING = "No-show sweep, nothing due"
CHECK = "No-show check, nothing due: lease, sweep, alerts, run"
A_THOUSAND, MANY = 1_000, 100_000
# Visits of five minutes, so that a thousand doctors have 100,000 of them within the twelve hours a sweep looks back.
MINUTES = 5

_DUE = """
INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                          slot_minutes, status, type, token_number, created_at)
SELECT gen_random_uuid(), d.hospital_id, p.id, d.id, (at AT TIME ZONE 'Asia/Kolkata')::date, at::time, at::time, at,
       at + interval '5 min', 5, 'SCHEDULED', 'CONSULTATION', part + 1, at - interval '1 day'
  FROM (SELECT id, hospital_id, row_number() OVER (ORDER BY id) - 1 AS n FROM doctors) d
  JOIN generate_series(0, %(parts)s - 1) part ON true
  JOIN LATERAL (SELECT CAST(%(now)s AS timestamptz) - (part + 1) * interval '5 min' AS at) t ON true
  JOIN (SELECT id, row_number() OVER (ORDER BY mrn) - 1 AS n FROM patients) p
    ON p.n = (part * %(doctors)s + d.n) %% %(patients)s
 WHERE d.n < %(doctors)s
"""
_DUE_VISITS = """
INSERT INTO visit (half_hour_id, person_id, clinician_id, begins, minutes)
SELECT part * %(doctors)s + n, (part * %(doctors)s + n) %% %(patients)s + 1, n + 1,
       CAST(%(now)s AS timestamptz) - (part + 1) * interval '5 min', 5
  FROM generate_series(0, %(parts)s - 1) part, generate_series(0, %(doctors)s - 1) n
"""
# All that a sweep has to leave behind, for all that are due at once.
_SWEEP = """
WITH gone AS (
    UPDATE visit SET state = 'NO_SHOW'
     WHERE state = 'SCHEDULED' AND begins + minutes * interval '1 min' <= %(now)s RETURNING *),
log AS (
    INSERT INTO missed (visit_id, person_id, clinician_id, begins, minutes)
    SELECT id, person_id, clinician_id, begins, minutes FROM gone),
counted AS (
    UPDATE person p SET misses = p.misses + g.n, is_blocked = p.is_blocked OR p.misses + g.n >= 3
      FROM (SELECT person_id, count(*) AS n FROM gone GROUP BY person_id) g WHERE p.id = g.person_id),
told AS (
    INSERT INTO message (person_id, kind, words) SELECT person_id, 'NO_SHOW', 'You missed your appointment' FROM gone)
INSERT INTO journal (who, what, visit_id) SELECT 0, 'no_show', id FROM gone
"""


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield a line for each number of appointments that are due, and one for the whole check around an idle sweep."""
    for due, target in ((A_THOUSAND, None), (MANY, Target(4, Kind.SECONDS))):
        name = NAME.format(due)
        if options.wants(name):
            own, bare = in_turns(options.rounds, lambda due=due: _ours(house, due), lambda due=due: _bare(house, due))  # type: ignore[misc]
            yield Row(name, Kind.SECONDS, own, bare, target, "status, log, count, audit, two messages each")
    if options.wants(NOTHING) or options.wants(CHECK):
        yield from _idle(house, options)


def _idle(house: House, options: Options) -> Iterator[Row]:
    now = _prepare(house, A_THOUSAND)
    with house.session() as session:
        actor = hospitals.all_of_them(session)[0]
        session.rollback()
        no_show_sweep.sweep(session, actor, now=now)
        with house.connect(BASELINE) as bare:
            bare.execute(_SWEEP, {"now": now})
            bare.commit()
            tables.settle(bare)
            bare.autocommit = True
            own, other = in_turns(
                options.rounds * 10,
                lambda: _milliseconds(lambda: no_show_sweep.sweep(session, actor, now=now)),
                lambda: _milliseconds(lambda: bare.execute(_SWEEP, {"now": now})),
            )
        yield Row(NOTHING, Kind.MILLISECONDS, own, other, Target(5, Kind.MILLISECONDS))
        later = iter(range(options.rounds))
        checked, _ = in_turns(
            options.rounds,
            lambda: _milliseconds(
                lambda: no_show_check.check(
                    session, actor, RunSource.SCHEDULER, now=now + timedelta(minutes=5 * next(later))
                )
            ),
        )
        yield Row(CHECK, Kind.MILLISECONDS, checked)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _ours(house: House, due: int) -> float:
    now = _prepare(house, due)
    with house.session() as session:
        actor: Actor = hospitals.all_of_them(session)[0]
        session.rollback()
        began = time.perf_counter()
        done = no_show_sweep.sweep(session, actor, now=now)
        took = time.perf_counter() - began
    assert (done.marked, done.errors) == (due, ()), done
    return took


def _given(due: int, now: datetime) -> dict[str, object]:
    doctors = min(DOCTORS, due)
    return {"parts": due // doctors, "doctors": doctors, "patients": PATIENTS, "now": now}


def _prepare(house: House, due: int) -> datetime:
    """Let so many be due in the product, and nothing else; return the instant of the sweep."""
    now = clock.now()
    with house.connect(BULK) as connection:
        connection.execute("TRUNCATE appointments CASCADE")
        connection.execute(
            "UPDATE patients SET no_show_count = 0, lifetime_no_shows = 0, status = 'ACTIVE', is_auto_blocked = false "
            "WHERE lifetime_no_shows > 0"
        )
        connection.execute(_DUE, _given(due, now))
        _settle(connection, "appointments, patients, notifications, no_show_logs, audit_events")
    return now


def _settle(connection: psycopg.Connection, names: str) -> None:
    connection.commit()
    connection.autocommit = True
    connection.execute(f"VACUUM (ANALYZE) {names}")  # names of our own
    connection.execute("CHECKPOINT")


def _bare(house: House, due: int) -> float:
    now = clock.now()
    with house.connect(BASELINE) as connection:
        connection.execute("TRUNCATE visit, missed, journal, message")
        connection.execute("UPDATE person SET misses = 0, is_blocked = false WHERE misses > 0")
        connection.execute(_DUE_VISITS, _given(due, now))
        connection.commit()
        tables.settle(connection)
        began = time.perf_counter()
        swept = connection.execute(_SWEEP, {"now": now})
        connection.commit()
        took = time.perf_counter() - began
    assert swept.rowcount == due, swept.rowcount
    return took
