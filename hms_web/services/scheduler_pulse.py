"""The scheduler's sign of life, kept on Redis: written at each of its looks, read by whoever judges its health."""

from datetime import UTC, datetime

import redis

from hms_web.domain.job_health import Pulse

EXTENSION = "hms_scheduler_pulse"
KEY = "hms:scheduler:looked-at"


def beat(client: redis.Redis, *, now: datetime) -> None:
    """Note that the scheduler looks for what is due."""
    client.set(KEY, int(now.timestamp()))


def read(client: redis.Redis) -> Pulse:
    """Return when the scheduler last looked; not known on a Redis that has just been emptied."""
    try:
        written = client.get(KEY)
    except redis.RedisError:
        return Pulse(answers=False)
    if not isinstance(written, bytes) or not written.isdigit():
        return Pulse()
    return Pulse(looked_at=datetime.fromtimestamp(int(written), UTC))
