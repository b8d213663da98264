"""Sends what the outbox holds. Redis only says that there may be something; what there is stands in the database."""

import random
import time
from collections import Counter
from functools import partial

import redis
import structlog
from rq.timeouts import BaseTimeoutException
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.config import Settings
from hms_web.jobs import wake
from hms_web.jobs.providers import send
from hms_web.jobs.resources import connect, job_session
from hms_web.services import delivery
from hms_web.services.delivery import Claim, Unwritten

BUDGET_SECONDS = 120
"""After how long a run takes no more messages; the next one goes on."""
SENDING_SECONDS, NOTING_SECONDS = 200, 260
"""After how long a run sends nothing more of what it has taken, and no longer tries to note; then its time is up."""
STUBBORN_SECONDS = 5.0
"""How long to wait between tries to note what is still unwritten at the end."""

log = structlog.get_logger(__name__)


def deliver() -> None:
    """Send all messages that are due."""
    settings = Settings.from_env()
    _forget_asking(settings)
    sent: Counter[str] = Counter()
    unwritten: list[Unwritten] = []
    with job_session() as session:
        began = time.monotonic()
        while _lasts(began) < BUDGET_SECONDS and (batch := delivery.claim(session, now=clock.now())):
            for claimed in batch:
                if _lasts(began) > SENDING_SECONDS:
                    break  # only where the database answers nobody; what is left is due again after its lease
                state = _deliver_one(session, claimed, settings)
                if isinstance(state, Unwritten):
                    unwritten.append(state)
                else:
                    sent[state] += 1
            unwritten = _write(session, unwritten, sent)
        _write_stubbornly(session, unwritten, sent, began)
    if sent:
        log.info("messages_delivered", **sent)


def _lasts(began: float) -> float:
    return time.monotonic() - began


def _deliver_one(session: Session, claimed: Claim, settings: Settings) -> Unwritten | str:
    """Send one message. What is wrong with it holds up none of the others; when its lease is over it is due again."""
    luck = random.random()  # noqa: S311 it spreads tries, and guards nothing
    try:
        sending = partial(send, allowed=settings.provider_hosts)
        return delivery.deliver(
            session, claimed, sending, secret=settings.secret_keys, luck=luck, now=clock.now(), pause=time.sleep
        )
    except BaseTimeoutException:
        raise
    except Exception as error:  # noqa: BLE001 whatever it is, the others are to be sent
        session.rollback()
        log.warning("message_failed", error=type(error).__name__)
        return "TROUBLE"


def _write(session: Session, unwritten: list[Unwritten], sent: Counter[str]) -> list[Unwritten]:
    """Try to note what providers have answered; return what is still unwritten."""
    left = []
    for answer in unwritten:
        state = delivery.write(session, answer, now=clock.now())
        if state is None:
            left.append(answer)
        else:
            sent[state] += 1
    return left


def _write_stubbornly(session: Session, unwritten: list[Unwritten], sent: Counter[str], began: float) -> None:
    """Go on trying for as long as there is time: what was sent and is not noted is sent again after its lease."""
    while unwritten and _lasts(began) < NOTING_SECONDS:
        time.sleep(STUBBORN_SECONDS)
        unwritten = _write(session, unwritten, sent)
    if unwritten:
        log.error("answers_not_noted", count=len(unwritten))


def _forget_asking(settings: Settings) -> None:
    """Let messages that are written from now on ask again. Without Redis there is nothing to forget."""
    try:
        with connect(settings) as connection:
            wake.forget(connection)
    except redis.RedisError:
        log.warning("redis_does_not_answer")
