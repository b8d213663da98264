"""The periodic sweep: who is marked, who is asked about, what follows, and what one bad row stops."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hms_web.domain.consultations import ConsultationStatus
from hms_web.domain.identity import Actor
from hms_web.domain.job_health import RunSource
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.refusals import Code, InvalidInput, Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.local.processes import wait_until
from hms_web.models import AuditEvent, Consultation, HospitalHoliday, NoShowLog, Notification, Patient, new_id
from hms_web.services import (
    booking,
    bulk,
    cancelling,
    no_show,
    no_show_batch,
    no_show_check,
    no_show_reviews,
    no_show_sweep,
    outbox,
    unit_of_work,
    visits,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.batches import Dealt
from hms_web.services.booking import AppointmentChange
from hms_web.services.job_health import Ran
from hms_web.services.no_show_sweep import SweepResult
from tests import invariants
from tests.races.guards import trigger
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import away
from tests.services.test_indexes import explained, grow

STAFF = NoShowReason.MANUAL_STAFF
TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 in Kolkata on the Monday of the clinic."""
HALF_PAST = TEN + timedelta(minutes=30)


def swept(here: Clinic, now: datetime) -> SweepResult:
    return no_show_sweep.sweep(here.session, here.actor, now=now)


def sound(here: Clinic) -> None:
    invariants.check(here.session.connection())
    here.session.rollback()


def test_at_the_end_of_the_slot_an_expected_patient_has_not_come(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert swept(here, HALF_PAST - timedelta(microseconds=1)) == SweepResult()
    assert swept(here, HALF_PAST) == SweepResult(processed=1, marked=1)
    assert here.row(booked.id).status == "NO_SHOW"
    log = here.session.scalars(sa.select(NoShowLog)).one()
    assert (log.reason, log.slot_time, log.timeout_minutes, log.slot_released) == ("AUTO_TIMEOUT", TEN, 30, False)
    assert (log.previous_status, log.is_counted, log.created_by_id, log.created_at) == (
        "SCHEDULED",
        True,
        None,
        HALF_PAST,
    )
    patient = here.session.get_one(Patient, booked.patient_id)
    assert (patient.no_show_count, patient.lifetime_no_shows, patient.status) == (1, 1, "ACTIVE")
    assert here.count(AuditEvent, action="appointment.no_show", record_id=booked.id) == 1
    assert here.count(Notification, event=MessageEvent.NO_SHOW, appointment_id=booked.id) == 2
    assert swept(here, HALF_PAST) == SweepResult()
    sound(here)


def test_each_entry_of_a_batch_says_what_its_appointment_was(here: Clinic) -> None:
    doctor = here.doctor()
    booked = [here.book(doctor, here.patient(), time(hour)) for hour in (9, 10, 11)]
    visits.set_status(here.session, here.actor, booked[1].id, AppointmentStatus.CONFIRMED, now=NOW)
    assert swept(here, HALF_PAST + timedelta(hours=2)).marked == 3
    events = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "appointment.no_show"))
    assert {event.record_id: event.details for event in events} == {
        one.id: {"status": {"from": before, "to": "NO_SHOW"}, "reason": "AUTO_TIMEOUT"}
        for one, before in zip(booked, ("SCHEDULED", "CONFIRMED", "SCHEDULED"), strict=True)
    }
    sound(here)


@pytest.mark.parametrize(
    ("late", "marked", "reviews"),
    [(timedelta(hours=6), 1, 0), (timedelta(hours=12), 1, 0), (timedelta(hours=12, microseconds=1), 0, 1)],
    ids=["six hours down", "twelve", "more than twelve"],
)
def test_after_an_outage_one_run_catches_up_and_asks_where_it_cannot_know(
    here: Clinic, late: timedelta, marked: int, reviews: int
) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    done = swept(here, HALF_PAST + late)
    assert (done.processed, done.marked, done.reviews) == (1, marked, reviews)
    row = here.row(booked.id)
    assert (row.status, row.no_show_review_at is not None) == ("NO_SHOW" if marked else "SCHEDULED", bool(reviews))
    assert row.version == 2
    assert here.count(NoShowLog) == marked
    assert swept(here, HALF_PAST + late + timedelta(days=3)) == SweepResult()
    sound(here)


def test_the_list_of_those_to_ask_about(here: Clinic, elsewhere: Clinic) -> None:
    doctor = here.doctor()
    keys = [here.book(doctor, here.patient(), time(hour)).id for hour in (9, 10, 11)]
    later = HALF_PAST + timedelta(days=1)
    swept(here, later)
    session, actor = here.session, here.actor
    assert no_show_reviews.count(session, actor) == 3
    first = no_show_reviews.entries(session, actor, limit=2)
    rest = no_show_reviews.entries(session, actor, limit=2, cursor=first.next_cursor)
    assert [view.id for view in (*first.items, *rest.items)] == keys
    assert no_show_reviews.entries(elsewhere.session, elsewhere.actor).items == []
    no_show_reviews.came(session, actor, keys[0], note=" Saw him ", now=later)
    answered = no_show_reviews.came(session, actor, keys[0], note="Twice", now=later)
    assert isinstance(answered, AppointmentView)
    assert (answered.status, answered.version) == ("SCHEDULED", 3)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "appointment.had_come")).one()
    assert event.details == {"note": "Saw him"}
    assert isinstance(no_show.mark(session, actor, keys[1], reason=STAFF, notes=None, now=later), AppointmentView)
    assert [view.id for view in no_show_reviews.entries(session, actor).items] == [keys[2]]
    assert no_show_reviews.came(session, actor, keys[1], note=None, now=later) == Refusal(Code.NOT_ON_REVIEW)
    assert no_show_reviews.came(session, actor, new_id(), note=None, now=later) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    with pytest.raises(InvalidInput, match="note"):
        no_show_reviews.came(session, actor, keys[2], note="x" * 501, now=later)
    cancelling.cancel(session, actor, keys[2], reason="Booked twice", now=later)
    assert no_show_reviews.count(session, actor) == 0, "nobody is asked about who was called off"
    assert swept(here, later) == SweepResult()
    sound(here)


def test_one_that_is_moved_is_judged_by_its_new_time(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    later = HALF_PAST + timedelta(days=1)
    swept(here, later)
    wanted = AppointmentChange(date=MONDAY + timedelta(days=2), time=time(10))
    assert isinstance(booking.change(here.session, here.actor, booked.id, wanted, now=later), AppointmentView)
    assert here.row(booked.id).no_show_review_at is None
    assert swept(here, HALF_PAST + timedelta(days=2)).marked == 1
    sound(here)


def test_what_the_hospital_put_in_question_and_who_is_here_are_left_out(here: Clinic, elsewhere: Clinic) -> None:
    doctor = here.doctor()
    _affected, came, gone = (here.book(doctor, here.patient(), time(hour)).id for hour in (9, 10, 11))
    theirs = elsewhere.book(elsewhere.doctor(), elsewhere.patient(), time(9))
    away(here, doctor, MONDAY, (time(9), time(9, 30)))
    visits.set_status(here.session, here.actor, came, AppointmentStatus.CHECKED_IN, now=NOW)
    cancelling.cancel(here.session, here.actor, gone, reason=None, now=NOW)
    assert swept(here, NOW + timedelta(hours=11)) == SweepResult()
    assert elsewhere.row(theirs.id).status == "SCHEDULED"
    sound(here)


def test_three_in_one_batch_block_once_and_the_last_words_fit(here: Clinic) -> None:
    patient_id = here.patient()
    for hour in (9, 10, 11, 12):
        here.book(here.doctor(), patient_id, time(hour))
    done = swept(here, NOW + timedelta(hours=6))
    assert (done.marked, done.patients_blocked) == (4, 1)
    patient = here.session.get_one(Patient, patient_id, populate_existing=True)
    assert (patient.no_show_count, patient.status, patient.is_auto_blocked) == (4, "BLOCKED", True)
    assert patient.blocked_reason == "Blocked due to 3 no-show appointments"
    assert here.count(AuditEvent, action="patient.blocked") == 1
    assert here.count(Notification, event=MessageEvent.NO_SHOW_BLOCKED, patient_id=patient_id) == 8
    sound(here)


def crowd(here: Clinic, count: int) -> list[UUID]:
    """Book so many patients, each with a doctor's nine o'clock or a later one."""
    doctors = [here.doctor(minutes=15) for _ in range(1 + count // 28)]
    starts = [time(9 + n // 4 + (n >= 16), 15 * (n % 4)) for n in range(28)]
    return [here.book(doctors[n // 28], here.patient(), starts[n % 28]).id for n in range(count)]


def poisoned(engine: sa.Engine, appointment_id: UUID) -> AbstractContextManager[None]:
    """Let the database refuse every log of one appointment."""
    refuse = f"IF NEW.appointment_id = '{appointment_id}' THEN RAISE 'poison'; END IF;"
    return trigger(engine, "no_show_logs", "BEFORE INSERT", refuse)


def test_one_poisoned_appointment_is_recorded_and_stops_nobody(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    keys = crowd(here, 31)
    tried: list[int] = []
    take = no_show_batch.take

    def noting(session: Session, actor: Actor, ids: Sequence[UUID], **more: Any) -> Any:
        tried.append(len(ids))
        return take(session, actor, ids, **more)

    monkeypatch.setattr(no_show_batch, "take", noting)
    with poisoned(engine, keys[7]):
        done = swept(here, NOW + timedelta(hours=11))
        assert {5, 1} <= set(tried), "the batch with the bad one is halved"
        assert len(tried) <= 12, "and not taken one by one"
        assert (done.processed, done.marked) == (30, 30)
        assert [error.record_id for error in done.errors] == [keys[7]]
        assert done.errors[0].error == "ProgrammingError, SQLSTATE P0001"
        assert here.row(keys[7]).status == "SCHEDULED"
        here.session.rollback()
    assert swept(here, NOW + timedelta(hours=11)).marked == 1
    sound(here)


def test_a_batch_costs_six_statements_and_nothing_due_costs_one(here: Clinic) -> None:
    crowd(here, 30)
    sent: list[str] = []
    engine = here.session.get_bind()
    note = lambda *given: sent.append(given[2])  # noqa: E731 a listener
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert swept(here, NOW + timedelta(hours=11)).marked == 30
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    # What is due; not to wait for the disk, locks, what follows, the audit trail, the hospital's own words, messages.
    assert len(sent) == 1 + 6, sent
    sound(here)


def test_what_is_due_is_found_by_its_index(here: Clinic) -> None:
    crowd(here, 30)
    grow(here.session)
    here.session.commit()
    for table in ("appointments", "patients"):
        here.session.execute(sa.text(f"ANALYZE {table}"))
    here.session.commit()
    with explained(here.session) as plans:
        ids = no_show_batch.earliest_ids(here.session, here.actor, 500, [], now=NOW + timedelta(hours=11))
        no_show_batch.take(here.session, here.actor, ids, now=NOW + timedelta(hours=11))
    assert len(ids) == 30
    assert "ix_appointments_due" in plans[0], plans[0]
    assert all("Seq Scan on appointments" not in plan for plan in plans), plans


def test_a_batch_of_which_nobody_is_left_is_nothing(here: Clinic) -> None:
    assert no_show_batch.write(here.session, here.actor, [], now=NOW, run_id=None) == no_show_batch.Batch(0, 0, 0)


class Lost(Exception):
    """The run no longer has its lease."""


@pytest.mark.parametrize("is_own", [True, False])
def test_a_batch_of_its_own_does_not_wait_for_the_disk(
    here: Clinic,
    engine: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
    is_own: bool,  # noqa: FBT001
) -> None:
    """Inside of somebody else's unit of work it is theirs, who may have told somebody by then."""
    found: list[str] = []
    here.book(here.doctor(), here.patient(), time(10))
    own = sa.create_engine(engine.url, connect_args={"options": "-c synchronous_commit=on"})
    write = no_show_batch.write

    def noted(session: Session, *given: Any, **more: Any) -> no_show_batch.Batch:
        found.append(session.execute(sa.text("SHOW synchronous_commit")).scalar_one())
        return write(session, *given, **more)

    monkeypatch.setattr(no_show_batch, "write", noted)
    with Session(own) as session:

        def sweep() -> SweepResult:
            return no_show_sweep.sweep(session, here.actor, now=NOW + timedelta(hours=11))

        assert (sweep() if is_own else unit_of_work.run(session, sweep)).marked == 1
    own.dispose()
    assert found == ["off" if is_own else "on"]


def test_a_database_that_is_gone_before_a_batch_begins_ends_the_sweep(here: Clinic, engine: sa.Engine) -> None:
    """And is not the fault of the appointments in it, one after the other."""
    here.book(here.doctor(), here.patient(), time(10))
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0)

    def guard(session: Session) -> None:
        pid = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with Session(own) as session, pytest.raises(OperationalError):
        no_show_sweep.sweep(session, here.actor, now=NOW + timedelta(hours=11), guard=guard)
    own.dispose()
    assert here.count(NoShowLog) == 0


def meeting(monkeypatch: pytest.MonkeyPatch, *, alone: int) -> list[Session]:
    """Let every batch after the first one wait for another before it locks anybody, but for `alone` at the end.

    Returns the sessions that took them, as they come.
    """
    both, taken, take = threading.Barrier(2, timeout=10.0), list[Session](), no_show_batch.take

    def met(session: Session, *given: Any, **more: Any) -> Any:
        taken.append(session)
        if len(taken) > 1 and not more["waits"] and len(given[1]) > alone:
            both.wait()
        return take(session, *given, **more)

    monkeypatch.setattr(no_show_batch, "take", met)
    return taken


def test_after_the_first_batch_two_are_under_way_under_one_lease(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    crowd(here, 51)
    taken = meeting(monkeypatch, alone=1)
    ran = no_show_check.check(here.session, here.admin, RunSource.MANUAL, now=NOW + timedelta(hours=11))
    assert isinstance(ran, Ran)
    assert (ran.run.status, ran.run.items) == ("SUCCESS", 51)
    assert (taken.count(here.session), len(taken)) == (4, 6), "the first, one of each two, and the last"
    assert {outbox.TO_DELIVER} == unit_of_work.committed(here.session)
    sound(here)


def test_one_patient_in_two_batches_at_once_is_counted_twice_and_blocked_once(
    here: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 1)
    patient = here.patient()
    for hour in (9, 10, 11):
        here.book(here.doctor(), patient, time(hour))
    meeting(monkeypatch, alone=0)
    done = swept(here, NOW + timedelta(hours=6))
    assert (done.marked, done.patients_blocked, done.errors) == (3, 1, ())
    assert here.session.get_one(Patient, patient, populate_existing=True).no_show_count == 3
    sound(here)


@pytest.mark.parametrize("at", [2, 3])
def test_a_run_that_loses_its_lease_in_one_of_two_batches_ends_with_the_other_whole(
    here: Clinic, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 10)
    crowd(here, 40)
    asked: list[Session] = []

    def guard(session: Session) -> None:
        asked.append(session)
        if len(asked) == at:
            raise Lost

    dealt = Dealt[no_show_batch.Batch]()
    with pytest.raises(Lost):
        no_show_sweep.sweep(here.session, here.actor, now=NOW + timedelta(hours=11), guard=guard, dealt=dealt)
    assert len(asked) == 3
    assert here.count(NoShowLog) == SweepResult.of(dealt).marked == 20
    sound(here)


def test_a_run_that_lost_its_lease_writes_nothing_more(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_show_sweep, "BATCH", 2)
    crowd(here, 5)
    asked: list[int] = []

    def guard(session: Session) -> None:
        asked.append(len(asked))
        if len(asked) > 1:
            raise Lost

    with pytest.raises(Lost):
        no_show_sweep.sweep(here.session, here.actor, now=NOW + timedelta(hours=11), guard=guard)
    assert (len(asked), here.count(NoShowLog)) == (3, 2), "the two that begin at once ask, and nobody after them"
    sound(here)


def test_a_lost_lease_stops_the_one_by_one_too(here: Clinic, engine: sa.Engine) -> None:
    keys = crowd(here, 3)
    asked: list[int] = []

    def guard(session: Session) -> None:
        asked.append(len(asked))
        if len(asked) > 2:
            raise Lost

    with poisoned(engine, keys[0]), pytest.raises(Lost):
        no_show_sweep.sweep(here.session, here.actor, now=NOW + timedelta(hours=11), guard=guard)
    assert here.count(NoShowLog) == 0


@contextmanager
def held(engine: sa.Engine, table: str, ids: Sequence[UUID]) -> Iterator[None]:
    """Let somebody else hold rows of a table."""
    with engine.begin() as other:
        other.execute(sa.text(f"SELECT FROM {table} WHERE id = ANY(:ids) FOR UPDATE"), {"ids": list(ids)})
        yield


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever waits for a lock after the first one give up soon."""
    monkeypatch.setattr(unit_of_work, "PATIENCE_SECONDS", 0.2)
    real = unit_of_work.wait_for

    def waiting(session: Session, statement: Any, **given: Any) -> Any:
        session.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        return real(session, statement, **given)

    monkeypatch.setattr(unit_of_work, "wait_for", waiting)


def test_whoever_is_held_is_passed_over_and_waited_for_alone(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else's row is locked while the sweep waits."""
    keys = crowd(here, 8)
    impatient(monkeypatch)
    patient = here.row(keys[5]).patient_id
    here.session.commit()
    free = sa.text("SELECT count(*) FROM (SELECT FROM patients FOR UPDATE SKIP LOCKED) AS free")
    seen: list[tuple[int, int | None]] = []
    real = no_show_batch.take

    def looking(session: Session, actor: Actor, ids: Sequence[UUID], *, now: datetime, waits: bool) -> Any:
        if waits:
            with engine.connect() as other:
                seen.append((len(ids), other.scalar(free)))
        return real(session, actor, ids, now=now, waits=waits)

    monkeypatch.setattr(no_show_batch, "take", looking)
    with held(engine, "appointments", [keys[2]]), held(engine, "patients", [patient]):
        done = swept(here, NOW + timedelta(hours=11))
    assert seen == [(1, 7), (1, 7)], "all but the patient that somebody holds"
    assert (done.marked, {error.record_id for error in done.errors}) == (6, {keys[2], keys[5]})
    assert {error.error for error in done.errors} == {"Busy, SQLSTATE 55P03"}
    assert swept(here, NOW + timedelta(hours=11)).marked == 2
    sound(here)


def test_a_held_row_that_gets_free_in_time_is_swept_by_the_same_run(here: Clinic, engine: sa.Engine) -> None:
    keys = crowd(here, 3)
    somebody = engine.connect()
    somebody.execute(sa.text("SELECT FROM appointments WHERE id = :key FOR UPDATE"), {"key": keys[1]})

    def sweep_apart() -> SweepResult:
        with Session(engine, expire_on_commit=False) as session:
            return no_show_sweep.sweep(session, here.actor, now=NOW + timedelta(hours=11))

    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with somebody, ThreadPoolExecutor(1) as pool:
        found = pool.submit(sweep_apart)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            assert wait_until(lambda: bool(looking.scalar(waiting)), 10)
        somebody.commit()
        assert found.result(10).marked == 3
    sound(here)


def test_when_too_many_are_held_the_rest_is_left_without_waiting(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = crowd(here, 7)
    impatient(monkeypatch)
    with held(engine, "appointments", keys[:6]):
        done = swept(here, NOW + timedelta(hours=11))
    assert done.marked == 1
    assert [error.error for error in done.errors] == ["Busy, SQLSTATE 55P03"] * 3 + ["Busy"] * 3
    assert swept(here, NOW + timedelta(hours=11)).marked == 6


def test_inside_another_unit_of_work_a_broken_batch_is_the_callers(here: Clinic, engine: sa.Engine) -> None:
    keys = crowd(here, 3)
    with poisoned(engine, keys[1]), pytest.raises(sa.exc.ProgrammingError):
        unit_of_work.run(here.session, lambda: swept(here, NOW + timedelta(hours=11)))
    assert here.count(NoShowLog) == 0
    with held(engine, "appointments", [keys[1]]), pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, lambda: swept(here, NOW + timedelta(hours=11)))
    assert here.count(NoShowLog) == 0


def test_a_database_without_time_for_anybody_is_busy(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(here, 6)

    def never(*_given: object, **_more: object) -> None:
        raise unit_of_work.Busy

    monkeypatch.setattr(no_show_batch, "write", never)
    with pytest.raises(unit_of_work.Busy):
        swept(here, NOW + timedelta(hours=11))


def test_a_trouble_without_anybody_due_is_told(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise ValueError

    monkeypatch.setattr(no_show_batch, "earliest_ids", broken)
    with pytest.raises(ValueError):
        swept(here, NOW)


def test_many_rows_go_in_at_once_and_each_once(here: Clinic) -> None:
    rows = [
        {"id": new_id(), "hospital_id": here.actor.hospital_id, "name": f"Day {n}", "date": MONDAY + timedelta(days=n)}
        | {"is_recurring": False}
        for n in range(30)
    ]
    bulk.insert(here.session, HospitalHoliday, rows, unless=["id"])
    bulk.insert(here.session, HospitalHoliday, rows, unless=["id"])
    bulk.insert(here.session, HospitalHoliday, [])
    assert here.count(HospitalHoliday) == 30
    with pytest.raises(TypeError):
        bulk.as_json([{"what": object()}])
    assert bulk.as_json([{"at": time(9), "day": MONDAY}]) == '[{"at":"09:00:00","day":"2026-03-02"}]'


@pytest.mark.parametrize("diagnosis", [[], ["Fever", "Cough, dry"]])
def test_one_row_goes_in_as_many_do(here: Clinic, diagnosis: list[str]) -> None:
    appointment = here.book(here.doctor(), here.patient(), time(10))
    row: dict[str, object] = {"id": new_id(), "hospital_id": here.actor.hospital_id, "appointment_id": appointment.id}
    row |= {"doctor_id": appointment.doctor_id, "status": ConsultationStatus.STARTED, "diagnosis": diagnosis}
    bulk.insert(here.session, Consultation, [row | {"started_at": NOW, "notes": None}])
    event: dict[str, object] = {
        "id": new_id(),
        "hospital_id": here.actor.hospital_id,
        "at": NOW,
        "actor_name": "Somebody",
    }
    event |= {"action": "tried", "record_type": "appointment", "record_id": appointment.id}
    bulk.insert(here.session, AuditEvent, [event | {"details": {"height": Decimal("1.5"), "none": None}}])
    here.session.commit()
    written = here.session.get_one(Consultation, row["id"])
    assert (written.diagnosis, written.notes, written.started_at) == (diagnosis, None, NOW)
    assert here.session.get_one(AuditEvent, event["id"]).details == {"height": "1.5", "none": None}
