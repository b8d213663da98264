"""Removes what has lapsed."""

from hms_web import clock
from hms_web.jobs.resources import job_session
from hms_web.services import housekeeping


def clean_up() -> None:
    """Remove ended sessions and tokens, old links, remembered answers, lapsed holds and old runs."""
    with job_session() as session:
        housekeeping.clean_up(session, now=clock.now())
