"""The check of one hospital and of all: what it counts, and that one hospital's trouble is not another's."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.job_health import RunSource, RunStatus
from hms_web.models import Appointment, AuditEvent, CronJobRun, JobLease, NoShowLog, StageAlert, new_id
from hms_web.services import (
    job_health,
    leases,
    no_show_batch,
    no_show_check,
    no_show_sweep,
    stage_alerts,
    unit_of_work,
)
from hms_web.services.batches import Dealt
from hms_web.services.job_health import Ran
from hms_web.services.leases import Taken
from hms_web.services.no_show_batch import Batch
from hms_web.services.no_show_check import CheckedAll
from hms_web.services.no_show_sweep import SweepResult
from tests.scenes import NOW, Clinic, clinic
from tests.services.test_no_show_sweep import crowd, meeting

AFTERNOON = NOW + timedelta(hours=5)
"""13:00 in Kolkata, 02:30 in New York."""
S, X, M = RunSource.SCHEDULER, RunSource.EXTERNAL, RunSource.MANUAL


def missed(here: Clinic, *times: time) -> None:
    doctor = here.doctor()
    for at in times:
        here.book(doctor, here.patient(), at)


def waiting(here: Clinic, at: time) -> None:
    booked = here.book(here.doctor(), here.patient(), at)
    values = {"status": "CHECKED_IN", "checked_in_at": NOW + timedelta(hours=1)}
    here.session.execute(sa.update(Appointment).where(Appointment.id == booked.id).values(**values))
    here.session.commit()


def checked(here: Clinic, source: RunSource = M, now: Any = AFTERNOON) -> Ran:
    outcome = no_show_check.check(here.session, here.admin, source, now=now)
    assert isinstance(outcome, Ran)
    return outcome


def test_one_run_sweeps_and_scans_and_counts_both(here: Clinic) -> None:
    missed(here, time(9), time(9, 30), time(16))
    waiting(here, time(11))
    outcome = checked(here)
    assert outcome.results == {
        "no_shows": {"processed": 2, "marked": 2, "slots_released": 0, "patients_blocked": 0},
        "alerts": {"created": 1, "resolved": 0},
        "errors": 0,
    }
    assert (outcome.run.status, outcome.run.items, outcome.run.error) == (RunStatus.SUCCESS, 2, None)
    logs = here.session.scalars(sa.select(NoShowLog)).all()
    assert {log.run_id for log in logs} == {outcome.run.id}
    assert here.count(StageAlert) == 1
    assert here.count(AuditEvent, action="appointment.no_show", actor_name="System") == 2
    again = checked(here)
    assert again.results["no_shows"]["processed"] == 0
    assert again.results["alerts"] == {"created": 0, "resolved": 0}


def test_what_could_not_be_processed_is_named_by_its_ids(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [new_id() for _ in range(7)]

    def swept(*_args: Any, dealt: Dealt[Batch], **_rest: Any) -> None:
        dealt.done.append(Batch(marked=3, reviews=0, blocked=0))
        dealt.errors.update(dict.fromkeys(keys, "DataError"))

    monkeypatch.setattr(no_show_sweep, "sweep", swept)
    outcome = checked(here)
    assert outcome.run.status is RunStatus.SUCCESS
    assert outcome.run.error is not None
    assert outcome.run.error.startswith("7 could not be processed")
    assert outcome.run.error.count("DataError") == 5
    assert (outcome.run.items, outcome.results["errors"]) == (3, 7)


def test_a_broken_part_stops_neither_the_other_nor_the_counts(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    missed(here, time(9))
    waiting(here, time(11))

    def broken(*_args: Any, **_rest: Any) -> None:
        here.session.execute(sa.text("SELECT 1 / 0"))

    with monkeypatch.context() as patch:
        patch.setattr(no_show_sweep, "sweep", broken)
        outcome = checked(here)
    assert (outcome.run.status, outcome.run.items) == (RunStatus.ERROR, 0)
    assert outcome.run.error == "DataError, SQLSTATE 22012"
    assert outcome.results["alerts"] == {"created": 1, "resolved": 0}
    monkeypatch.setattr(stage_alerts, "scan", broken)
    outcome = checked(here)
    assert (outcome.run.status, outcome.run.items) == (RunStatus.ERROR, 1)
    assert outcome.results["no_shows"]["marked"] == here.count(NoShowLog) == 1


def test_a_run_that_lost_its_lease_counts_what_it_had_done(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    missed(here, time(9), time(9, 30))
    waiting(here, time(11))
    monkeypatch.setattr(no_show_sweep, "BATCH", 1)
    shown: list[int] = []

    def show(*_given: Any) -> None:
        shown.append(1)
        if len(shown) > 1:
            raise leases.LeaseLost

    monkeypatch.setattr(leases, "show", show)
    outcome = checked(here)
    assert (outcome.run.status, outcome.run.items) == (RunStatus.LOST, 1)
    assert (len(shown), here.count(StageAlert)) == (2, 0)


def test_every_open_hospital_is_checked_and_the_counts_are_added(here: Clinic, elsewhere: Clinic) -> None:
    """In New York it is half past two at night."""
    second = clinic(here.session)
    missed(here, time(9), time(9, 30))
    missed(second, time(10))
    found = no_show_check.check_all(here.session, X, now=AFTERNOON)
    assert (len(found.ran), found.closed, found.running, found.broken) == (2, 1, 0, 0)
    assert found.sums("no_shows") == {"processed": 3, "marked": 3, "slots_released": 0, "patients_blocked": 0}
    assert not found.has_failed
    assert not found.is_only_running
    assert here.count(CronJobRun, hospital_id=elsewhere.actor.hospital_id) == 0


def test_one_hospitals_trouble_stops_no_other(here: Clinic, elsewhere: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic(here.session), clinic(here.session), clinic(here.session)
    real, asked = job_health.run, []

    def troubled(*args: Any, **rest: Any) -> object:
        asked.append(1)
        if len(asked) == 1:
            raise unit_of_work.Busy
        if len(asked) == 2:
            args[0].execute(sa.text("SELECT 1 / 0"))
        return real(*args, **rest)

    monkeypatch.setattr(job_health, "run", troubled)
    found = no_show_check.check_all(here.session, S, now=AFTERNOON)
    assert (len(found.ran), found.broken, found.closed) == (2, 2, 1)
    assert found.has_failed


def test_a_failed_run_is_a_failure_of_all(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_args: Any, **_rest: Any) -> SweepResult:
        raise ValueError

    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    found = no_show_check.check_all(here.session, S, now=AFTERNOON)
    assert found.has_failed
    assert found.sums("no_shows")["processed"] == 0


def test_what_runs_already_is_left_alone(here: Clinic, session: Session) -> None:
    checked(here)
    later = AFTERNOON + timedelta(minutes=1)
    session.execute(sa.update(JobLease).values(expires_at=sa.func.clock_timestamp() + timedelta(minutes=5)))
    session.commit()
    found = no_show_check.check_all(session, X, now=later)
    assert (found.running, found.is_only_running) == (1, True)
    assert no_show_check.check(session, here.admin, M, now=later) == Taken(None)


def test_whoever_is_asked_to_end_begins_with_no_further_hospital(here: Clinic) -> None:
    assert no_show_check.check_all(here.session, S, now=AFTERNOON, is_stopping=lambda: True) == CheckedAll()
    assert here.count(CronJobRun) == 0


def before_the_second_round(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something while no batch is under way, when the first one has ended."""
    asked, ask = [], no_show_batch.earliest_ids

    def asking(*given: Any, **more: Any) -> list[UUID]:
        asked.append(1)
        if len(asked) == 2:
            act()
        return ask(*given, **more)

    monkeypatch.setattr(no_show_batch, "earliest_ids", asking)


def set_lease(engine: sa.Engine, left: timedelta) -> None:
    with engine.begin() as other:
        other.execute(sa.update(JobLease).values(expires_at=sa.func.clock_timestamp() + left))


def test_a_lease_that_is_worth_renewing_keeps_none_of_two_batches_waiting(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the two waits for the other under its locks, as slow ones do: then neither may wait for the lease."""
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    crowd(here, 50)
    before_the_second_round(monkeypatch, lambda: set_lease(engine, leases.LASTS - timedelta(minutes=2)))
    taken, left = meeting(monkeypatch, alone=0), []
    take = no_show_batch.take

    def looking(*given: Any, **more: Any) -> Any:
        found = take(*given, **more)
        with engine.connect() as other:
            until, at = other.execute(sa.select(JobLease.expires_at, sa.func.clock_timestamp())).one()
        left.append(until - at)
        return found

    monkeypatch.setattr(no_show_batch, "take", looking)
    outcome = checked(here, now=NOW + timedelta(hours=11))
    assert (outcome.run.status, outcome.run.items, outcome.run.error) == (RunStatus.SUCCESS, 50, None)
    assert len(set(taken)) == 2
    assert min(left) > leases.LASTS - leases.WORTH_RENEWING - timedelta(seconds=20), "renewed before they began"


def test_a_lease_that_ran_out_between_two_rounds_is_not_renewed_and_nothing_more_is_written(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    crowd(here, 40)
    before_the_second_round(monkeypatch, lambda: set_lease(engine, -timedelta(seconds=1)))
    outcome = checked(here, now=NOW + timedelta(hours=11))
    assert (outcome.run.status, outcome.run.items, outcome.run.error) == (RunStatus.LOST, 10, leases.RAN_OUT)
    assert here.count(NoShowLog) == 10
