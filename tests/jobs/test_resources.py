"""A job is told in time to end in order, and keeps its connection from one transaction to the next."""

import os
import signal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.jobs import no_show
from hms_web.jobs.resources import asked_to_end, job_session
from hms_web.jobs.schedule import SCHEDULE
from hms_web.local.processes import wait_until


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


def backend(session: Session) -> int:
    """Which connection a session's next transaction has."""
    found = session.scalar(sa.text("SELECT pg_backend_pid()"))
    session.commit()
    return int(found or 0)


@pytest.mark.usefixtures("environ")
def test_a_job_keeps_its_connection_while_that_lives_and_no_longer_than_it_takes(engine: sa.Engine) -> None:
    def asked(question: str, pid: int) -> int:
        with engine.connect() as other:
            return int(other.scalar(sa.text(question), {"pid": pid}) or 0)

    with job_session() as own:
        first = backend(own)
        assert backend(own) == first
        assert asked("SELECT pg_terminate_backend(:pid, 5000)", first)
        second = backend(own)
        assert second != first
    assert wait_until(lambda: not asked("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid", second), 5.0)
