"""The affected list by pages is the one that reads everything, cut into pieces."""

from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment
from hms_web.services import affected, affected_list
from hms_web.services.affected_list import AffectedList, Needs
from hms_web.services.appointments import AppointmentView
from tests.api.callers import person
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY

CAUSES = [*AffectedCause, AffectedCause.ABSENCE, AffectedCause.ABSENCE]


@pytest.fixture
def busy(here: Clinic) -> Clinic:
    """Forty people of four doctors who need attention for every cause, some of them here, two days long."""
    ids = []
    for number in range(4):
        doctor = here.doctor()
        for at in (time(9), time(10), time(11), time(14), time(15)):
            ids += [here.book(doctor, here.patient(), at, MONDAY).id, here.book(doctor, here.patient(), at, TUESDAY).id]
        if number < 3:
            here.absence(doctor, TUESDAY, TUESDAY)
            here.absence(doctor, MONDAY, MONDAY, (time(10), time(14, 15)))
    for place, key in enumerate(ids):
        values = {
            "affected_cause": CAUSES[place * 7 % len(CAUSES)],
            "affected_at": None if place % 9 == 0 else NOW - timedelta(hours=place * 5 % 11),
            "created_at": NOW - timedelta(hours=place * 7 % 13, minutes=30),
            "status": AppointmentStatus.CHECKED_IN if place % 13 == 4 else AppointmentStatus.SCHEDULED,
        }
        here.session.execute(sa.update(Appointment).where(Appointment.id == key).values(**values))
    here.session.execute(sa.update(Appointment).where(Appointment.id == ids[7]).values(status="CANCELLED"))
    here.session.execute(sa.update(Appointment).where(Appointment.id == ids[8]).values(affected_cause=None))
    here.session.commit()
    return here


def haste(items: list[AppointmentView]) -> int:
    if any(view.is_here for view in items):
        return 0
    return 1 if any(view.date == MONDAY for view in items) else 2


def test_the_pages_have_the_groups_in_their_order_and_nobody_twice(busy: Clinic) -> None:
    doctor = busy.session.scalar(sa.select(Appointment.doctor_id).limit(1))
    everybody, own = busy.actor, person(busy, Role.DOCTOR, doctor)
    narrowed: list[tuple[Actor, dict[str, Any]]] = [
        (everybody, {}),
        (everybody, {"doctor_id": doctor}),
        (everybody, {"cause": AffectedCause.ABSENCE}),
        (own, {}),
    ]
    for actor, wanted in narrowed:
        whole = affected.grouped(busy.session, actor, **wanted)
        whole.sort(key=lambda group: haste(group.items))
        expected = [(group.key, len(group.items), view.id) for group in whole for view in group.items]
        parts = [
            affected_list.listed(busy.session, actor, page=page, most=7, today=MONDAY, **wanted)
            for page in range(1, 2 + len(expected) // 7)
        ]
        assert [
            (one.group.key, one.count, view.id) for part in parts for one in part.groups for view in one.group.items
        ] == expected
        assert {(part.total, part.pages) for part in parts} == {(len(expected), -(-len(expected) // 7))}
    last = affected_list.listed(busy.session, everybody, page=99, most=7, today=MONDAY)
    assert last.page == last.pages > 1


def test_where_nobody_needs_attention_there_is_one_empty_page(here: Clinic) -> None:
    here.book(here.doctor(), here.patient(), time(9))
    assert affected_list.listed(here.session, here.actor, most=7, today=MONDAY) == AffectedList([], 0, 1, 1)
    assert affected_list.needs(here.session, here.actor, most=2) == Needs([], 0, 0)


def test_the_most_pressing_days_are_named_and_the_others_counted(busy: Clinic) -> None:
    views = [view for group in affected.grouped(busy.session, busy.actor) for view in group.items]
    days = {(not view.is_here, view.date, view.doctor_name, view.affected_cause) for view in views}
    found = affected_list.needs(busy.session, busy.actor, most=2)
    assert (found.days, found.appointments) == (len(days), len(views))
    assert [(not need.is_here, need.day, need.doctor_name) for need in found.first] == [
        key[:3] for key in sorted(days, key=lambda key: (*key[:3], str(key[3])))[:2]
    ]
    assert all(
        need.count
        == sum(
            (view.is_here, view.date, view.doctor_id, view.affected_cause)
            == (need.is_here, need.day, need.doctor_id, need.cause)
            for view in views
        )
        for need in found.first
    )
