"""Proposals for many appointments, from what is stored."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Role
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import Code, Refused
from hms_web.models import Doctor
from hms_web.services import affected, affected_plans, booking, cancelling, slot_keeping
from hms_web.services.affected_plans import Plan
from hms_web.services.booking import AppointmentChange
from hms_web.services.slot_keeping import HoldView
from tests.api.callers import person
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, Ill, away, ill


def made(clinic: Ill, strategy: Strategy) -> Plan:
    return affected_plans.make(clinic.here.session, clinic.here.actor, clinic.ids, strategy, now=NOW)


def places(plan: Plan) -> list[tuple[str, object, time] | None]:
    return [
        (move.place.doctor_name, move.place.date, move.place.start_time) if move.place else None for move in plan.moves
    ]


def test_the_same_doctors_next_day(here: Clinic) -> None:
    clinic = ill(here)
    name = clinic.booked[0].doctor_name
    plan = made(clinic, Strategy.SAME_DOCTOR)
    assert places(plan) == [(name, TUESDAY, time(9)), (name, TUESDAY, time(9, 30)), (name, TUESDAY, time(10))]
    assert all(len(move.others) == 4 for move in plan.moves)
    assert all(other.doctor_id == clinic.doctor for move in plan.moves for other in move.others)


def test_nothing_within_four_hours_is_proposed_but_it_can_be_chosen(here: Clinic) -> None:
    clinic = ill(here, 1)
    doctor = here.doctor()
    visit = here.book(doctor, here.patient(), time(9), TUESDAY)
    away(here, doctor, TUESDAY)
    late = datetime(2026, 3, 2, 10, 57, tzinfo=UTC)  # 16:27 at the clinic
    plan = affected_plans.make(here.session, here.actor, [visit.id], Strategy.COLLEAGUE, now=late)
    (move,) = plan.moves
    assert move.place
    assert (move.place.date, move.place.is_soon) == (TUESDAY, False)
    (same,) = affected_plans.make(here.session, here.actor, clinic.ids, Strategy.COLLEAGUE, now=late).moves
    assert same.place
    assert same.place.starts_at - late >= timedelta(hours=4)
    assert same.others[0].is_soon
    assert all(other.is_soon == (other.starts_at < late + timedelta(hours=4)) for other in same.others)


def test_a_colleague_of_the_department_on_the_same_day(here: Clinic) -> None:
    clinic = ill(here)
    other = here.doctor()
    here.session.execute(sa.update(Doctor).where(Doctor.id == other).values(department="Dermatology"))
    here.session.commit()
    plan = made(clinic, Strategy.COLLEAGUE)
    assert [(place[1], place[2]) for place in places(plan) if place] == [
        (MONDAY, time(12)), (MONDAY, time(12, 30)), (MONDAY, time(14)),
    ]  # fmt: skip
    assert {move.place.doctor_id for move in plan.moves if move.place} == {clinic.colleague}


def test_a_colleague_where_the_doctor_has_nothing(here: Clinic) -> None:
    clinic = ill(here)
    away_for_long = TUESDAY
    while away_for_long <= LAST_DAY:
        away(here, clinic.doctor, away_for_long)
        away_for_long += timedelta(days=1)
    assert places(made(clinic, Strategy.SAME_DOCTOR)) == [None] * 3
    plan = made(clinic, Strategy.SAME_DOCTOR_ELSE_COLLEAGUE)
    assert {move.place.doctor_id for move in plan.moves if move.place} == {clinic.colleague}


def test_what_is_held_taken_or_elsewhere_is_not_offered(here: Clinic) -> None:
    clinic = ill(here, 1)
    here.book(clinic.doctor, here.patient(), time(9), TUESDAY)
    held = here.slot(clinic.doctor, time(9, 30), TUESDAY)
    assert isinstance(slot_keeping.hold(here.session, here.other, held.id, now=NOW), HoldView)
    patient_id = clinic.booked[0].patient_id
    here.book(clinic.colleague, patient_id, time(10), TUESDAY)
    given_up = here.book(clinic.colleague, patient_id, time(10, 30), TUESDAY)
    cancelling.cancel(here.session, here.actor, given_up.id, reason="Once is enough", now=NOW)
    (move,) = made(clinic, Strategy.SAME_DOCTOR).moves
    assert move.place
    assert (move.place.date, move.place.start_time) == (TUESDAY, time(10, 30))
    assert (move.place.doctor_name, move.place.end_time) == (clinic.booked[0].doctor_name, time(11))


def test_a_full_day_is_passed_over(here: Clinic) -> None:
    clinic = ill(here, 2)
    here.session.execute(sa.update(Doctor).values(max_patients_per_day=1))
    here.session.commit()
    days = [place[1] for place in places(made(clinic, Strategy.SAME_DOCTOR)) if place]
    assert days == [TUESDAY, TUESDAY + timedelta(days=1)]


def test_only_what_needs_attention_is_planned(here: Clinic, elsewhere: Clinic) -> None:
    clinic = ill(here)
    change = AppointmentChange(date=TUESDAY)
    booking.change(here.session, here.actor, clinic.ids[0], change, now=NOW)
    ids = [*clinic.ids, uuid4()]
    plan = affected_plans.make(here.session, here.actor, ids, Strategy.SAME_DOCTOR, now=NOW)
    assert ([move.appointment.id for move in plan.moves], plan.gone) == (clinic.ids[1:], 2)
    foreign = affected_plans.make(here.session, elsewhere.actor, ids, Strategy.SAME_DOCTOR, now=NOW)
    assert (foreign.moves, foreign.gone) == ([], 4)


def test_a_doctor_plans_for_their_own_patients_and_a_nurse_for_nobodys(here: Clinic) -> None:
    clinic = ill(here)
    make = affected_plans.make
    own, colleague = clinic.doctor_actor(clinic.doctor), clinic.doctor_actor(clinic.colleague)
    assert len(make(here.session, own, clinic.ids, Strategy.COLLEAGUE, now=NOW).moves) == 3
    assert make(here.session, colleague, clinic.ids, Strategy.COLLEAGUE, now=NOW).gone == 3
    with pytest.raises(Refused) as refused:
        make(here.session, person(here, Role.NURSE), clinic.ids, Strategy.COLLEAGUE, now=NOW)
    assert refused.value.refusal.code is Code.FORBIDDEN


def test_the_window_is_that_of_a_booking(here: Clinic) -> None:
    clinic = ill(here, 1)
    (move,) = made(clinic, Strategy.SAME_DOCTOR).moves
    assert move.place
    assert move.place.date <= MONDAY + timedelta(days=BOOKING_WINDOW_DAYS)


@pytest.mark.parametrize("strategy", Strategy)
def test_fifty_need_no_more_statements_than_one(here: Clinic, strategy: Strategy) -> None:
    clinic = ill(here, 6)
    made(clinic, strategy)  # makes the slots that are looked at for the first time
    few, many = (statements(here, ids, strategy) for ids in (clinic.ids[:1], clinic.ids))
    assert few == many <= 8


def statements(here: Clinic, ids: list[UUID], strategy: Strategy) -> int:
    seen: list[str] = []
    note: Callable[..., None] = lambda *given: seen.append(str(given[2]))  # noqa: E731
    connection = here.session.connection()
    sa.event.listen(connection, "before_cursor_execute", note)
    affected_plans.make(here.session, here.actor, ids, strategy, now=NOW)
    affected.grouped(here.session, here.actor)
    sa.event.remove(connection, "before_cursor_execute", note)
    here.session.rollback()
    return len(seen)
