"""When something that was made of doctors' days is another by itself, and for whom it is another."""

from datetime import time, timedelta

import sqlalchemy as sa

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.models import DoctorSlot
from hms_web.services import facts, kept_days, slots
from tests.scenes import MONDAY, NOW, Clinic

TUESDAY = MONDAY + timedelta(days=1)


def test_a_day_changes_with_its_slots_and_holds_and_another_at_midnight(here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(9, 30), TUESDAY)
    midnight = day_span(MONDAY, here.actor.zone).ends_at
    tomorrow = slots.of_day(here.session, here.actor, [doctor], TUESDAY, now=NOW)
    assert kept_days.until(here.actor, tomorrow.values(), now=NOW) == midnight
    today = slots.of_day(here.session, here.actor, [doctor], MONDAY, now=NOW)
    first, second, *_ = today[doctor].items
    tick = timedelta(microseconds=1)
    assert kept_days.until(here.actor, today.values(), now=NOW) == first.starts_at + tick
    assert kept_days.until(here.actor, today.values(), now=first.starts_at + tick) == second.starts_at + tick
    held = {"held_by_id": here.actor.user_id, "held_until": NOW + timedelta(seconds=9)}
    here.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == second.id).values(held))
    here.session.commit()
    today = slots.of_day(here.session, here.actor, [doctor], MONDAY, now=NOW)
    assert kept_days.until(here.actor, today.values(), now=NOW) == NOW + timedelta(seconds=9)


def test_a_held_slot_is_another_to_its_holder_and_every_day_another_on_the_next(here: Clinic) -> None:
    doctor = here.doctor()
    slot = slots.of_date(here.session, here.actor, doctor, MONDAY, now=NOW).items[0]

    def alike(actor: Actor = here.actor, after: timedelta = timedelta()) -> object:
        told = facts.tell(here.session, here.actor, [doctor], MONDAY, MONDAY)
        return kept_days.likeness(actor, told, MONDAY, MONDAY, now=NOW + after)

    other = here.other
    assert alike() == alike(other)
    assert alike() != alike(after=timedelta(days=1))
    held = {"held_by_id": here.actor.user_id, "held_until": NOW + timedelta(seconds=9)}
    here.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot.id).values(held))
    here.session.commit()
    assert alike() != alike(other)
