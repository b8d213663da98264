"""Plans for affected appointments: applied by two at once, against bookings, twice, and undone while things change."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

import pytest

from hms_web.domain.absences import AbsenceType
from hms_web.models import AffectedBatch, Appointment, AuditEvent
from hms_web.services import absences
from hms_web.services.absences import NewAbsence
from tests.races.crowd import API, Answer, Ask, outcomes
from tests.races.guards import without_constraints
from tests.races.hall import DAY, Hall, times
from tests.scenes import NOW

pytestmark = pytest.mark.race
ROUNDS, SOME = 8, 3
PATIENTS = 4


@dataclass
class Ill:
    """A doctor who is away on the day, whose patients need another time, and a colleague with an empty day."""

    hall: Hall
    doctor: UUID
    colleague: UUID
    ids: list[UUID]

    def plan(self, starts: list[time], *, who: int = 0, key: str = "") -> Ask:
        """Ask for a plan that moves each of them to the colleague."""
        steps = [
            {
                "appointmentId": str(appointment),
                "action": "MOVE",
                "version": 2,
                "doctorId": str(self.colleague),
                "date": str(DAY),
                "time": f"{at:%H:%M}",
            }
            for appointment, at in zip(self.ids, starts, strict=True)
        ]
        headers = {"Idempotency-Key": key} if key else {}
        return Ask("POST", f"{API}/affected/plans", {"steps": steps}, headers, who)

    def undo(self, plan: str, *, who: int = 0) -> Ask:
        return Ask("POST", f"{API}/affected/plans/{plan}/undo", {}, who=who)

    def places(self) -> list[tuple[UUID, time]]:
        return [self.hall.place_of(key) for key in self.ids]


def ill(hall: Hall, count: int = PATIENTS) -> Ill:
    doctor, colleague = hall.doctor(), hall.doctor()
    ids = [hall.booked(doctor, at) for at in times(count)]
    absences.create(hall.here.session, hall.here.admin, doctor, NewAbsence(AbsenceType.SICK_LEAVE, DAY, DAY), now=NOW)
    return Ill(hall, doctor, colleague, ids)


def refusals(answer: Answer) -> list[str | None]:
    steps: list[dict[str, Any]] = answer.body["steps"]
    return [step["refusal"] and step["refusal"]["code"] for step in steps]


def test_two_plans_for_the_same_people(hall: Hall) -> None:
    for _ in range(ROUNDS):
        clinic = ill(hall)
        early, late = times(2 * PATIENTS)[:PATIENTS], times(2 * PATIENTS)[PATIENTS:]
        answers = hall.crowd.at_once([clinic.plan(early), clinic.plan(late, who=1)])
        assert outcomes(answers) == Counter({"201": 2})
        first, second = sorted((refusals(answer) for answer in answers), key=lambda codes: codes[0] is not None)
        assert (first, second) == ([None] * PATIENTS, ["STALE_VERSION"] * PATIENTS)
        loser = next(answer for answer in answers if refusals(answer)[0])
        # The clock stands still, so that the last of several changes is not to be told; that there is one, is.
        assert " has changed this meanwhile. " in loser.body["steps"][0]["refusal"]["detail"]
        assert clinic.places() == [(clinic.colleague, at) for at in (late if loser is answers[0] else early)]


def test_two_plans_for_the_same_times(hall: Hall) -> None:
    for _ in range(ROUNDS):
        one, two = ill(hall), ill(hall)
        two.colleague = one.colleague
        starts = times(PATIENTS)
        answers = hall.crowd.at_once([one.plan(starts), two.plan(list(reversed(starts)), who=1)])
        codes = sorted((refusals(answer) for answer in answers), key=str, reverse=True)
        assert codes == [[None] * PATIENTS, ["SLOT_TAKEN"] * PATIENTS]
        winner, loser = (one, two) if refusals(answers[0])[0] is None else (two, one)
        assert {doctor for doctor, _ in winner.places()} == {one.colleague}
        assert {doctor for doctor, _ in loser.places()} == {loser.doctor}


def test_bookings_of_the_times_of_a_plan(hall: Hall) -> None:
    for _ in range(ROUNDS):
        clinic = ill(hall)
        starts = times(PATIENTS)
        wanted = [hall.booking(clinic.colleague, hall.here.patient(), at, who=1) for at in starts]
        plan, *booked = hall.crowd.at_once([clinic.plan(starts), *wanted])
        assert plan.status == 201
        for code, answer in zip(refusals(plan), booked, strict=True):
            assert (code, answer.outcome) in {(None, "SLOT_TAKEN"), ("SLOT_TAKEN", "201")}
        assert hall.active(doctor_id=clinic.colleague) == PATIENTS


def test_a_plan_that_is_sent_many_times_is_applied_once(hall: Hall) -> None:
    clinic = ill(hall)
    asks = [clinic.plan(times(PATIENTS), key="one plan") for _ in range(10)]
    answers = hall.crowd.at_once(asks)
    assert outcomes(answers) == Counter({"201": 10})
    assert len({answer.body["id"] for answer in answers}) == 1
    assert hall.here.count(AffectedBatch, hospital_id=hall.here.actor.hospital_id) == 1
    hall.here.session.rollback()


def test_an_undo_twice_at_once_and_against_changes(hall: Hall) -> None:
    for _ in range(ROUNDS):
        clinic = ill(hall)
        applied = hall.crowd.ask(clinic.plan(times(PATIENTS))).body["id"]
        moved = times(PATIENTS + 2)[-1]
        undos = [clinic.undo(applied), clinic.undo(applied, who=1)]
        change = hall.change(clinic.ids[0], who=2, time=moved, version=3)
        *undone, changed = hall.crowd.at_once([*undos, change])
        assert undone[0].body["steps"] == undone[1].body["steps"]
        first = undone[0].body["steps"][0]
        if changed.status == 200:
            assert first["undoRefusal"]["code"] == "STALE_VERSION"
            assert clinic.places()[0] == (clinic.colleague, moved)
        else:
            assert changed.outcome == "STALE_VERSION"
            assert clinic.places()[0] == (clinic.doctor, times(1)[0])
        assert clinic.places()[1:] == [(clinic.doctor, at) for at in times(PATIENTS)[1:]]
        assert hall.here.count(AuditEvent, record_type="plan", action="plan.undone", record_id=UUID(applied)) == 1
        hall.here.session.rollback()


def test_control_without_locks_two_plans_both_move_somebody(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine):
        for _ in range(SOME):
            clinic = ill(unguarded, 1)
            one, two = times(2)
            asks = [clinic.plan([one]), clinic.plan([two], who=1)]
            with ThreadPoolExecutor(1) as pool:
                with unguarded.holding("appointments", clinic.ids[0]):
                    sent = pool.submit(unguarded.crowd.at_once, asks)
                    unguarded.await_waiting(len(asks))  # both have read the version, and want to write the next
                answers = sent.result()
            assert [refusals(answer) for answer in answers] == [[None], [None]]
        with pytest.raises(AssertionError, match="a change has not exactly one audit event"):
            unguarded.check()
        assert unguarded.here.count(Appointment) == SOME
        unguarded.here.session.rollback()


def test_control_without_locks_a_booking_and_a_plan_get_the_same_place(unguarded: Hall) -> None:
    with without_constraints(unguarded.engine):
        for _ in range(SOME):
            clinic, patient = ill(unguarded, 1), unguarded.here.patient()
            (at,) = times(1)
            with ThreadPoolExecutor(2) as pool:
                with unguarded.holding("appointments", clinic.ids[0]):
                    plan = pool.submit(unguarded.crowd.ask, clinic.plan([at]))
                    unguarded.await_waiting(1)  # its checks are behind it
                    booked = pool.submit(unguarded.crowd.ask, unguarded.booking(clinic.colleague, patient, at))
                    unguarded.await_waiting(2)
                assert (refusals(plan.result()), booked.result().outcome) == ([None], "201")
        with pytest.raises(AssertionError, match="a slot has two active appointments"):
            unguarded.check()
