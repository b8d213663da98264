"""Sends what the outbox holds. Redis only says that there may be something; what there is stands in the database."""

import random
import time

import redis
import structlog

from hms_web import clock
from hms_web.config import Settings
from hms_web.jobs import wake
from hms_web.jobs.providers import send
from hms_web.jobs.resources import connect, job_session
from hms_web.services import delivery

BUDGET_SECONDS = 120
"""After how long a run takes no more messages; the next one goes on."""

log = structlog.get_logger(__name__)


def deliver() -> None:
    """Send all messages that are due."""
    settings = Settings.from_env()
    _forget_asking(settings)
    sent: dict[str, int] = {}
    with job_session() as session:
        until = time.monotonic() + BUDGET_SECONDS
        while time.monotonic() < until and (batch := delivery.claim(session, now=clock.now())):
            for claimed in batch:
                luck = random.random()  # noqa: S311 it spreads tries, and guards nothing
                state = delivery.deliver(session, claimed, send, secret=settings.secret_key, luck=luck, now=clock.now())
                sent[state.value] = sent.get(state.value, 0) + 1
    if sent:
        log.info("messages_delivered", **sent)


def _forget_asking(settings: Settings) -> None:
    """Let messages that are written from now on ask again. Without Redis there is nothing to forget."""
    try:
        with connect(settings) as connection:
            wake.forget(connection)
    except redis.RedisError:
        log.warning("redis_does_not_answer")
