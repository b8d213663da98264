"""The scheduler's sign of life, kept on Redis: written at each of its looks, read by whoever judges its health."""

from datetime import UTC, datetime

import redis

from hms_web.domain.scheduler_pulse import Pulse

EXTENSION = "hms_scheduler_pulse"
KEY = "hms:scheduler:looked-at"
MISSED = "hms:scheduler:missed-since"


def beat(client: redis.Redis, *, now: datetime) -> None:
    """Note that the scheduler looks for what is due."""
    client.set(KEY, int(now.timestamp()))
    client.delete(MISSED)


def read(client: redis.Redis, *, now: datetime) -> Pulse:
    """Return when the scheduler last looked.

    On a Redis that has just been emptied that is not known. Whoever finds it so first notes when, so that a scheduler
    that does not come back is not unknown for ever.
    """
    try:
        looked_at = _instant(client.get(KEY))
        if looked_at is not None:
            return Pulse(looked_at=looked_at)
        client.set(MISSED, int(now.timestamp()), nx=True)
        return Pulse(missed_since=_instant(client.get(MISSED)))
    except redis.RedisError:
        return Pulse(answers=False)


def _instant(written: object) -> datetime | None:
    """Read an instant, in whole seconds; None for what is none."""
    return datetime.fromtimestamp(int(written), UTC) if isinstance(written, bytes) and written.isdigit() else None
