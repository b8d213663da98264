"""A whole plan is applied in one go, once, and says exactly what was refused and why."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import AffectedBatch, AffectedStep, AuditEvent, Notification, new_id
from hms_web.services import (
    affected_batches,
    affected_records,
    booking,
    cancelling,
    keeping,
    refusal_facts,
    slot_keeping,
)
from hms_web.services.affected_batches import MOST_STEPS, Step
from hms_web.services.affected_records import BatchView
from hms_web.services.appointments import AppointmentView
from hms_web.services.slot_keeping import HoldView
from tests.api.callers import person
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, Ill, ill

WEDNESDAY = TUESDAY + timedelta(days=1)
MOVE, KEEP, CANCEL = AffectedAction.MOVE, AffectedAction.KEEP, AffectedAction.CANCEL


@pytest.fixture
def clinic(here: Clinic) -> Ill:
    return ill(here)


def codes(batch: BatchView) -> list[Code | None]:
    return [step.refusal.code if step.refusal else None for step in batch.steps]


def test_a_day_is_moved(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps())
    assert [step.action for step in batch.steps] == [MOVE] * 3
    assert (len(batch.done), batch.refused, batch.may_undo, batch.created_by) == (3, [], True, "Reception 1")
    first = batch.steps[0]
    assert (first.from_doctor_name, first.from_starts_at) == (clinic.booked[0].doctor_name, clinic.booked[0].starts_at)
    assert first.to_doctor_name == first.appointment.doctor_name
    assert (first.appointment.date, first.appointment.start_time) == (TUESDAY, time(9))
    assert first.to_starts_at == first.appointment.starts_at
    assert [clinic.now(number).affected_cause for number in range(3)] == [None] * 3
    events = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.record_type == "plan")).all()
    assert [(event.action, event.details) for event in events] == [("plan.applied", {"done": 3, "refused": 0})]
    clinic.check()


def test_all_three_actions_and_what_patients_are_told(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(9)), clinic.other(1, KEEP), clinic.other(2, CANCEL))
    assert codes(batch) == [None] * 3
    assert clinic.now(1).kept_cause == "ABSENCE"
    assert (clinic.now(2).status, clinic.now(2).cancel_reason) == (AppointmentStatus.CANCELLED, "Ill")
    waits = {
        row.event: row.next_attempt_at
        for row in here.session.scalars(sa.select(Notification).where(Notification.channel == "sms"))
    }
    later = NOW + timedelta(seconds=60)
    assert waits["appointment.rescheduled"] == waits["appointment.kept"] == later
    assert waits["appointment.cancelled"] != later
    clinic.check()


def test_a_plan_of_cancellations_holds_no_message_back(clinic: Ill) -> None:
    batch = clinic.apply(clinic.other(0, CANCEL))
    assert (len(batch.done), batch.may_undo) == (1, False)
    clinic.check()


def test_what_was_changed_meanwhile_is_refused_by_name_and_the_others_are_done(here: Clinic, clinic: Ill) -> None:
    steps = clinic.steps()
    cancelling.cancel(here.session, here.other, clinic.ids[0], reason="Called", now=NOW)
    keeping.keep(here.session, here.admin, clinic.ids[1], now=NOW)
    batch = clinic.apply(*steps)
    assert codes(batch) == [Code.STALE_VERSION, Code.STALE_VERSION, None]
    assert [step.refusal.facts if step.refusal else None for step in batch.steps] == [
        {"by": "Reception 2"}, {"by": "Admin"}, None,
    ]  # fmt: skip
    assert clinic.now(2).date == TUESDAY
    clinic.check()


def test_a_time_that_was_taken_meanwhile_is_refused(here: Clinic, clinic: Ill) -> None:
    steps = clinic.steps()
    here.book(clinic.doctor, here.patient(), time(9), TUESDAY)
    held = here.slot(clinic.doctor, time(9, 30), TUESDAY)
    assert isinstance(slot_keeping.hold(here.session, here.other, held.id, now=NOW), HoldView)
    batch = clinic.apply(*steps)
    assert codes(batch) == [Code.SLOT_TAKEN, Code.SLOT_HELD, None]
    refusal = batch.steps[1].refusal
    assert refusal
    assert refusal.facts == {"name": "Reception 2", "until": NOW + timedelta(minutes=2)}
    assert (batch.steps[1].to_doctor_name, batch.steps[1].to_starts_at) == (
        clinic.booked[0].doctor_name,
        held.starts_at,
    )
    assert clinic.now(0).affected_cause == "ABSENCE"
    clinic.check()


def test_two_rows_with_one_time_the_first_gets_it(clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(9)), clinic.move(1, time(9)), clinic.move(2, time(9), WEDNESDAY))
    assert codes(batch) == [None, Code.SLOT_TAKEN, None]
    clinic.check()


def test_what_cannot_be_done_to_an_appointment(here: Clinic, clinic: Ill) -> None:
    fine = here.book(clinic.colleague, here.patient(), time(9))
    cancelling.cancel(here.session, here.actor, clinic.ids[1], reason="Called", now=NOW)
    stays = clinic.move(0, time(10), MONDAY)
    nobody = clinic.move(2, time(9), doctor=uuid4())
    batch = clinic.apply(Step(fine.id, KEEP, 1), clinic.other(1, KEEP), stays, nobody)
    assert codes(batch) == [Code.NOT_AFFECTED, Code.NOT_AFFECTED, Code.SLOT_TAKEN, Code.DOCTOR_NOT_FOUND]
    assert (batch.steps[3].to_doctor_name, batch.done, batch.may_undo) == (None, [], False)
    clinic.check()


def test_sent_twice_it_is_applied_once(here: Clinic, clinic: Ill) -> None:
    key, steps = new_id(), [*clinic.steps()[:2], clinic.other(2, KEEP)]
    first = clinic.apply(*steps, batch=key)
    assert clinic.apply(*steps, batch=key) == first
    assert (here.count(AffectedBatch), here.count(AffectedStep)) == (1, 3)
    with pytest.raises(Refused) as refused:
        clinic.apply(*steps[:2], batch=key)
    assert refused.value.refusal.code is Code.IDEMPOTENCY_KEY_REUSED


@pytest.mark.parametrize("what", ["doctor", "reason"])
def test_an_id_with_another_plan_is_not_that_plan(here: Clinic, what: str) -> None:
    clinic, key = ill(here), new_id()
    steps = [clinic.move(0, time(9)), clinic.other(1, CANCEL)]
    first = clinic.apply(*steps, batch=key)
    others = [replace(steps[0], doctor_id=clinic.colleague), steps[1]] if what == "doctor" else steps
    reason = "Ill" if what == "doctor" else "Gone"
    with pytest.raises(Refused) as refused:
        affected_batches.apply(here.session, here.actor, key, others, reason=reason, now=NOW)
    assert refused.value.refusal.code is Code.IDEMPOTENCY_KEY_REUSED
    assert clinic.apply(*steps, batch=key) == first


def test_a_reason_without_a_cancellation_is_no_other_plan(here: Clinic) -> None:
    clinic, key = ill(here), new_id()
    steps = [clinic.move(0, time(9))]
    first = clinic.apply(*steps, batch=key)
    assert affected_batches.apply(here.session, here.actor, key, steps, reason=None, now=NOW) == first
    clinic.check()


def test_a_crash_in_the_middle_leaves_nothing_and_the_plan_can_be_sent_again(
    here: Clinic, clinic: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, steps, calls = new_id(), clinic.steps(), [0]
    change = booking.change

    def failing(*args: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] == 2:
            message = "the power is gone"
            raise RuntimeError(message)
        return change(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(booking, "change", failing)
    with pytest.raises(RuntimeError):
        clinic.apply(*steps, batch=key)
    assert (here.count(AffectedBatch), clinic.now(0).date) == (0, MONDAY)
    monkeypatch.setattr(booking, "change", change)
    assert len(clinic.apply(*steps, batch=key).done) == 3
    clinic.check()


@pytest.mark.parametrize("kind", ["none", "too many", "twice", "nowhere"])
def test_plans_that_make_no_sense(clinic: Ill, kind: str) -> None:
    step = clinic.move(0, time(9))
    plans: dict[str, list[Step]] = {
        "none": [],
        "too many": [Step(uuid4(), KEEP, 1) for _ in range(MOST_STEPS + 1)],
        "twice": [step, clinic.other(0, KEEP)],
        "nowhere": [clinic.other(0, MOVE)],
    }
    with pytest.raises(InvalidInput) as invalid:
        clinic.apply(*plans[kind])
    assert [name for name, _ in invalid.value.errors] == ["steps"]


def test_a_reason_that_is_too_long(here: Clinic, clinic: Ill) -> None:
    with pytest.raises(InvalidInput):
        affected_batches.apply(here.session, here.actor, new_id(), [clinic.other(0, CANCEL)], reason="x" * 501, now=NOW)


def test_an_unknown_appointment_stops_all_of_it(here: Clinic, elsewhere: Clinic, clinic: Ill) -> None:
    theirs = elsewhere.book(elsewhere.doctor(), elsewhere.patient(), time(10), TUESDAY)
    for key in (theirs.id, uuid4()):
        with pytest.raises(Refused) as refused:
            clinic.apply(clinic.move(0, time(9)), Step(key, KEEP, 1))
        assert refused.value.refusal.code is Code.APPOINTMENT_NOT_FOUND
    assert here.count(AffectedBatch) == 0


def refused(clinic: Ill, actor: Actor, batch_id: UUID) -> Code:
    with pytest.raises(Refused) as error:
        affected_records.get(clinic.here.session, actor, batch_id)
    return error.value.refusal.code


def test_whose_plans_are_whose(here: Clinic, elsewhere: Clinic, clinic: Ill) -> None:
    own, colleague = clinic.doctor_actor(clinic.doctor), clinic.doctor_actor(clinic.colleague)
    batch = clinic.apply(clinic.move(0, time(9)), actor=own)
    assert codes(batch) == [None]
    assert codes(clinic.apply(clinic.move(1, time(9, 30)), actor=colleague)) == [Code.FORBIDDEN]
    assert affected_records.get(here.session, here.actor, batch.id) == batch
    assert refused(clinic, colleague, batch.id) is Code.PLAN_NOT_FOUND
    assert refused(clinic, elsewhere.actor, batch.id) is Code.PLAN_NOT_FOUND
    assert refused(clinic, person(here, Role.NURSE), batch.id) is Code.FORBIDDEN
    with pytest.raises(Refused) as error:
        clinic.apply(clinic.move(1, time(9, 30)), actor=person(here, Role.NURSE))
    assert error.value.refusal.code is Code.FORBIDDEN
    with pytest.raises(Refused) as error:
        affected_batches.apply(here.session, elsewhere.actor, batch.id, [Step(clinic.ids[0], KEEP, 1)], now=NOW)
    assert error.value.refusal.code is Code.PLAN_NOT_FOUND


def test_a_colleagues_time_of_another_length(here: Clinic) -> None:
    clinic = ill(here, 1)
    slow = here.doctor(minutes=45)
    batch = clinic.apply(clinic.move(0, time(9), TUESDAY, slow))
    assert codes(batch) == [None]
    assert clinic.now(0).end_time == time(9, 45)
    clinic.check()


def test_a_refusal_as_json_and_back() -> None:
    facts = {"day": MONDAY, "at": time(9), "until": NOW, "by": "Asha", "maximum": 3, "end_time": None}
    kept = refusal_facts.packed(Refusal(Code.SLOT_HELD, facts))
    assert refusal_facts.unpacked("SLOT_HELD", kept) == Refusal(Code.SLOT_HELD, facts)
    assert refusal_facts.unpacked(None, {}) is None
    assert isinstance(kept["until"], dict)
    assert datetime.fromisoformat(kept["until"]["instant"]) == NOW


def test_who_changed_one_of_which_nothing_is_known(here: Clinic) -> None:
    assert affected_batches.changed_meanwhile(here.session, here.actor, uuid4()) == Refusal(Code.STALE_VERSION)


def test_the_view_of_a_move_has_both_ends(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(10), MONDAY, clinic.colleague))
    view = here.row(clinic.ids[0])
    here.session.rollback()
    assert isinstance(batch.steps[0].appointment, AppointmentView)
    assert (view.doctor_id, view.token_number) == (clinic.colleague, 1)
    assert batch.steps[0].to_doctor_name != batch.steps[0].from_doctor_name
