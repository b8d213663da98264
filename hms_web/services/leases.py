"""Only one run of a job a hospital at a time, by a lease in the database (product.md, Jobs; docs/decisions/0070).

The database's own clock says when a lease has run out, since the processes that ask stand on different machines. A run
shows its lease again in every transaction in which it writes: `show` keeps anybody from taking it over until that
transaction ends. Between those transactions it has it renewed in good time. A run whose lease was taken over, or ran
out, can write nothing more, even if it wakes up.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.job_health import JobName, RunStatus
from hms_web.domain.phrases import phrase
from hms_web.models import CronJobRun, JobLease

LASTS = timedelta(minutes=5)
RAN_OUT = phrase("The lease ran out before the run ended: its process was killed, stopped or far too slow.")

WORTH_RENEWING = timedelta(seconds=30)
"""When so much of a lease is over it is renewed. What is left at least, four and a half minutes, is more than the
server's time limit (`config.engine_options`) gives all the statements of a batch, and nothing is renewed within one.
"""

# Sent with every batch, so past the ORM.
_MINE = "hospital_id = :hospital AND job_name = :job AND fence = :fence AND expires_at > clock_timestamp()"
_RENEW = text(
    f"UPDATE job_leases SET expires_at = clock_timestamp() + :lasts "  # noqa: S608 written here
    f"WHERE {_MINE} AND expires_at <= clock_timestamp() + :left"
)
_HOLD = text(f"SELECT fence FROM job_leases WHERE {_MINE} FOR SHARE")  # noqa: S608 written here

# Tests switch the fence off to show that what it keeps out is real; nothing else may.
GUARD = {"on": True}


class LeaseLost(Exception):
    """This run's lease has run out or was taken over: it must not write."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave to write for a job of a hospital. `fence` tells it apart from every lease before and after."""

    hospital_id: UUID
    job: JobName
    run_id: UUID
    fence: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else's run is under way; its id, where it is known."""

    run_id: UUID | None


@dataclass(frozen=True, slots=True)
class Free:
    """The lease's row, locked and free to be taken. `ran_out` is the run that left it without an end."""

    fence: int
    ran_out: UUID | None


def lock(session: Session, hospital_id: UUID, job: JobName) -> Free | Taken:
    """Lock the lease for taking, inside the caller's unit of work.

    Nobody is waited for: whoever holds the row is either writing under the lease or just taking it.
    """
    mine = _of(hospital_id, job)
    if session.scalar(select(JobLease.fence).where(*mine)) is None:  # an insert would wait for whoever holds the row
        session.execute(insert(JobLease).values(hospital_id=hospital_id, job_name=job).on_conflict_do_nothing())
    is_free = func.coalesce(JobLease.expires_at <= func.clock_timestamp(), true()).label("is_free")
    wanted = select(JobLease.run_id, JobLease.fence, is_free).where(*mine).with_for_update(skip_locked=True)
    row = session.execute(wanted).one_or_none()
    if row is None or not row.is_free:
        return Taken(session.scalar(select(JobLease.run_id).where(*mine)))
    return Free(row.fence, row.run_id)


def take(session: Session, free: Free, run: CronJobRun) -> Lease:
    """Open `run` under the lease that was locked free; a run that left it without an end is LOST."""
    if free.ran_out is not None:
        lost = update(CronJobRun).where(CronJobRun.id == free.ran_out, CronJobRun.status == RunStatus.RUNNING)
        session.execute(lost.values(status=RunStatus.LOST, ended_at=run.started_at, error=RAN_OUT))
    session.add(run)
    session.flush()
    lease = Lease(run.hospital_id, JobName(run.job_name), run.id, free.fence + 1)
    taken = update(JobLease).where(*_of(lease.hospital_id, lease.job))
    session.execute(taken.values(run_id=run.id, fence=lease.fence, expires_at=func.clock_timestamp() + LASTS))
    return lease


def show(session: Session, lease: Lease) -> None:
    """Show the lease inside the transaction that is about to write. Raises LeaseLost.

    The row stays locked until that transaction ends, so that nobody takes the lease over between this and the commit;
    but other transactions of the same run can hold it meanwhile.
    """
    if session.execute(_HOLD, _shown(lease)).first() is None and GUARD["on"]:
        raise LeaseLost


def renew(session: Session, lease: Lease) -> None:
    """Let the lease last from now, where that is worth it, in a transaction that does nothing else.

    It waits for every transaction that shows the lease. One that was lost stays so, which is for `show` to say.
    """
    session.execute(_RENEW, _shown(lease) | {"lasts": LASTS, "left": LASTS - WORTH_RENEWING})


def give_back(session: Session, lease: Lease) -> bool:
    """Let go of the lease, inside the caller's unit of work; whether it was still held and had not run out."""
    freed = update(JobLease).where(*_held(lease)).values(run_id=None, expires_at=None).returning(JobLease.fence)
    return session.execute(freed).first() is not None


def _shown(lease: Lease) -> dict[str, object]:
    return {"hospital": lease.hospital_id, "job": lease.job, "fence": lease.fence}


def _of(hospital_id: UUID, job: JobName) -> tuple[ColumnElement[bool], ...]:
    return JobLease.hospital_id == hospital_id, JobLease.job_name == job


def _held(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    """The lease's row while it is this lease, and has not run out."""
    is_mine = JobLease.fence == lease.fence
    return *_of(lease.hospital_id, lease.job), is_mine, JobLease.expires_at > func.clock_timestamp()
