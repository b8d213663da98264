"""Redis emptied, gone and back, the scheduler killed, PostgreSQL restarted (quality.md: J5, J6); servers of our own."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as redis_client
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.jobs.schedule import SCHEDULE
from hms_web.local.keep import command_line
from hms_web.local.postgres import Postgres
from hms_web.local.processes import LOOPBACK, free_port, last_lines, new_password, start, stop, wait_until
from hms_web.local.valkey import Valkey
from hms_web.models import ApiToken
from hms_web.services import passwords
from tests.faults.yard import Yard
from tests.processes import ServerFactory, _gunicorn, _is_ready
from tests.races.crowd import outcomes
from tests.races.hall import opened, times
from tests.scenes import NOW, Clinic, clinic
from tests.servers import ROOT

pytestmark = pytest.mark.fault

IMPATIENT = Path(__file__).with_name("impatient.py")
THREADS = 4
ENTRIES = "rq:scheduler:scheduled_jobs"
BACK_WITHIN = 120.0
AT_MOST_SECONDS = 5.0
"""As the client counts: nothing else runs meanwhile in the fault suite."""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path / "valkey", tmp_path / "valkey.log", free_port(), new_password(), durable=False)
    valkey.start()
    yield valkey
    valkey.stop()


def registered(url: str) -> set[str]:
    """The jobs that the scheduler knows; none while Redis is gone."""
    with suppress(redis_client.RedisError), redis_client.Redis.from_url(url) as client:
        return {name.decode() for name in client.zrange(ENTRIES, 0, -1)}
    return set()


def token_of(session: Session, here: Clinic, lasts: timedelta = timedelta(hours=12)) -> dict[str, str]:
    secret = passwords.new_secret()
    ends = NOW + lasts
    hashed = passwords.secret_hash(secret)
    session.add(ApiToken(user_id=here.admin.user_id, token_hash=hashed, created_at=NOW, expires_at=ends))
    session.commit()
    return {"Authorization": f"Bearer {secret}"}


def test_the_schedule_survives_redis_and_the_scheduler(valkey: Valkey, server: ServerFactory, tmp_path: Path) -> None:
    """One after the other, because starting them is most of the time: emptied, killed at its worst moment, gone."""
    url, everything = valkey.url(), {job.id for job in SCHEDULE}
    web = server(processes=1, env={"HMS_TEST_NOW": NOW.isoformat(), "REDIS_URL": url})
    environ = os.environ | {"HMS_ENV": "testing", "DATABASE_URL": web.database_url, "REDIS_URL": url}
    line = command_line(os.getpid(), [sys.executable, "worker.py", "schedule"], again=True)
    log = tmp_path / "scheduler.log"
    keeper = start(line, ending=signal.SIGTERM, log=log, cwd=ROOT, env=environ, own_group=True)

    def is_back() -> bool:
        return registered(url) == everything

    try:
        assert wait_until(is_back, BACK_WITHIN, step=0.1), last_lines(log, 20)
        with redis_client.Redis.from_url(url) as client:
            client.flushall()
            assert wait_until(is_back, BACK_WITHIN, step=0.1), "emptied"
            client.zrem(ENTRIES, "no-show-check")  # it has taken the entry and not put the next one back
        scheduler = int(Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()[0])
        os.kill(scheduler, signal.SIGKILL)
        assert wait_until(is_back, BACK_WITHIN, step=0.1), "killed"
        valkey.stop()
        goes_on_without_redis(web.url, web.database_url)
        valkey.start()
        assert wait_until(is_back, BACK_WITHIN, step=0.1), "gone and back"
    finally:
        stop(keeper, signal.SIGTERM, 10)


def goes_on_without_redis(url: str, database_url: str) -> None:
    """Booking works, the check can be run, and its health is red."""
    engine = sa.create_engine(database_url)
    with Session(engine, expire_on_commit=False) as session:
        here = clinic(session)
        headers = token_of(session, here)
        doctor, patient = here.doctor(), here.patient()
    engine.dispose()
    body = {
        "patientId": str(patient),
        "doctorId": str(doctor),
        "date": f"{NOW.date()}",
        "time": "10:00",
    }
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30) as caller:
        assert caller.post("/appointments", json=body).status_code == 201
        assert caller.post("/no-show/trigger").status_code == 200
        health = caller.get("/no-show/cron-health").json()
    assert health["isHealthy"] is False
    assert health["healthMessage"].startswith("Redis does not answer")
    assert health["bySource"]["manual"]["isHealthy"] is True


def test_postgresql_restarted_is_503_for_a_moment_and_nothing_has_to_be_restarted(
    own_yard: Yard, postgres: Postgres, tmp_path: Path
) -> None:
    """It goes in the middle of a sweep, with a web process beside it; neither that nor the worker is started again."""
    own_yard.due()
    worker, port, log = own_yard.worker(), free_port(), tmp_path / "web.log"
    web = _gunicorn(port, 4, os.environ | dict(own_yard.environ), log)
    url = f"http://{LOOPBACK}:{port}"
    ask = partial(
        httpx.get, f"{url}/api/v1/auth/me", headers=token_of(own_yard.here.session, own_yard.here), timeout=30
    )
    try:
        assert wait_until(partial(_is_ready, url), 30), last_lines(log, 20)
        assert ask().status_code == 200
        with own_yard.gate("BEFORE INSERT ON no_show_logs", number=250) as gate:
            job = own_yard.enqueue()
            gate.await_arrival()
            postgres.stop()
            for _ in range(3):
                began = time.monotonic()
                answer = ask()
                assert time.monotonic() - began < AT_MOST_SECONDS
                assert (answer.status_code, answer.json()["code"]) == (503, "BUSY")
                assert 1 <= int(answer.headers["Retry-After"]) <= 5
            assert httpx.get(f"{url}/healthz").status_code == 200
            postgres.start()
            own_yard.engine.dispose()  # what this test held went with the server
        assert wait_until(lambda: ask().status_code == 200, 10)
        assert own_yard.finish(job) == "failed"
        assert own_yard.count("SELECT count(*) FROM no_show_logs") == 0, "nothing of half a batch is there"
        own_yard.lease_runs_out()
        assert own_yard.finish(own_yard.enqueue()) == "finished"
        own_yard.each_once()
        assert (web.poll(), worker.poll()) == (None, None)
    finally:
        stop(web, signal.SIGTERM, 10)


def test_a_lock_that_is_held_for_long_is_503_for_whoever_comes_and_they_do_not_pile_up(server: ServerFactory) -> None:
    """Three times as many clients as there are threads: who comes later is answered as soon as who came first."""
    with opened(server(processes=1, threads=THREADS, env={"HMS_TEST_NOW": NOW.isoformat()})) as hall:
        locked, free = hall.doctor(), hall.doctor()
        patients = hall.patients(3 * THREADS)
        asks = [hall.booking(locked, one, at) for one, at in zip(patients, times(len(patients)), strict=True)]
        with hall.holding("doctors", locked):
            for number in range(2):
                answers = hall.crowd.at_once(asks)
                assert outcomes(answers) == {"BUSY": len(asks)}
                assert all(1 <= int(answer.headers["retry-after"]) <= 5 for answer in answers)
                slowest = max(answer.seconds for answer in answers)
                assert slowest < (AT_MOST_SECONDS, 3.0)[number], "the second time it is known to be locked"
            (other,) = hall.crowd.at_once([hall.booking(free, patients[0], times(1)[0])])
            assert (other.outcome, other.seconds < 3) == ("201", True), "nobody is left in the way"
        assert [hall.crowd.ask(ask).outcome for ask in asks[1:3]] == ["201", "201"], "and it goes on by itself"
        hall.crowd.errors = 0
        hall.check()


def test_a_scheduler_that_is_killed_turns_its_health_red_by_itself(server: ServerFactory, tmp_path: Path) -> None:
    """On the real clock, with nobody there to write when it last looked; two minutes are made five times as short."""
    environ = {"GUNICORN_CMD_ARGS": f"--config '{IMPATIENT}'", "HMS_TEST_NOW": ""}
    web = server(processes=1, env=environ)
    engine = sa.create_engine(web.database_url)
    with Session(engine, expire_on_commit=False) as session:
        here = clinic(session)
        headers = token_of(session, here, timedelta(days=40_000))
    engine.dispose()
    environ = os.environ | {"HMS_ENV": "testing", "DATABASE_URL": web.database_url, "REDIS_URL": web.redis_url}
    with redis_client.Redis.from_url(web.redis_url) as client:
        client.flushdb()
    line, log = [sys.executable, "worker.py", "schedule"], tmp_path / "scheduler.log"
    scheduler = start(line, ending=signal.SIGKILL, log=log, cwd=ROOT, env=environ)
    state = partial(health_of, web.url, headers)
    try:
        assert state()["schedulerState"] in {"UNKNOWN", "LIVES"}
        assert wait_until(lambda: state()["schedulerState"] == "LIVES", BACK_WITHIN), last_lines(log, 20)
        assert state()["isHealthy"] is True
        scheduler.kill()
        scheduler.wait()
        assert wait_until(lambda: state()["isHealthy"] is False, BACK_WITHIN)
    finally:
        stop(scheduler, signal.SIGKILL, 5)
    found = state()
    assert (found["schedulerState"], found["bySource"]["scheduler"]["isHealthy"]) == ("DEAD", False)
    assert found["healthMessage"].startswith("The scheduler has not looked")


def health_of(url: str, headers: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{url}/api/v1/no-show/cron-health", headers=headers, timeout=30).json()
    return found
