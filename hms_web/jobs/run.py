"""The two background processes: one executes jobs, one says when."""

import os
import time
import warnings

import redis
from rq import Queue

from hms_web.config import Settings
from hms_web.jobs.resources import QUEUE, connect
from hms_web.jobs.schedule import make_scheduler, put_right
from hms_web.jobs.watch import TTL_SECONDS, WatchingWorker, look_around
from hms_web.logs import configure_logging

# A killed worker's job is found by another worker's maintenance; RQ's own default is ten minutes.
MAINTENANCE_SECONDS = 60

# rq-scheduler's crontab announces that it will reckon in UTC one day, which with TZ=UTC changes nothing.
warnings.filterwarnings("ignore", message=r"Version 0\.22\.0\+ of crontab", category=FutureWarning)


def work() -> None:
    """Execute jobs until asked to end."""
    configure_logging()
    connection = connect(Settings.from_env())
    try:
        put_right(make_scheduler(connection))
    except redis.RedisError:
        look_around(connection)  # this process ends now and is started again, but somebody should hear of it
        raise
    worker = WatchingWorker(
        [Queue(QUEUE, connection=connection)],
        connection=connection,
        worker_ttl=TTL_SECONDS,
        maintenance_interval=MAINTENANCE_SECONDS,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")


def schedule() -> None:
    """Queue what is due until asked to end."""
    # rq-scheduler reads cron hours in the process's own zone, whatever it is told.
    os.environ["TZ"] = "UTC"
    time.tzset()
    configure_logging()
    make_scheduler(connect(Settings.from_env())).run()
