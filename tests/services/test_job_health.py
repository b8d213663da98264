"""A run is written down whatever becomes of it, and says how the job does."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.job_health import JobName, RunSource, RunStatus, Trouble
from hms_web.domain.scheduler_pulse import NOT_LOOKED_AT
from hms_web.models import AuditEvent, CronJobRun, Hospital, JobLease, Patient
from hms_web.services import hospitals, job_health, job_runs, job_words, unit_of_work
from hms_web.services.job_health import Guard, Leave, Ran, Work
from hms_web.services.job_runs import Done
from hms_web.services.leases import LASTS, RAN_OUT, Taken
from tests.scenes import NOW, Clinic

S, X, M = RunSource.SCHEDULER, RunSource.EXTERNAL, RunSource.MANUAL
MINUTE = timedelta(minutes=1)


def nothing(_guard: Guard, _run_id: UUID) -> Done:
    return Done()


def ran(here: Clinic, work: Work = nothing, source: RunSource = S, after: timedelta = timedelta()) -> Ran:
    actor = hospitals.in_its_own_name(here.actor)
    outcome = job_health.run(here.session, actor, source, work, now=NOW + after)
    assert isinstance(outcome, Ran)
    return outcome


def rows(here: Clinic) -> list[CronJobRun]:
    here.session.expire_all()
    return list(here.session.scalars(sa.select(CronJobRun).order_by(CronJobRun.started_at, CronJobRun.id)))


def test_what_a_run_did_is_kept(here: Clinic) -> None:
    outcome = ran(here, lambda _guard, _run: Done(7, {"alerts": {"created": 2}}))
    run = outcome.run
    assert (run.status, run.source, run.items, run.started_at) == (RunStatus.SUCCESS, S, 7, NOW)
    assert run.duration_ms is not None
    assert run.ended_at == NOW + timedelta(milliseconds=run.duration_ms)
    assert outcome.results == {"alerts": {"created": 2}}
    lease = here.session.scalars(sa.select(JobLease)).one()
    assert (lease.run_id, lease.expires_at, lease.fence) == (None, None, 1)


def test_what_went_wrong_is_named_without_its_message(here: Clinic) -> None:
    def quoting(_guard: Guard, _run_id: UUID) -> Done:
        here.session.execute(sa.select(sa.cast("Canary Quillfeather", sa.Integer)))
        raise AssertionError

    def explaining(_guard: Guard, _run_id: UUID) -> Done:
        message = "Canary Quillfeather"
        raise ValueError(message)

    def busy(_guard: Guard, _run_id: UUID) -> Done:
        raise unit_of_work.Busy

    errors = [ran(here, work).run for work in (quoting, explaining, busy)]
    assert [run.status for run in errors] == [RunStatus.ERROR] * 3
    assert [run.error for run in errors] == ["DataError, SQLSTATE 22P02", "ValueError", "Busy"]


def test_what_a_failed_run_had_not_committed_is_gone(here: Clinic) -> None:
    def half(guard: Guard, _run_id: UUID) -> Done:
        guard(here.session)
        here.session.execute(sa.update(Patient).values(name="Changed"))
        raise ValueError

    patient = here.patient(name="Asha Rao")
    ran(here, half)
    assert here.session.scalar(sa.select(Patient.name).where(Patient.id == patient)) == "Asha Rao"


def test_a_run_that_meets_another_is_told_so_and_counts_for_its_source(here: Clinic) -> None:
    met: list[object] = []

    def work(_guard: Guard, run_id: UUID) -> Done:
        outcome = job_health.run(here.session, hospitals.in_its_own_name(here.actor), X, nothing, now=NOW)
        met.append((outcome, run_id))
        return Done()

    outcome = ran(here, work)
    assert met == [(Taken(outcome.run.id), outcome.run.id)]
    assert outcome.run.also_asked_by == {X}
    assert len(rows(here)) == 1


def test_whoever_asks_right_after_is_served_by_the_same_run(here: Clinic) -> None:
    first = ran(here, lambda _guard, _run: Done(3))
    again = ran(here, after=timedelta(seconds=1))
    external = ran(here, source=X, after=timedelta(seconds=9))
    assert {one.run.id for one in (first, again, external)} == {first.run.id}
    assert external.run.also_asked_by == {X}
    assert external.run.items == 3
    assert ran(here, source=M, after=timedelta(seconds=1)).run.id != first.run.id


def test_after_a_failure_the_next_who_asks_tries_again(here: Clinic) -> None:
    def failing(_guard: Guard, _run_id: UUID) -> Done:
        raise ValueError

    assert ran(here, failing).run.status is RunStatus.ERROR
    assert ran(here, after=timedelta(seconds=1)).run.status is RunStatus.SUCCESS


def test_one_who_is_asked_to_end_stops_before_the_next_transaction(here: Clinic) -> None:
    batches: list[int] = []

    def work(guard: Guard, _run_id: UUID) -> Done:
        for number in range(9):
            guard(here.session)
            batches.append(number)
        raise AssertionError

    actor = hospitals.in_its_own_name(here.actor)
    outcome = job_health.run(here.session, actor, S, work, now=NOW, is_stopping=lambda: len(batches) == 2)
    assert isinstance(outcome, Ran)
    assert batches == [0, 1]
    assert outcome.run.status is RunStatus.ERROR
    assert outcome.run.error is not None
    assert outcome.run.error.startswith("Stopped")
    assert ran(here).run.status is RunStatus.SUCCESS, "the lease was given back"


def expire(session: Session) -> None:
    session.execute(sa.update(JobLease).values(expires_at=sa.func.clock_timestamp() - LASTS))
    session.commit()


def test_one_that_is_taken_over_writes_nothing_more_and_is_lost(here: Clinic, engine: sa.Engine) -> None:
    successor: list[Ran] = []

    def slow(guard: Guard, _run_id: UUID) -> Done:
        with Session(engine) as other:
            expire(other)
            outcome = job_health.run(other, hospitals.in_its_own_name(here.actor), X, nothing, now=NOW + MINUTE)
            assert isinstance(outcome, Ran)
            successor.append(outcome)
        guard(here.session)
        raise AssertionError

    outcome = ran(here, slow)
    assert outcome.run.status is RunStatus.LOST
    assert outcome.run.error == RAN_OUT
    assert outcome.run.duration_ms is None, "it was closed by its successor"
    assert successor[0].run.status is RunStatus.SUCCESS


def test_one_that_ends_after_its_lease_is_lost_although_nobody_took_over(here: Clinic, engine: sa.Engine) -> None:
    def slow(_guard: Guard, _run_id: UUID) -> Done:
        with Session(engine) as other:
            expire(other)
        return Done(5)

    assert ran(here, slow).run.status is RunStatus.LOST
    assert ran(here, source=M).run.status is RunStatus.SUCCESS


def test_who_pressed_the_button_stands_in_the_audit_trail(here: Clinic) -> None:
    job_health.run(here.session, here.admin, M, nothing, now=NOW)
    row = rows(here)[0]
    assert row.triggered_by_id == here.admin.user_id
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.record_id == row.id)).one()
    assert (event.action, event.actor_id) == ("job.started", here.admin.user_id)
    ran(here, after=MINUTE)
    assert here.count(AuditEvent, action="job.started") == 1, "what runs by itself is in the list of runs"


def opened(here: Clinic, at_: timedelta) -> None:
    values = {"created_at": NOW + at_}
    here.session.execute(sa.update(Hospital).where(Hospital.id == here.actor.hospital_id).values(values))
    here.session.commit()


def test_health_is_judged_by_the_runs_of_this_hospital(here: Clinic, elsewhere: Clinic) -> None:
    opened(here, -timedelta(days=30))
    ran(elsewhere)
    found = job_health.health(here.session, here.admin, now=NOW, pulse=NOT_LOOKED_AT)
    assert found.overall.trouble is Trouble.SILENCE
    assert found.overall.recent == ()
    run = ran(here).run
    found = job_health.health(here.session, here.admin, now=NOW + MINUTE, pulse=NOT_LOOKED_AT)
    assert found.overall.is_healthy
    assert found.of(S).last_success == run


def test_a_success_is_remembered_however_long_ago_it_was(here: Clinic) -> None:
    opened(here, -timedelta(days=30))
    run = ran(here, source=X).run
    later = NOW + job_runs.LOOKED_AT_FOR + MINUTE
    assert job_runs.recent(here.session, here.actor.hospital_id, JobName.NO_SHOW_CHECK, now=later) == [run]
    found = job_health.health(here.session, here.admin, now=later, pulse=NOT_LOOKED_AT)
    assert found.overall.last_success == run
    assert found.overall.trouble is Trouble.SILENCE


@pytest.mark.parametrize(
    ("work", "times", "words"),
    [
        (None, 0, "The check has not run yet"),
        ("ok", 1, "The check runs as it should; it last ended well at 08:00, 2026-03-02."),
        ("bad", 1, "1 failed, and none has gone well yet; three in a row are trouble."),
        ("bad", 3, "The last 3 runs failed, and none has gone well yet."),
    ],
)
def test_health_is_said_in_words(here: Clinic, work: str | None, times: int, words: str) -> None:
    def failing(_guard: Guard, _run_id: UUID) -> Done:
        raise ValueError

    for number in range(times):
        ran(here, nothing if work == "ok" else failing, after=number * timedelta(seconds=1))
    health = job_health.health(here.session, here.admin, now=NOW + MINUTE, pulse=NOT_LOOKED_AT).overall
    assert job_words.sentence(health, here.admin.zone).startswith(words)


def test_a_renewal_that_somebody_holds_up_stops_no_run(here: Clinic, engine: sa.Engine) -> None:
    """As a batch of the same run does that writes under the lease, until its end."""
    soon = sa.func.clock_timestamp() + LASTS / 2
    hasty = sa.create_engine(engine.url, connect_args={"options": "-c lock_timeout=50ms"})
    left = sa.select(JobLease.expires_at > sa.func.clock_timestamp() + LASTS * 0.9)
    found: list[bool] = []

    def work(leave: Leave, _run_id: UUID) -> Done:
        with engine.begin() as other:
            other.execute(sa.update(JobLease).values(expires_at=soon))
        with engine.begin() as other:
            other.execute(sa.select(JobLease.fence).with_for_update(read=True))
            leave.renew()
            found.append(session.scalars(left).one())
            leave(session)
            session.rollback()
        leave.renew()
        found.append(session.scalars(left).one())
        return Done(1)

    here.session.commit()
    with Session(hasty, expire_on_commit=False) as session:
        outcome = job_health.run(session, hospitals.in_its_own_name(here.actor), S, work, now=NOW)
    hasty.dispose()
    assert isinstance(outcome, Ran)
    assert (outcome.run.status, outcome.run.items) == (RunStatus.SUCCESS, 1)
    assert found == [False, True]
