"""The jobs run over the settings of their process, through a real worker."""

import io
import logging

import pytest
import redis as redis_client
import sqlalchemy as sa
from flask import Flask
from rq import Queue, SimpleWorker

from hms_web.config import ConfigError, Settings
from hms_web.jobs.resources import QUEUE, connect, job_session
from hms_web.jobs.schedule import SCHEDULE, Periodic


@pytest.mark.parametrize("job", SCHEDULE, ids=lambda job: job.id)
def test_every_declared_job_can_be_run_by_its_name(
    job: Periodic, app: Flask, redis: redis_client.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("REDIS_URL", redis_url)
    queue = Queue(QUEUE, connection=redis)
    queued = queue.enqueue(job.path)
    SimpleWorker([queue], connection=redis).work(burst=True, logging_level="ERROR")
    queued.refresh()
    assert queued.get_status() == "finished", queued.latest_result()


CANARY = "Canary Quillfeather"


def _write_nonsense() -> None:
    """A job that gives the database a name where it wants a number."""
    with job_session() as session:
        session.execute(sa.text("SELECT CAST(:name AS integer)"), {"name": CANARY})


def test_a_job_fails_without_the_values_it_worked_with(
    app: Flask, redis: redis_client.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("REDIS_URL", redis_url)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    logging.getLogger("rq.worker").addHandler(handler)
    try:
        queue = Queue(QUEUE, connection=redis)
        queued = queue.enqueue(_write_nonsense)
        SimpleWorker([queue], connection=redis).work(burst=True, logging_level="INFO")
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("rq.worker").removeHandler(handler)
    result = queued.latest_result()
    assert result is not None
    assert "DataError" in (result.exc_string or ""), "what kind of error it was"
    assert "test_jobs.py" in (result.exc_string or ""), "and where"
    assert CANARY not in (result.exc_string or "") + written.getvalue()


def test_without_its_servers_a_background_process_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(ConfigError, match=r"^DATABASE_URL is not set"), job_session():
        pass
    with pytest.raises(ConfigError, match=r"^REDIS_URL is not set"):
        connect(Settings.from_env())
