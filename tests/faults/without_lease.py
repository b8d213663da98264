"""A worker that takes no lease, for the positive control and nothing else: no setting of the product can do this."""

from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain import job_health as rules
from hms_web.domain.job_health import JobName
from hms_web.jobs.run import work
from hms_web.models import CronJobRun
from hms_web.services import leases


def always_free(_session: Session, _hospital_id: UUID, _job: JobName) -> leases.Free:
    """Say that nobody is at it, and that nobody was."""
    return leases.Free(0, None)


def opened(session: Session, free: leases.Free, run: CronJobRun) -> leases.Lease:
    """Open a run and take nothing for it."""
    session.add(run)
    session.flush()
    return leases.Lease(run.hospital_id, JobName(run.job_name), run.id, free.fence)


leases.lock, leases.take = always_free, opened  # type: ignore[assignment]
leases.show = lambda *_given: None
leases.give_back = lambda *_given: True
rules.is_the_same = lambda *_given: False

if __name__ == "__main__":
    work()
