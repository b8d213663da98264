"""What judges a job is found by the index of each source; ninety days of runs cost no more than none."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.job_health import JobName, RunSource, RunStatus
from hms_web.models import CronJobRun
from hms_web.services import job_runs, no_show_check
from tests.scenes import NOW, Clinic

JOB, MINUTE = JobName.NO_SHOW_CHECK, timedelta(minutes=1)
HISTORY = """
INSERT INTO cron_job_runs (id, hospital_id, job_name, source, also_asked_by, status, started_at, ended_at, duration_ms)
SELECT gen_random_uuid(), :hospital, 'NO_SHOW_CHECK', 'SCHEDULER', '{}',
       CASE WHEN n % 50 = 9 THEN 'ERROR' ELSE :status END, at, at + interval '9 ms', 9
  FROM (SELECT n, CAST(:until AS timestamptz) - n * interval '7 minutes 30 seconds' AS at
          FROM generate_series(1, 17280) n) AS ticks
"""
"""Ninety days of 192 runs each, all of them the scheduler's."""
PAGES = 60
"""How much of tables and indexes may be looked at, in pages of 8 KiB; without the indexes it is four hundred."""


def lived(here: Clinic, status: RunStatus = RunStatus.SUCCESS) -> None:
    values = {"hospital": here.actor.hospital_id, "until": NOW, "status": status}
    # Pages are counted, so there shall be none that other tests have left half empty.
    here.session.execute(sa.text("TRUNCATE cron_job_runs CASCADE"))
    here.session.execute(sa.text(HISTORY), values)
    here.session.commit()
    here.session.execute(sa.text("ANALYZE cron_job_runs"))
    here.session.commit()


def plan_of(session: Session, here: Clinic) -> tuple[str, int]:
    """The plan of the one statement, with what it touched: text, and pages."""
    sent: list[tuple[str, Any]] = []
    connection = session.connection()
    note = lambda *given: sent.append((given[2], given[3]))  # noqa: E731
    sa.event.listen(connection, "before_cursor_execute", note)
    job_runs.decisive(session, here.actor.hospital_id, JOB)
    sa.event.remove(connection, "before_cursor_execute", note)
    ((statement, values),) = sent
    cursor = connection.connection.cursor()
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
    row = cursor.fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return str(plan), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.ERROR])
def test_ninety_days_of_runs_are_not_read(here: Clinic, status: RunStatus) -> None:
    lived(here, status)
    plan, pages = plan_of(here.session, here)
    assert "Seq Scan" not in plan, plan
    assert all(f"ix_cron_job_runs_{source.lower()}" in plan for source in RunSource), plan
    most = PAGES if status is RunStatus.SUCCESS else PAGES + job_runs.MOST_FAILURES
    assert pages <= most, (pages, plan)


def test_what_judges_is_the_last_that_went_well_and_what_failed_since(here: Clinic) -> None:
    lived(here)
    row = {"hospital_id": here.actor.hospital_id, "job_name": JOB}
    external = {"source": RunSource.EXTERNAL, "status": RunStatus.SUCCESS, "also_asked_by": [RunSource.MANUAL]}
    lost = {"source": RunSource.SCHEDULER, "status": RunStatus.LOST}
    running = {"source": RunSource.SCHEDULER, "status": RunStatus.RUNNING}
    for ago, values in ((80 * 24 * 60, external), (5, lost), (0, running)):
        here.session.add(CronJobRun(**row, **values, started_at=NOW - ago * MINUTE))
    here.session.commit()
    found = job_runs.decisive(here.session, here.actor.hospital_id, JOB)
    by_age = sorted((NOW - run.started_at, run.status) for run in {run.id: run for run in found}.values())
    assert by_age == [
        (5 * MINUTE, RunStatus.LOST),
        (7.5 * MINUTE, RunStatus.SUCCESS),
        (80 * 24 * 60 * MINUTE, RunStatus.SUCCESS),
    ]
    assert len(job_runs.recent(here.session, here.actor.hospital_id, JOB, now=NOW)) == 7 * 192 + 2


def test_a_check_with_nothing_due_reads_little_and_asks_little(here: Clinic) -> None:
    """No more statements with ninety days of runs than with none: the first run also makes the row of the lease."""
    counts = []
    for number in range(2):
        if number:
            lived(here)
        sent: list[str] = []
        connection = here.session.connection()
        note = lambda *given, sent=sent: sent.append(given[2])  # noqa: E731
        sa.event.listen(connection.engine, "before_cursor_execute", note)
        no_show_check.check(here.session, here.actor, RunSource.MANUAL, now=NOW + number * MINUTE)
        sa.event.remove(connection.engine, "before_cursor_execute", note)
        counts.append(len(sent))
    assert counts[1] <= counts[0] <= 18, counts
