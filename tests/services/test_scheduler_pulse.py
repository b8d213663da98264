"""The scheduler's sign of life."""

import redis as redis_client

from hms_web.domain.job_health import Pulse
from hms_web.services import scheduler_pulse
from tests.scenes import NOW


def test_a_look_is_noted_and_read(redis: redis_client.Redis) -> None:
    assert scheduler_pulse.read(redis) == Pulse(answers=True, looked_at=None)
    scheduler_pulse.beat(redis, now=NOW)
    assert scheduler_pulse.read(redis) == Pulse(answers=True, looked_at=NOW)


def test_a_redis_that_does_not_answer_says_so() -> None:
    with redis_client.Redis.from_url("redis://127.0.0.1:1") as gone:
        assert scheduler_pulse.read(gone) == Pulse(answers=False)
