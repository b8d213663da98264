"""The periodic jobs, declared; Redis is put right after this list at every start and at every look of the scheduler.

The only module that knows rq-scheduler. Hours are UTC here: a job that belongs to a hospital's hour decides itself
whether it is time. Only what differs is written, because registering a job again would forget a run that is overdue.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import redis
import structlog
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq_scheduler import Scheduler

from hms_web import clock
from hms_web.jobs import audit, housekeeping, messages, no_show, slots, wake
from hms_web.jobs.resources import QUEUE
from hms_web.services import scheduler_pulse

LOOK_SECONDS = 10
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Periodic:
    """One job: its id (letters, digits, `-`, `_`), when (cron, UTC) and what it runs, for how many seconds at most."""

    id: str
    cron: str
    function: Callable[[], None]
    timeout: int

    @property
    def path(self) -> str:
        """How RQ names the function."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


SCHEDULE = (
    # Round the clock: whether a hospital's window is open is for its own clock to say.
    Periodic("no-show-check", "*/5 * * * *", no_show.check, 1200),
    # Hourly, since it is always somewhere shortly after midnight; for all other hospitals there is nothing to do.
    Periodic("extend-horizons", "7 * * * *", slots.extend_horizons, 1800),
    # What a request could not ask for, since Redis was gone, and what has to be tried again.
    Periodic("deliver-messages", "* * * * *", messages.deliver, wake.TIMEOUT_SECONDS),
    Periodic("chain-audit", "* * * * *", audit.chain, 280),
    Periodic("clean-up", "*/10 * * * *", housekeeping.clean_up, 300),
)


class MendingScheduler(Scheduler):  # type: ignore[misc]  # rq-scheduler has no types
    """A scheduler that puts the list right before each look: a flushed Redis costs one look and not the schedule."""

    def enqueue_jobs(self) -> object:
        """Put the list right, then queue what is due; both are signs of life."""
        scheduler_pulse.beat(self.connection, now=clock.now())
        put_right(self)
        return super().enqueue_jobs()


def make_scheduler(connection: redis.Redis) -> MendingScheduler:
    """The scheduler over the jobs' queue."""
    return MendingScheduler(queue_name=QUEUE, connection=connection, interval=LOOK_SECONDS)


def put_right(scheduler: Scheduler, declared: Iterable[Periodic] = SCHEDULE) -> list[str]:
    """Make Redis hold exactly the declared jobs; the ids that were added, changed or removed."""
    wanted = {job.id: job for job in declared}
    changed = [_remove(scheduler, known) for known in _registered(scheduler) if known not in wanted]
    changed += [_register(scheduler, job) for job in wanted.values() if not _is_right(scheduler, job)]
    if changed:
        log.info("schedule_put_right", jobs=changed)
    return changed


def _registered(scheduler: Scheduler) -> list[str]:
    return [name.decode() for name in scheduler.connection.zrange(scheduler.scheduled_jobs_key, 0, -1)]


def _is_right(scheduler: Scheduler, job: Periodic) -> bool:
    if job.id not in scheduler:
        return False
    try:
        found = Job.fetch(job.id, connection=scheduler.connection)
    except NoSuchJobError:
        return False
    registered = [found.meta.get("cron_string"), found.func_name, found.timeout, found.origin, found.result_ttl]
    return registered == [job.cron, job.path, job.timeout, QUEUE, -1]


def _register(scheduler: Scheduler, job: Periodic) -> str:
    # With a result that lapses the job itself would lapse, and with it the schedule, silently: -1 keeps it.
    scheduler.cron(job.cron, job.function, id=job.id, timeout=job.timeout, result_ttl=-1, queue_name=QUEUE)
    return job.id


def _remove(scheduler: Scheduler, job_id: str) -> str:
    scheduler.cancel(job_id)
    return job_id
