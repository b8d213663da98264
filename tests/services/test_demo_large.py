"""The large hospital: as much as was asked for, and a hospital that can be worked in."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.patients import given_mrn
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.slots import SlotStatus
from hms_web.models import Appointment, Doctor, DoctorSlot, NoShowLog, Notification, Patient
from hms_web.services import demo_house, demo_large, identity, slots
from hms_web.services.demo_large import Size

NOON = datetime(2026, 3, 3, 6, 40, tzinfo=UTC)  # a Tuesday, 12:10 in Kolkata
# Each doctor: 98 of the days to come, 14 of today and 14 of yesterday, 4 of the day before.
SMALL = Size(3, 130, 3 * (98 + 14 + 14 + 4))
EVERYTHING = (Patient, Doctor, DoctorSlot, Appointment, Notification)


def count(session: Session, table: type, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0


def test_a_scale_is_a_multiple() -> None:
    assert Size.of_scale(1) == Size(10, 20_000, 50_000)
    assert Size.of_scale(100) == Size(1_000, 2_000_000, 5_000_000)


def test_patients_are_numbered_as_the_product_does_beyond_a_million_too(session: Session) -> None:
    numbers = [1, 999_999, 1_000_000, 2_000_000]
    asked = sa.text(f"SELECT {demo_large.NUMBERED.format(n='n')} FROM unnest(CAST(:numbers AS bigint[])) n")
    assert list(session.scalars(asked, {"numbers": numbers})) == [given_mrn(number) for number in numbers]


def test_it_is_as_large_as_was_asked_for(session: Session) -> None:
    written: list[int] = []
    actor = demo_large.seed(session, SMALL, now=NOON, advance=written.append)
    assert sum(written) == SMALL.appointments == count(session, Appointment) == count(session, Notification)
    assert [count(session, table) for table in EVERYTHING[:3]] == [130, 3, 3 * 14 * 33]
    over = Appointment.ends_at <= NOON
    assert count(session, Appointment, over, Appointment.status == "SCHEDULED") == 0
    assert count(session, Appointment, ~over, Appointment.status != "SCHEDULED") == 0
    missed = count(session, Appointment, Appointment.status == "NO_SHOW")
    assert 0 < missed == count(session, NoShowLog) == session.scalar(sa.select(sa.func.sum(Patient.lifetime_no_shows)))
    assert actor.timezone == "Asia/Kolkata"


def test_one_can_sign_in_and_book_there(session: Session) -> None:
    actor = demo_large.seed(session, SMALL, now=NOON)
    assert identity.sign_in(session, "reception@large.test", demo_house.PASSWORD, now=NOON)
    doctor_id = session.scalars(sa.select(Doctor.id)).first()
    assert doctor_id is not None
    before = count(session, DoctorSlot)
    days = slots.of_day(session, actor, [doctor_id], (NOON + timedelta(days=2)).date(), now=NOON)
    offered = [slot.status for slot in days[doctor_id].items]
    assert (len(offered), offered.count(SlotStatus.AVAILABLE)) in {(14, 10), (14, 11)}
    assert count(session, DoctorSlot) == before, "no day lacks a slot"


def test_a_size_without_a_past_has_a_day_at_least(session: Session) -> None:
    demo_large.seed(session, Size(1, 30, 0), now=NOON)
    assert count(session, Appointment) == 98 + 14


def test_there_is_one_of_it(session: Session) -> None:
    demo_large.seed(session, SMALL, now=NOON)
    with pytest.raises(Refused) as refused:
        demo_large.seed(session, SMALL, now=NOON)
    assert refused.value.refusal.code is Code.EMAIL_TAKEN
    assert count(session, Doctor) == 3
