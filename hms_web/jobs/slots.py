"""Keeps every doctor's slots made up to the end of the booking window."""

from hms_web import clock
from hms_web.jobs.resources import job_session
from hms_web.services import slot_horizons


def extend_horizons() -> None:
    """Make the slots of the days that have come into the window."""
    with job_session() as session:
        slot_horizons.extend_all(session, now=clock.now())
