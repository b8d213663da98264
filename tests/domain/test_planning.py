"""Plans for many appointments: never one slot twice, never one that a booking would be refused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.domain import planning
from hms_web.domain.booking import BookingFacts, DoctorDay, PatientFacts, Wanted, first_refusal
from hms_web.domain.local_time import Span
from hms_web.domain.patients import PatientStatus
from hms_web.domain.planning import ALTERNATIVES, Free, Need, Place, Proposal, Strategy
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.slots import SlotTime, slots_of_day

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANNA, BORIS, CLARA = (UUID(int=number) for number in (1, 2, 3))
SAME, COLLEAGUE, EITHER = Strategy.SAME_DOCTOR, Strategy.COLLEAGUE, Strategy.SAME_DOCTOR_ELSE_COLLEAGUE


def span(hour: int, minute: int = 0, minutes: int = 30, day: date = DAY) -> Span:
    starts_at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
    return Span(starts_at, starts_at + timedelta(minutes=minutes))


def place(doctor: UUID, at: Span) -> Place:
    time = SlotTime(at.starts_at.date(), at.starts_at.time(), at.ends_at.time(), at)
    return Place(UUID(int=doctor.int << 64 | int(at.starts_at.timestamp())), doctor, time)


def need(number: int, at: Span, *, doctor: UUID = ANNA, waited: int = 0, busy: tuple[Span, ...] = ()) -> Need:
    since = NOW - timedelta(minutes=waited)
    return Need(UUID(int=number), UUID(int=number + 1000), doctor, at.starts_at.date(), at, since, busy)


def free(*places: Place, room: int = 30) -> Free:
    by_doctor = {key: [item for item in places if item.doctor_id == key] for key in (ANNA, BORIS, CLARA)}
    rooms = {(item.doctor_id, item.time.day): room for item in places}
    return Free(by_doctor, rooms, {ANNA: [ANNA, BORIS, CLARA]})


def propose(needs: Iterable[Need], there: Free, strategy: Strategy, *, earliest: datetime = NOW) -> list[Proposal]:
    """Plan with nothing that is too soon, unless it is said what is."""
    return planning.propose(needs, there, strategy, earliest=earliest)


def starts(proposals: list[Proposal]) -> list[str | None]:
    """Where each goes, by whose free slot: "1 09:30"."""
    return [shown(item.place) if item.place else None for item in proposals]


def shown(item: Place) -> str:
    return f"{item.doctor_id.int} {item.time.start:%H:%M}"


def test_the_next_time_after_and_else_the_last_before() -> None:
    there = free(*(place(ANNA, span(hour)) for hour in (8, 12, 15)))
    assert starts(propose([need(1, span(9))], there, SAME)) == ["1 12:00"]
    assert starts(propose([need(1, span(12))], there, SAME)) == ["1 12:00"]
    assert starts(propose([need(1, span(13))], there, SAME)) == ["1 15:00"]
    assert starts(propose([need(1, span(20))], there, SAME)) == ["1 15:00"]
    assert starts(propose([need(1, span(1))], there, SAME)) == ["1 08:00"]
    two = free(*(place(key, span(hour)) for key in (BORIS, CLARA) for hour in (8, 9)))
    assert starts(propose([need(1, span(20))], two, COLLEAGUE)) == ["2 09:00"]


def test_nothing_that_its_patient_would_hear_of_too_late() -> None:
    there = free(*(place(ANNA, span(hour)) for hour in (8, 9, 12)))
    soon = propose([need(1, span(9))], there, SAME, earliest=span(10).starts_at)
    assert starts(soon) == ["1 12:00"]
    assert [shown(item) for item in soon[0].others] == ["1 09:00", "1 08:00"]
    assert starts(propose([need(1, span(20))], there, SAME, earliest=span(12).starts_at)) == ["1 12:00"]
    late = propose([need(1, span(20))], there, SAME, earliest=span(12, 1).starts_at)
    assert starts(late) == [None]
    assert [shown(item) for item in late[0].others] == ["1 12:00", "1 09:00", "1 08:00"]


def test_who_has_waited_longest_comes_first() -> None:
    there = free(place(ANNA, span(12)), place(ANNA, span(15)))
    waiting = [need(1, span(11)), need(2, span(11), waited=5), need(3, span(10), waited=5)]
    plan = propose(waiting, there, SAME)
    assert [item.appointment_id.int for item in plan] == [3, 2, 1]
    assert starts(plan) == ["1 12:00", "1 15:00", None]
    assert propose(reversed(waiting), there, SAME) == plan


def test_whose_time_is_looked_at() -> None:
    there = free(place(ANNA, span(15)), place(BORIS, span(12)), place(CLARA, span(12)), place(CLARA, span(14)))
    wanted = [need(1, span(11)), need(2, span(11))]
    assert starts(propose(wanted, there, SAME)) == ["1 15:00", None]
    assert starts(propose(wanted, there, COLLEAGUE)) == ["2 12:00", "3 12:00"]
    assert starts(propose(wanted, there, EITHER)) == ["1 15:00", "2 12:00"]
    stranger = [need(1, span(11), doctor=UUID(int=9))]
    assert starts(propose(stranger, there, EITHER)) == [None]


def test_the_whole_appointment_fits_at_a_colleagues() -> None:
    there = free(place(BORIS, span(11, minutes=20)), place(BORIS, span(16, minutes=45)))
    assert starts(propose([need(1, span(11))], there, COLLEAGUE)) == ["2 16:00"]
    own = free(place(ANNA, span(11, minutes=20)))
    assert starts(propose([need(1, span(10))], own, SAME)) == ["1 11:00"]


def test_a_full_day_takes_only_its_own() -> None:
    tomorrow = DAY + timedelta(days=1)
    there = free(place(ANNA, span(15)), place(ANNA, span(16)), room=0)
    assert starts(propose([need(1, span(11))], there, SAME)) == ["1 15:00"]
    assert starts(propose([need(1, span(11, day=tomorrow))], there, SAME)) == [None]
    over = replace(there, room={(ANNA, DAY): -1})
    assert starts(propose([need(1, span(11))], over, SAME)) == [None]
    one = free(place(ANNA, span(15)), place(ANNA, span(16)), room=1)
    elsewhere = [need(1, span(11, day=tomorrow)), need(2, span(11, day=tomorrow))]
    assert starts(propose(elsewhere, one, SAME)) == ["1 16:00", None]


def test_nobody_is_in_two_places() -> None:
    there = free(place(ANNA, span(12)), place(ANNA, span(13)), place(BORIS, span(13)), place(BORIS, span(16)))
    assert starts(propose([need(1, span(11), busy=(span(12, 15),))], there, SAME)) == ["1 13:00"]
    first = need(1, span(13, day=DAY), waited=5)
    same_patient = replace(need(2, span(13), doctor=BORIS), patient_id=first.patient_id)
    both = Free(there.places, there.room, {ANNA: [BORIS], BORIS: [ANNA]})
    assert starts(propose([first, same_patient], both, SAME)) == ["1 13:00", "2 16:00"]


def test_what_else_there_is() -> None:
    there = free(*(place(ANNA, span(hour)) for hour in range(8, 16)), *(place(BORIS, span(hour)) for hour in (9, 10)))
    plan = propose([need(1, span(9)), need(2, span(10))], there, SAME)
    assert starts(plan) == ["1 09:00", "1 10:00"]
    assert [shown(item) for item in plan[0].others] == ["1 08:00", "1 11:00", "1 12:00", "1 13:00"]
    either = propose([need(1, span(9))], there, EITHER)[0]
    assert [shown(item) for item in either.others] == ["1 08:00", "1 10:00", "2 09:00", "2 10:00"]


def test_another_time_of_the_day_that_was_chosen_needs_no_more_room() -> None:
    tomorrow = DAY + timedelta(days=1)
    there = free(place(ANNA, span(15)), place(ANNA, span(16)), room=1)
    plan = propose([need(1, span(15, day=tomorrow))], there, SAME)
    assert starts(plan) == ["1 16:00"]
    assert [shown(item) for item in plan[0].others] == ["1 15:00"]


def test_a_strategy_for_each_name() -> None:
    assert [str(item) for item in Strategy] == ["SAME_DOCTOR", "COLLEAGUE", "SAME_DOCTOR_ELSE_COLLEAGUE"]


HOURS = DayHours(DayOfWeek.MONDAY, clock_time(9), clock_time(12))


@st.composite
def clinics(draw: st.DrawFn) -> tuple[list[Need], dict[UUID, list[tuple[SlotTime, bool]]], dict[UUID, int]]:
    """Some appointments, three doctors' slots of two days with what is taken, and each doctor's maximum."""
    slots = {}
    for doctor in (ANNA, BORIS, CLARA):
        minutes = draw(st.sampled_from([15, 20, 30]))
        times = [time for n in (0, 1) for time in slots_of_day(DAY + timedelta(days=n), HOURS, minutes, UTC)]
        slots[doctor] = [(time, draw(st.booleans())) for time in times]
    taken = [(doctor, time) for doctor, times in slots.items() for time, is_taken in times if is_taken]
    affected = draw(st.lists(st.sampled_from(taken), unique=True, max_size=12)) if taken else []
    people = st.integers(1, 6)
    needs = [
        Need(UUID(int=number + 1), UUID(int=draw(people)), doctor, time.day, time.span, NOW)
        for number, (doctor, time) in enumerate(affected)
    ]
    needs = [
        replace(one, busy=tuple(two.span for two in needs if two.patient_id == one.patient_id and two is not one))
        for one in needs
    ]
    return needs, slots, {doctor: draw(st.integers(1, 10)) for doctor in slots}


@given(clinics(), st.sampled_from(Strategy))
def test_no_step_of_a_plan_would_be_refused(
    clinic: tuple[list[Need], dict[UUID, list[tuple[SlotTime, bool]]], dict[UUID, int]], strategy: Strategy
) -> None:
    needs, slots, maxima = clinic
    places = {
        doctor: [place(doctor, time.span) for time, is_taken in times if not is_taken]
        for doctor, times in slots.items()
    }
    booked = Counter((doctor, time.day) for doctor, times in slots.items() for time, is_taken in times if is_taken)
    days = (DAY, DAY + timedelta(days=1))
    room = {(doctor, day): maxima[doctor] - booked[doctor, day] for doctor in slots for day in days}
    colleagues = {doctor: list(slots) for doctor in slots}
    plan = propose(needs, Free(places, room, colleagues), strategy)
    chosen = [item.place for item in plan if item.place]
    assert len({item.slot_id for item in chosen}) == len(chosen)
    assert all(len(item.others) <= ALTERNATIVES and item.place not in item.others for item in plan)
    _apply(plan, needs, slots, maxima)


def _apply(
    plan: list[Proposal],
    needs: list[Need],
    slots: dict[UUID, list[tuple[SlotTime, bool]]],
    maxima: dict[UUID, int],
) -> None:
    """Carry a plan out, step by step, by the checks of a booking; each of the other places would do as well."""
    by_id = {item.appointment_id: item for item in needs}
    now = {item.appointment_id: (item.doctor_id, item.span) for item in needs}
    mine = {(item.doctor_id, item.span) for item in needs}
    fixed = [(key, time.span) for key, times in slots.items() for time, taken in times if taken]
    fixed = [item for item in fixed if item not in mine]

    def refusal(one: Need, wanted: Place) -> object:
        standing = [item for key, item in now.items() if key != one.appointment_id] + fixed
        day = [at for doctor, at in standing if doctor == wanted.doctor_id and at.starts_at.date() == wanted.time.day]
        hours = replace(HOURS, day_of_week=DayOfWeek.of(wanted.time.day))
        doctor = DoctorDay(
            is_available=True,
            is_active=True,
            max_patients_per_day=maxima[wanted.doctor_id],
            booked_count=len(day),
            hours=hours,
            taken=day,
        )
        busy = [now[key][1] for key, other in by_id.items() if other.patient_id == one.patient_id and other != one]
        time = wanted.time
        facts = BookingFacts(
            Wanted(time.day, time.start, time.end, time.span), DAY, PatientFacts(PatientStatus.ACTIVE, busy), doctor,
            is_slot=True,
        )  # fmt: skip
        return first_refusal(facts, NOW)

    for item in plan:
        if item.place is not None:
            one = by_id[item.appointment_id]
            assert refusal(one, item.place) is None
            now[item.appointment_id] = (item.place.doctor_id, item.place.time.span)
    for item in plan:
        assert [refusal(by_id[item.appointment_id], other) for other in item.others] == [None] * len(item.others)


@pytest.mark.parametrize("strategy", Strategy)
def test_a_day_of_many_is_planned_in_no_time(strategy: Strategy) -> None:
    there = free(*(place(key, span(9 + n // 4, 15 * (n % 4), 15)) for key in (ANNA, BORIS, CLARA) for n in range(40)))
    wanted = [need(number, span(9 + number // 4, 15 * (number % 4), 15)) for number in range(28)]
    plan = propose(wanted, there, strategy)
    assert all(item.place for item in plan)
    assert all(one.appointment_id < two.appointment_id for one, two in pairwise(plan))
