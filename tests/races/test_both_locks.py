"""A booking locks its patient and then its doctor: with one question where both are free, and else as ever."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.patients import PatientStatus
from hms_web.services import locks, unit_of_work
from hms_web.services.locks import LockedPatient
from tests.races.crowd import WAIT_SECONDS
from tests.races.hall import Hall

pytestmark = pytest.mark.race


@contextmanager
def asked(hall: Hall) -> Iterator[list[str]]:
    """The statements that are asked meanwhile."""
    statements: list[str] = []

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    sa.event.listen(hall.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(hall.engine, "before_cursor_execute", note)


def free(hall: Hall, table: str, key: UUID) -> bool:
    """Whether nobody holds a row."""
    with hall.engine.connect() as other:
        found = other.execute(
            sa.text(f"SELECT 1 FROM {table} WHERE id = :key FOR NO KEY UPDATE SKIP LOCKED"),
            {"key": key},
        ).one_or_none()
        return found is not None


def lock(hall: Hall, patient: UUID, doctor: UUID) -> tuple[LockedPatient | None, list[bool]]:
    """Lock both; return what is said of the patient, and which of the two nobody holds then."""

    def work() -> tuple[LockedPatient | None, list[bool]]:
        said = locks.patient_and_doctor(session, hall.here.actor, patient, doctor)
        return said, [free(hall, "patients", patient), free(hall, "doctors", doctor)]

    with Session(hall.engine) as session:
        return unit_of_work.run(session, work)


def test_both_are_locked_with_one_question(guarded: Hall) -> None:
    patient, doctor = guarded.here.patient(name="Asha Rao", mrn="A1", phone=None), guarded.doctor()
    with asked(guarded) as statements:
        said = lock(guarded, patient, doctor)
    assert said == (LockedPatient(PatientStatus.ACTIVE, "Asha Rao", "A1", None, None), [False, False])
    assert len(statements) == 3, "one that locks, and the two of this test"
    assert [free(guarded, "patients", patient), free(guarded, "doctors", doctor)] == [True, True]


@pytest.mark.parametrize("held", ["patients", "doctors"])
def test_who_is_held_is_waited_for_and_seen_as_left(guarded: Hall, held: str) -> None:
    patient, doctor = guarded.here.patient(name="Before"), guarded.doctor()
    with ThreadPoolExecutor(1) as pool, guarded.engine.connect() as other:
        other.execute(
            sa.text(f"SELECT 1 FROM {held} WHERE id = :key FOR UPDATE"),
            {"key": patient if held == "patients" else doctor},
        )
        sent = pool.submit(lock, guarded, patient, doctor)
        guarded.await_waiting(1)
        # Whoever waits for the doctor has the patient already, and whoever waits for the patient has no doctor yet.
        assert free(guarded, "doctors", doctor) is (held == "patients")
        assert not free(guarded, "patients", patient)
        if held == "patients":
            other.execute(sa.text("UPDATE patients SET name = 'After' WHERE id = :key"), {"key": patient})
        other.commit()
        said, are_free = sent.result()
    assert said is not None
    assert said.name == ("After" if held == "patients" else "Before")
    assert are_free == [False, False]


def test_who_is_none_is_none(guarded: Hall) -> None:
    patient, doctor = guarded.here.patient(), guarded.doctor()
    assert lock(guarded, uuid4(), doctor)[0] is None
    assert lock(guarded, patient, uuid4())[0] is not None


def test_control_without_the_guard_nobody_is_locked(guarded: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "GUARD", {"on": False})
    patient, doctor = guarded.here.patient(name="Asha Rao", mrn="A1", phone=None), guarded.doctor()
    said = lock(guarded, patient, doctor)
    assert said == (LockedPatient(PatientStatus.ACTIVE, "Asha Rao", "A1", None, None), [True, True])


@pytest.mark.parametrize("is_on", [True, False], ids=["with the guard", "control: without it"])
def test_of_two_bookers_at_once_one_waits_for_the_other(
    guarded: Hall,
    monkeypatch: pytest.MonkeyPatch,
    is_on: bool,  # noqa: FBT001
) -> None:
    """Without the guard both are inside at a time, which is what the barrier waits for."""
    monkeypatch.setattr(locks, "GUARD", {"on": is_on})
    patient, doctor = guarded.here.patient(), guarded.doctor()
    both, inside = threading.Barrier(2), threading.Event()

    def first() -> None:
        locks.patient_and_doctor(one, guarded.here.actor, patient, doctor)
        inside.set()
        if is_on:
            guarded.await_waiting(1)
        else:
            both.wait(WAIT_SECONDS)

    def second() -> bool:
        assert inside.wait(WAIT_SECONDS)
        locks.patient_and_doctor(other, guarded.here.actor, patient, doctor)
        if not is_on:
            both.wait(WAIT_SECONDS)
        return left.is_set()

    left = threading.Event()
    with Session(guarded.engine) as one, Session(guarded.engine) as other, ThreadPoolExecutor(1) as pool:
        came = pool.submit(unit_of_work.run, other, second)
        sa.event.listen(one, "before_commit", lambda _session: left.set())
        unit_of_work.run(one, first)
        assert came.result(WAIT_SECONDS) is is_on
