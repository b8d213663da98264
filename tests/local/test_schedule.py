"""The declared schedule is put right in Redis: nothing twice, nothing lost, nothing overdue forgotten."""

import time
from dataclasses import replace

import pytest
import redis as redis_client
from rq.job import Job

from hms_web.jobs.schedule import SCHEDULE, MendingScheduler, make_scheduler, put_right

EVERY_ID = sorted(job.id for job in SCHEDULE)


@pytest.fixture
def scheduler(redis: redis_client.Redis) -> MendingScheduler:
    return make_scheduler(redis)


def registered(scheduler: MendingScheduler) -> list[str]:
    return sorted(name.decode() for name in scheduler.connection.zrange(scheduler.scheduled_jobs_key, 0, -1))


def test_an_empty_redis_gets_every_job_once(scheduler: MendingScheduler) -> None:
    assert sorted(put_right(scheduler)) == EVERY_ID
    assert put_right(scheduler) == []
    assert registered(scheduler) == EVERY_ID


def test_a_flushed_redis_is_right_after_one_look(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    scheduler.connection.flushdb()
    scheduler.enqueue_jobs()
    assert registered(scheduler) == EVERY_ID


def test_a_job_that_is_no_longer_declared_goes(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    assert put_right(scheduler, SCHEDULE[1:]) == [SCHEDULE[0].id]
    assert registered(scheduler) == sorted(job.id for job in SCHEDULE[1:])


def test_a_job_whose_time_changed_is_written_anew(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    changed = replace(SCHEDULE[0], cron="*/3 * * * *")
    assert put_right(scheduler, [changed, *SCHEDULE[1:]]) == [changed.id]
    assert Job.fetch(changed.id, connection=scheduler.connection).meta["cron_string"] == "*/3 * * * *"


def test_an_overdue_run_is_kept(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    overdue = int(time.monotonic())  # long before today, on the clock of Redis
    scheduler.connection.zadd(scheduler.scheduled_jobs_key, {SCHEDULE[0].id: overdue})
    assert put_right(scheduler) == []
    assert scheduler.connection.zscore(scheduler.scheduled_jobs_key, SCHEDULE[0].id) == overdue


def test_a_crash_between_taking_and_putting_back_loses_nothing(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    scheduler.connection.zrem(scheduler.scheduled_jobs_key, SCHEDULE[0].id)
    assert put_right(scheduler) == [SCHEDULE[0].id]


def test_an_entry_whose_job_lapsed_is_made_anew(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    Job.fetch(SCHEDULE[0].id, connection=scheduler.connection).delete()
    assert put_right(scheduler) == [SCHEDULE[0].id]


def test_a_periodic_job_never_lapses(scheduler: MendingScheduler) -> None:
    put_right(scheduler)
    assert {Job.fetch(name, connection=scheduler.connection).result_ttl for name in EVERY_ID} == {-1}
