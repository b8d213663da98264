"""Removes what has lapsed."""

from hms_web import clock
from hms_web.jobs.resources import job_session
from hms_web.services import housekeeping


def clean_up() -> None:
    """Remove sessions, holds and idempotency keys that have expired."""
    with job_session() as session:
        housekeeping.clean_up(session, now=clock.now())
