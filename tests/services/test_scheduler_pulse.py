"""The scheduler's sign of life."""

from datetime import timedelta

import redis as redis_client

from hms_web.domain.scheduler_pulse import Pulse
from hms_web.services import scheduler_pulse
from tests.scenes import NOW

MINUTE = timedelta(minutes=1)


def test_a_look_is_noted_and_read(redis: redis_client.Redis) -> None:
    scheduler_pulse.beat(redis, now=NOW)
    assert scheduler_pulse.read(redis, now=NOW + MINUTE) == Pulse(looked_at=NOW)


def test_since_when_no_sign_of_it_is_there_is_remembered_until_there_is_one(redis: redis_client.Redis) -> None:
    assert scheduler_pulse.read(redis, now=NOW) == Pulse(missed_since=NOW)
    assert scheduler_pulse.read(redis, now=NOW + MINUTE) == Pulse(missed_since=NOW)
    scheduler_pulse.beat(redis, now=NOW + MINUTE)
    assert scheduler_pulse.read(redis, now=NOW + MINUTE) == Pulse(looked_at=NOW + MINUTE)
    redis.delete(scheduler_pulse.KEY)
    assert scheduler_pulse.read(redis, now=NOW + 9 * MINUTE) == Pulse(missed_since=NOW + 9 * MINUTE)


def test_a_redis_that_does_not_answer_says_so() -> None:
    with redis_client.Redis.from_url("redis://127.0.0.1:1") as gone:
        assert scheduler_pulse.read(gone, now=NOW) == Pulse(answers=False)
