"""Real workers over a database of their own, and a gate at which the database lets them wait where a test wants it.

The gate is a trigger: it counts who arrives and lets the wanted one wait until it is opened. So a test kills or stops a
process at exactly one step, and sleeps nowhere.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis as redis_client
import sqlalchemy as sa
from rq import Queue
from rq.job import Job
from sqlalchemy.orm import Session

from hms_web.domain.job_health import RunStatus
from hms_web.jobs.resources import QUEUE
from hms_web.local.processes import is_alive, last_lines, start, stop, wait_until
from hms_web.models import CronJobRun
from tests import invariants
from tests.scenes import NOW, Clinic
from tests.servers import ROOT

AFTERNOON = NOW + timedelta(hours=5)
"""13:00 in Kolkata; the workers themselves run in a zone whose clock is changed by half hours."""
MOVING = "tests/faults/moving_worker.py"
CHECK = "hms_web.jobs.no_show.check"
PATIENCE = 30.0
DUE = 500

_APPOINTMENTS = """
WITH made AS (
    INSERT INTO patients (id, hospital_id, mrn, name, status)
    SELECT gen_random_uuid(), :hospital, 'F' || n, 'Patient ' || n, 'ACTIVE'
      FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
    RETURNING id, substr(mrn, 2)::int - 1 AS n),
booked AS (
    INSERT INTO appointments (id, hospital_id, patient_id, doctor_id, date, start_time, end_time, starts_at, ends_at,
                              slot_minutes, status, type, token_number, version, import_key)
    SELECT gen_random_uuid(), :hospital, made.id, (CAST(:doctors AS uuid[]))[1 + n / 25], :day,
           time '08:00' + (n % 25) * interval '10 min', time '08:10' + (n % 25) * interval '10 min',
           CAST(:begin AS timestamptz) + (n % 25) * interval '10 min',
           CAST(:begin AS timestamptz) + (1 + n % 25) * interval '10 min', 10, 'SCHEDULED', 'CONSULTATION', n % 25 + 1,
           1, 'F' || n
      FROM made RETURNING id)
INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
SELECT gen_random_uuid(), :hospital, CAST(:begin AS timestamptz) - interval '1 day', 'Test', 'appointment.booked',
       'appointment', id, '{}'
  FROM booked
"""


@dataclass
class Yard:
    """A clinic with appointments that are due, and the workers that see to them."""

    here: Clinic
    engine: sa.Engine
    redis: redis_client.Redis
    environ: Mapping[str, str]
    folder: Path
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def due(self, count: int = DUE, first: int = 1) -> None:
        """Book appointments that nobody came to; `first` numbers the first of them."""
        doctors = [self.here.doctor(minutes=10) for _ in range((count + first) // 25 + 1)]
        values = {
            "hospital": self.here.actor.hospital_id,
            "doctors": [str(doctor) for doctor in doctors],
            "first": first,
            "last": first + count - 1,
            "day": NOW.date(),
            "begin": NOW,
        }
        self.run(_APPOINTMENTS, values)

    def run(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Execute something past every trigger of the tests."""
        with self.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            connection.execute(sa.text(statement), values or {})

    def worker(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a worker and wait until it listens."""
        before = self.redis.scard("rq:workers")
        line = [sys.executable, *(command or ("worker.py", "work"))]
        worker = start(
            line, ending=signal.SIGKILL, log=self.log, cwd=ROOT, env={**os.environ, **self.environ}, own_group=True
        )
        self.workers.append(worker)
        assert wait_until(lambda: self.redis.scard("rq:workers") != before, PATIENCE), self.log.read_text()[-3000:]
        return worker

    @property
    def log(self) -> Path:
        """What the workers say."""
        return self.folder / "workers.log"

    def at(self, instant: datetime) -> None:
        """Set the clock of the workers and servers that read it from the file; nobody reads half an instant."""
        set_clock(Path(self.environ["TEST_CLOCK"]), instant)

    def scheduler(self) -> "subprocess.Popen[bytes]":
        """Start a scheduler with that clock."""
        line = [sys.executable, MOVING, "schedule"]
        environ = {**os.environ, **self.environ}
        scheduler = start(line, ending=signal.SIGKILL, log=self.log, cwd=ROOT, env=environ, own_group=True)
        self.workers.append(scheduler)
        return scheduler

    def enqueue(self) -> Job:
        """Queue one tick."""
        return Queue(QUEUE, connection=self.redis).enqueue(CHECK, job_timeout=120)

    def child(self, worker: "subprocess.Popen[bytes]") -> int:
        """The process in which a worker runs its job."""
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        assert len(children) == 1, children
        return int(children[0])

    def finish(self, job: Job, within: float = PATIENCE) -> str:
        """Wait until a job has ended, and return how."""

        def ended() -> bool:
            return job.get_status(refresh=True) in {"finished", "failed"}

        assert wait_until(ended, within), last_lines(self.log, 20)
        return str(job.get_status().value)

    def lease_runs_out(self) -> None:
        """Let five minutes pass for the lease."""
        self.run("UPDATE job_leases SET expires_at = clock_timestamp() - interval '1 second' WHERE run_id IS NOT NULL")

    def runs(self) -> list[tuple[str, str]]:
        """Source and status of every run, in the order of the alphabet: the clock of the workers stands still."""
        with Session(self.engine) as session:
            rows = session.execute(sa.select(CronJobRun.source, CronJobRun.status))
            return sorted((row.source, row.status) for row in rows)

    def count(self, question: str) -> int:
        """Ask for a number."""
        with self.engine.connect() as connection:
            return int(connection.scalar(sa.text(question)) or 0)

    def each_once(self, count: int = DUE) -> None:
        """Check that each was counted once and told once a channel, and everything else that always holds."""
        assert self.count("SELECT count(*) FROM appointments WHERE status = 'NO_SHOW'") == count
        assert self.count("SELECT count(*) FROM no_show_logs") == count
        assert self.count("SELECT count(DISTINCT appointment_id) FROM no_show_logs") == count
        assert self.count("SELECT sum(no_show_count) FROM patients") == count
        assert self.count("SELECT count(*) FROM notifications WHERE appointment_id IS NOT NULL") == 2 * count
        assert self.count(f"SELECT count(*) FROM cron_job_runs WHERE status = '{RunStatus.RUNNING}'") == 0
        with self.engine.connect() as connection:
            invariants.check(connection)

    def end(self) -> None:
        """End whatever was started, and whatever is left of it."""
        for worker in self.workers:
            for pid in _group(worker.pid):
                _send(pid, signal.SIGKILL)
            stop(worker, signal.SIGKILL, 5)

    @contextmanager
    def gate(self, when: str, *, each: str = "ROW", number: int = 1) -> Iterator["Gate"]:
        """Let the `number`th who comes to `when` (BEFORE INSERT ON no_show_logs, say) wait there."""
        body = f"""
            DECLARE mine bigint;
            BEGIN
                mine := nextval('fault_arrivals');
                WHILE mine = {number} AND NOT (SELECT is_open FROM fault_gate) LOOP
                    PERFORM pg_sleep(0.02);
                END LOOP;
                RETURN NEW;
            END
        """
        with self.engine.begin() as connection:
            connection.exec_driver_sql("CREATE SEQUENCE fault_arrivals; CREATE TABLE fault_gate (is_open boolean)")
            connection.exec_driver_sql("INSERT INTO fault_gate VALUES (false)")
            connection.exec_driver_sql(
                f"CREATE FUNCTION fault_wait() RETURNS trigger LANGUAGE plpgsql AS $fault$ {body} $fault$"
            )
            connection.exec_driver_sql(
                f"CREATE TRIGGER fault_wait {when} FOR EACH {each} EXECUTE FUNCTION fault_wait()"
            )
        gate = Gate(self, number)
        try:
            yield gate
        finally:
            gate.open()


@dataclass
class Gate:
    """A point at which one of those who come there waits."""

    yard: Yard
    number: int

    def await_arrival(self) -> None:
        """Return as soon as somebody waits."""
        arrived = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END >= {self.number} FROM fault_arrivals"
        assert wait_until(lambda: self.yard.count(f"SELECT ({arrived})::int") == 1, PATIENCE), (
            self.yard.runs(),
            last_lines(self.yard.log, 20),
        )

    def open(self) -> None:
        """Let everybody through from now on."""
        self.yard.run("UPDATE fault_gate SET is_open = true")


def set_clock(file: Path, instant: datetime) -> None:
    """Write the time into a clock's file, in one step."""
    written = file.with_suffix(".new")
    written.write_text(instant.isoformat())
    written.replace(file)


def _group(leader: int) -> list[int]:
    """The processes that a worker has started: each job is in a group of its own."""
    found = [leader]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == leader:
            found.append(int(path.parent.name))
    return found


def _send(pid: int, number: signal.Signals) -> None:
    if is_alive(pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
