"""Redis emptied, gone and back, the scheduler killed, PostgreSQL restarted (quality.md: J5, J6); servers of our own."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

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
from tests.processes import ServerFactory, _gunicorn, _is_ready
from tests.scenes import NOW, Clinic, clinic
from tests.servers import ROOT, Servers

pytestmark = pytest.mark.fault

ENTRIES = "rq:scheduler:scheduled_jobs"
BACK_WITHIN = 120.0
AT_MOST_SECONDS = 6.0
"""Five, and a second for a busy machine."""


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


def token_of(session: Session, here: Clinic) -> dict[str, str]:
    secret = passwords.new_secret()
    ends = NOW + timedelta(hours=12)
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
    servers: Servers, worker_number: int, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and "pytest" in folder.name:
            folder.chmod(0o755)  # root's PostgreSQL runs as somebody else, who has to walk through
    postgres = Postgres(tmp_path / "postgres", tmp_path / "postgres.log", free_port(), new_password(), durable=False)
    postgres.start()
    own = Servers(postgres.url("postgres"), servers.redis, f"own_{secrets.token_hex(3)}")
    environ = {
        "HMS_ENV": "testing",
        "HMS_TEST_NOW": NOW.isoformat(),
        "DATABASE_URL": own.clone(f"{own.run}_web"),
        "REDIS_URL": servers.redis_database(
            32 + worker_number if "TEST_REDIS_URL" not in os.environ else worker_number
        ),
    }
    port, log = free_port(), tmp_path / "web.log"
    web = _gunicorn(port, 4, os.environ | environ, log)
    url = f"http://{LOOPBACK}:{port}"
    try:
        assert wait_until(partial(_is_ready, url), 30), last_lines(log, 20)
        engine = sa.create_engine(environ["DATABASE_URL"])
        with Session(engine, expire_on_commit=False) as session:
            headers = token_of(session, clinic(session))
        engine.dispose()
        ask = partial(httpx.get, f"{url}/api/v1/auth/me", headers=headers, timeout=30)
        assert ask().status_code == 200
        postgres.stop()
        for _ in range(3):
            began = time.monotonic()
            answer = ask()
            assert time.monotonic() - began < AT_MOST_SECONDS
            assert (answer.status_code, answer.json()["code"]) == (503, "BUSY")
            assert 1 <= int(answer.headers["Retry-After"]) <= 5
        assert httpx.get(f"{url}/healthz").status_code == 200
        postgres.start()
        assert wait_until(lambda: ask().status_code == 200, 10)
        assert web.poll() is None
    finally:
        stop(web, signal.SIGTERM, 10)
        postgres.stop()
