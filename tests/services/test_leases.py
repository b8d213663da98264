"""One run at a time, and a run that lost its lease writes nothing more."""

import re
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.config import engine_options
from hms_web.domain.job_health import JobName, RunSource, RunStatus
from hms_web.models import CronJobRun, JobLease, new_id
from hms_web.services import leases, no_show_check
from hms_web.services.leases import Free, Lease, LeaseLost, Taken
from tests.scenes import NOW, Clinic

JOB = JobName.NO_SHOW_CHECK


def begun(session: Session, hospital_id: UUID) -> Lease | Taken:
    """Take the lease as a run does, without the commit."""
    free = leases.lock(session, hospital_id, JOB)
    if isinstance(free, Taken):
        return free
    row = CronJobRun(
        id=new_id(), hospital_id=hospital_id, job_name=JOB, source=RunSource.SCHEDULER, status="RUNNING", started_at=NOW
    )
    return leases.take(session, free, row)


def taken(here: Clinic) -> Lease:
    lease = begun(here.session, here.actor.hospital_id)
    assert isinstance(lease, Lease)
    here.session.commit()
    return lease


def run_out(here: Clinic) -> None:
    """Let the lease have run out, as it does when nobody renews it."""
    past = sa.func.clock_timestamp() - timedelta(seconds=1)
    here.session.execute(sa.update(JobLease).values(expires_at=past))
    here.session.commit()


def status(here: Clinic, run_id: UUID) -> str:
    here.session.expire_all()
    return here.session.get_one(CronJobRun, run_id).status


def test_the_first_takes_it_and_the_second_is_told_whose_it_is(here: Clinic, elsewhere: Clinic) -> None:
    lease = taken(here)
    assert lease.fence == 1
    assert begun(here.session, here.actor.hospital_id) == Taken(lease.run_id)
    assert isinstance(begun(here.session, elsewhere.actor.hospital_id), Lease), "each hospital has its own"


def test_given_back_it_can_be_taken_again_with_the_next_fence(here: Clinic) -> None:
    lease = taken(here)
    assert leases.give_back(here.session, lease)
    assert status(here, lease.run_id) == RunStatus.RUNNING, "closing the run is not the lease's matter"
    here.session.execute(sa.update(CronJobRun).values(status=RunStatus.SUCCESS))
    assert taken(here).fence == 2
    assert not leases.give_back(here.session, lease), "not twice"


def test_one_that_ran_out_is_taken_over_and_its_run_is_lost(here: Clinic) -> None:
    lease = taken(here)
    run_out(here)
    successor = taken(here)
    assert successor.fence == lease.fence + 1
    assert status(here, lease.run_id) == RunStatus.LOST
    assert here.session.get_one(CronJobRun, lease.run_id).error == leases.RAN_OUT
    assert status(here, successor.run_id) == RunStatus.RUNNING
    with pytest.raises(LeaseLost):
        leases.show(here.session, lease)
    leases.show(here.session, successor)


def test_one_that_ran_out_and_was_not_taken_over_cannot_write_either(here: Clinic) -> None:
    lease = taken(here)
    run_out(here)
    with pytest.raises(LeaseLost):
        leases.show(here.session, lease)
    assert not leases.give_back(here.session, lease)


def test_control_without_the_fence_a_lost_run_would_write(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = taken(here)
    run_out(here)
    monkeypatch.setattr(leases, "GUARD", {"on": False})
    leases.show(here.session, lease)


def test_renewed_it_lasts_as_long_as_at_first(here: Clinic) -> None:
    lease = taken(here)
    soon = sa.func.clock_timestamp() + timedelta(seconds=5)
    here.session.execute(sa.update(JobLease).values(expires_at=soon))
    leases.renew(here.session, lease)
    here.session.commit()
    until, now = here.session.execute(sa.select(JobLease.expires_at, sa.func.clock_timestamp())).one()
    assert leases.LASTS - timedelta(seconds=10) < until - now <= leases.LASTS


@pytest.mark.parametrize("is_fresh", [True, False])
def test_it_is_renewed_when_half_a_minute_of_it_is_over(here: Clinic, is_fresh: bool) -> None:  # noqa: FBT001
    lease = taken(here)
    beside = timedelta(seconds=20) if is_fresh else timedelta(seconds=-1)
    until = sa.func.clock_timestamp() + (leases.LASTS - leases.WORTH_RENEWING + beside)
    before = here.session.scalars(sa.update(JobLease).values(expires_at=until).returning(JobLease.expires_at)).one()
    leases.renew(here.session, lease)
    here.session.commit()
    assert (here.session.scalars(sa.select(JobLease.expires_at)).one() == before) is is_fresh


@pytest.mark.parametrize("how", ["ran out", "was taken over"])
def test_one_that_is_gone_is_not_renewed(here: Clinic, how: str) -> None:
    lease = taken(here)
    run_out(here)
    if how == "was taken over":
        taken(here)
    before = here.session.scalars(sa.update(JobLease).values(expires_at=JobLease.expires_at).returning(JobLease)).one()
    leases.renew(here.session, lease)
    here.session.commit()
    assert here.session.scalars(sa.select(JobLease.expires_at)).one() == before.expires_at
    with pytest.raises(LeaseLost):
        leases.show(here.session, lease)


def test_what_is_left_before_a_batch_is_enough_for_it(here: Clinic, engine: sa.Engine) -> None:
    """However slow the database is: the server ends each of a batch's statements in time, and the commit with them."""
    told = re.search(r"statement_timeout=(\d+)s", engine_options()["connect_args"]["options"])
    assert told is not None
    for hour in (9, 10, 11):
        here.book(here.doctor(), here.patient(), time(hour))
    sent: list[str] = []
    note = lambda *given: sent.append(given[2])  # noqa: E731 a listener
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        no_show_check.check(here.session, here.admin, RunSource.MANUAL, now=NOW + timedelta(hours=6))
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    first = next(at for at, statement in enumerate(sent) if "FOR SHARE" in statement)
    last = next(at for at, statement in enumerate(sent) if at > first and "notifications" in statement)
    statements = last - first + 1
    assert statements == 7, sent
    assert (statements + 1) * int(told[1]) < (leases.LASTS - leases.WORTH_RENEWING).total_seconds()


@pytest.mark.parametrize("is_fresh", [True, False])
def test_two_transactions_of_a_run_can_write_under_it_at_once(
    here: Clinic,
    engine: sa.Engine,
    is_fresh: bool,  # noqa: FBT001
) -> None:
    """Even when it should have been renewed: that would keep one of them waiting."""
    lease = taken(here)
    if not is_fresh:
        here.session.execute(sa.update(JobLease).values(expires_at=JobLease.expires_at - leases.LASTS / 2))
        here.session.commit()
    leases.show(here.session, lease)
    with Session(engine) as other:
        other.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
        leases.show(other, lease)
        here.session.rollback()
        assert begun(here.session, here.actor.hospital_id) == Taken(lease.run_id), "one of them is enough to keep it"


def test_while_a_transaction_writes_under_it_nobody_can_take_it_over(here: Clinic, engine: sa.Engine) -> None:
    lease = taken(here)
    leases.show(here.session, lease)
    with Session(engine) as other:
        other.execute(sa.text("SET LOCAL statement_timeout = '1s'"))
        assert begun(other, here.actor.hospital_id) == Taken(lease.run_id), "and nobody waits for it"
    here.session.rollback()
    run_out(here)
    with Session(engine) as other:
        assert isinstance(leases.lock(other, here.actor.hospital_id, JOB), Free)
