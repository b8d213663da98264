"""Asks for a delivery right after a commit. Best effort: the schedule asks every minute anyway."""

import time

import redis
import structlog

from hms_web.jobs.resources import QUEUE, REQUEST_ID
from hms_web.logs import current

PATH, TIMEOUT_SECONDS = "hms_web.jobs.messages.deliver", 280
QUIET_SECONDS = 30.0
"""How long Redis is left alone after it did not answer, so that it costs one request its patience and not each."""

_ASKED, _ASKED_SECONDS = "hms:deliver-asked", 60
log = structlog.get_logger(__name__)


class Waker:
    """Queues a delivery, unless one is queued that has not begun: that one will see what is committed by now."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_connect_timeout=0.5, socket_timeout=0.5)
        self._quiet_until = 0.0

    def ask(self) -> None:
        """Queue it; when Redis is gone nothing happens, and nothing is lost."""
        if time.monotonic() < self._quiet_until:
            return
        # Slow to load, and of no use to a process that never writes a message.
        from rq import Queue  # noqa: PLC0415

        try:
            if self._redis.set(_ASKED, "1", nx=True, ex=_ASKED_SECONDS):
                asked_by = {REQUEST_ID: current()}
                queue = Queue(QUEUE, connection=self._redis)
                queue.enqueue(PATH, job_timeout=TIMEOUT_SECONDS, result_ttl=0, meta=asked_by)
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("worker_not_woken", error=type(error).__name__)


def forget(connection: redis.Redis) -> None:
    """Let messages that are written from now on ask again; a delivery does this before it looks."""
    connection.delete(_ASKED)
