"""Looks after the jobs when nobody else can: while the web process answers, it sees at least their silence.

Once a minute, after an answer has been sent, so that nobody waits for it. Load balancers ask every few seconds, so
there is always an answer to come after.
"""

import time

import redis
import sqlalchemy as sa
import structlog
from flask import Flask, Response
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.models import db
from hms_web.services import job_notices, scheduler_pulse
from hms_web.services.unit_of_work import Busy

SECONDS = "WATCH_SECONDS"
DUE = "hms_watch_due"
EVERY_SECONDS = 60.0

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Look once in a while, for the first time a while after the start, when the scheduler has had its chance."""
    app.config.setdefault(SECONDS, None if app.testing else EVERY_SECONDS)
    due = app.extensions[DUE] = [time.monotonic() + (app.config[SECONDS] or 0)]

    def after(response: Response) -> Response:
        every = app.config[SECONDS]
        if every is not None and time.monotonic() >= due[0]:
            due[0] = time.monotonic() + every
            engine, client = db.engine, app.extensions[scheduler_pulse.EXTENSION]
            response.call_on_close(lambda: look_around(engine, client))
        return response

    app.after_request(after)


def look_around(engine: sa.Engine, client: redis.Redis) -> None:
    """Tell administrators what is due. Raises nothing that a stuck database can cause."""
    try:
        with Session(engine) as session:
            now = clock.now()
            job_notices.tell_all(session, now=now, pulse=scheduler_pulse.read(client, now=now))
    except (sa.exc.SQLAlchemyError, Busy) as error:
        log.warning("watch_failed", error=type(error).__name__)
