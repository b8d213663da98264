"""A worker that looks after itself and the scheduler, between its jobs and while one runs.

RQ calls `heartbeat` at least once a minute, also while Redis does not answer, in the one thread of the worker's parent
process: no thread is there that a fork could catch at a bad moment.
"""

import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

import redis
import sqlalchemy as sa
import structlog
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job

from hms_web import clock
from hms_web.domain.scheduler_pulse import SchedulerState
from hms_web.jobs.resources import REQUEST_ID, DatabaseError, job_session
from hms_web.jobs.schedule import make_scheduler, put_right
from hms_web.logs import begin, end
from hms_web.services import job_notices, scheduler_pulse

LOOK_SECONDS = 60.0
# RQ waits for jobs this long less fifteen seconds at a time, and beats its heart between two waits.
TTL_SECONDS = 75
# A job is told to end and ends between two of its transactions; one that does not is killed.
GRACE_SECONDS = 5

log = structlog.get_logger(__name__)


class WatchingWorker(Worker):
    """Tells administrators of trouble, mends the schedule of a scheduler that is gone, and ends within ten seconds."""

    _looked_at = float("-inf")

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:  # noqa: ANN401 as RQ has it
        """Look around, at most once a minute, before telling Redis that this worker lives."""
        if not self.is_horse and time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            look_around(self.connection)
        super().heartbeat(timeout, pipeline)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Carry a job out, and write one line about it, which like all that it writes bears its id."""
        begin(job.meta.get(REQUEST_ID), job=(job.func_name or "").removeprefix("hms_web.jobs."))
        began = time.monotonic()
        is_well = super().perform_job(job, queue, execution)
        log.info("job", is_well=is_well, ms=round((time.monotonic() - began) * 1000, 1))
        end()
        return is_well

    def handle_warm_shutdown_request(self) -> None:
        """Pass the wish to end on to the job, and see that it does."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        horse = self.horse_pid
        if horse:
            with suppress(ProcessLookupError):
                os.kill(horse, signal.SIGTERM)
            # Nothing is forked any more from here on, so a thread does no harm.
            last_resort = threading.Timer(GRACE_SECONDS, self._kill_if_still, [horse])
            last_resort.daemon = True
            last_resort.start()

    def _kill_if_still(self, horse: int) -> None:
        if self.horse_pid == horse:
            log.warning("job_killed", seconds=GRACE_SECONDS)
            self.kill_horse()


def look_around(connection: redis.Redis) -> None:
    """Tell administrators what is due, and put the schedule right when the scheduler is silent. Raises nothing."""
    now = clock.now()
    pulse = scheduler_pulse.read(connection, now=now)
    if pulse.state(now) in {SchedulerState.DEAD, SchedulerState.UNKNOWN}:
        log.warning("scheduler_silent", looked_at=pulse.looked_at and pulse.looked_at.isoformat())
        with suppress(redis.RedisError):
            put_right(make_scheduler(connection))
    try:
        with job_session() as session:
            job_notices.tell_all(session, now=now, pulse=pulse)
    except (DatabaseError, sa.exc.SQLAlchemyError) as error:
        log.warning("watch_failed", error=str(error))
