"""The tick of the no-show check, every five minutes; each hospital's own clock says whether its window is open."""

from hms_web import clock
from hms_web.config import Settings
from hms_web.domain.job_health import RunSource
from hms_web.jobs.resources import asked_to_end, connect, job_session
from hms_web.services import no_show_check, scheduler_pulse

BUDGET_SECONDS = 1080
"""After how long a check goes on with no further batch; RQ breaks it off two minutes later."""


class SomeFailed(Exception):
    """In at least one hospital the check did not go well; the run's record says why, and RQ keeps this."""


def check() -> None:
    """Check every hospital whose window is open. Ticks that come twice, or late together, are one run."""
    now = clock.now()
    with connect(Settings.from_env()) as client:
        pulse = scheduler_pulse.read(client, now=now)
    with asked_to_end(BUDGET_SECONDS) as is_stopping, job_session() as session:
        checked = no_show_check.check_all(session, RunSource.SCHEDULER, now=now, pulse=pulse, is_stopping=is_stopping)
    if checked.has_failed:
        raise SomeFailed
