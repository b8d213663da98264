"""Asks for a delivery right after a commit. Best effort: the schedule asks every minute anyway."""

import atexit
import threading
import time

import redis
import structlog

from hms_web.jobs.resources import QUEUE, REQUEST_ID
from hms_web.logs import current

PATH, TIMEOUT_SECONDS = "hms_web.jobs.messages.deliver", 280
QUIET_SECONDS = 30.0
"""How long Redis is left alone after it did not answer."""

# Whoever commits meanwhile is heard at the end of it: of a burst Redis hears a few times and not each.
_BREATH_SECONDS = 0.02
_LINGER_SECONDS = 5.0
_ASKED, _ASKED_SECONDS = "hms:deliver-asked", 60
log = structlog.get_logger(__name__)


class Waker:
    """Queues a delivery, unless one is queued that has not begun: that one will see what is committed by now.

    A thread of its own talks to Redis, so that no request waits for it, whether it answers or not. The thread begins
    with who asks first, in whichever process that is, and ends when nobody has asked for a while.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(redis_url, socket_connect_timeout=0.5, socket_timeout=0.5)
        self._quiet_until = 0.0
        self._lock, self._wanted, self._settled = threading.Lock(), threading.Event(), threading.Event()
        self._asked_by: str | None = None
        self._thread: threading.Thread | None = None
        self._settled.set()

    def ask(self) -> None:
        """Have it queued; when Redis is gone, or no thread can be had, nothing happens, and nothing is lost."""
        with self._lock:
            self._asked_by = current()
            if self._is_at_work():
                self._settled.clear()
                self._wanted.set()

    def _is_at_work(self) -> bool:
        """Whether there is a thread to tell, which begins now if need be."""
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._work, name="waker", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the machine gives no more of them; what was asked for here is committed
                log.warning("worker_not_woken", error=type(error).__name__)
                return False
            self._thread = thread
            atexit.register(self.settle, _BREATH_SECONDS * 5)
        return True

    def settle(self, seconds: float) -> bool:
        """Wait until what was asked for is done, for so long at most; return whether it is."""
        return self._settled.wait(seconds)

    def _work(self) -> None:
        while True:
            self._wanted.wait(_LINGER_SECONDS)
            with self._lock:
                if not self._wanted.is_set():
                    self._thread = None
                    atexit.unregister(self.settle)
                    return
                self._wanted.clear()
                asked_by = self._asked_by
            self._queue(asked_by)
            with self._lock:
                if not self._wanted.is_set():
                    self._settled.set()
            time.sleep(_BREATH_SECONDS)

    def _queue(self, asked_by: str | None) -> None:
        if time.monotonic() < self._quiet_until:
            return
        # Slow to load, and of no use to a process that never writes a message.
        from rq import Queue  # noqa: PLC0415

        try:
            if self._redis.set(_ASKED, "1", nx=True, ex=_ASKED_SECONDS):
                queue = Queue(QUEUE, connection=self._redis)
                queue.enqueue(PATH, job_timeout=TIMEOUT_SECONDS, result_ttl=0, meta={REQUEST_ID: asked_by})
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("worker_not_woken", error=type(error).__name__, request_id=asked_by)


def forget(connection: redis.Redis) -> None:
    """Let messages that are written from now on ask again; a delivery does this before it looks."""
    connection.delete(_ASKED)
