"""A job is told in time to end in order."""

import os
import signal

from hms_web.jobs import no_show
from hms_web.jobs.resources import asked_to_end
from hms_web.jobs.schedule import SCHEDULE


def test_a_job_ends_when_its_process_is_asked_to_and_when_its_time_is_over() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with asked_to_end(60) as is_stopping:
        assert not is_stopping()
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_stopping()
    assert signal.getsignal(signal.SIGTERM) == before
    with asked_to_end(0) as is_stopping:
        assert is_stopping()


def test_a_check_ends_before_it_is_broken_off() -> None:
    (limit,) = [job.timeout for job in SCHEDULE if job.function is no_show.check]
    assert limit - 60 >= no_show.BUDGET_SECONDS
