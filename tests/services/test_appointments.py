"""Reading appointments, and the affected list."""

from datetime import time, timedelta
from uuid import uuid4

import pytest

from hms_web.domain.affected import AffectedCause
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import appointments, cancelling, marking
from hms_web.services.appointments import AppointmentFilter, LocalRange
from tests.scenes import MONDAY, NOW, Clinic

TUESDAY = MONDAY + timedelta(days=1)


def test_one_with_its_history(here: Clinic, elsewhere: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    cancelling.cancel(here.session, here.actor, booked.id, reason=None, now=NOW)
    events = appointments.history(here.session, here.actor, booked.id)
    assert [event.action for event in events] == ["appointment.booked", "appointment.cancelled"]
    assert events[1].details["status"] == {"from": "SCHEDULED", "to": "CANCELLED"}
    assert appointments.history(here.session, elsewhere.actor, booked.id) == []
    for actor, key in ((elsewhere.actor, booked.id), (here.actor, uuid4())):
        with pytest.raises(Refused) as refused:
            appointments.get(here.session, actor, key)
        assert refused.value.refusal.code is Code.APPOINTMENT_NOT_FOUND


def test_every_filter_narrows(here: Clinic, elsewhere: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    asha, ben = here.patient(name="Asha Rao"), here.patient(name="Ben Okafor")
    one = here.book(doctor, asha, time(10))
    two = here.book(other, ben, time(10), TUESDAY)
    three = here.book(doctor, ben, time(11), TUESDAY)
    cancelling.cancel(here.session, here.actor, three.id, reason=None, now=NOW)

    def found(wanted: AppointmentFilter) -> list[object]:
        return [view.id for view in appointments.search(here.session, here.actor, wanted).items]

    assert found(AppointmentFilter()) == [one.id, two.id, three.id]
    assert found(AppointmentFilter(day=MONDAY)) == [one.id]
    assert found(AppointmentFilter(first=TUESDAY)) == [two.id, three.id]
    assert found(AppointmentFilter(last=MONDAY)) == [one.id]
    assert found(AppointmentFilter(doctor_id=doctor)) == [one.id, three.id]
    assert found(AppointmentFilter(patient_id=ben, statuses=[AppointmentStatus.SCHEDULED])) == [two.id]
    assert found(AppointmentFilter(department="Cardiology", q="asha")) == [one.id]
    assert found(AppointmentFilter(q="okafr")) == [two.id, three.id]  # as forgiving as the search for patients
    assert found(AppointmentFilter(department="Dermatology")) == []
    assert appointments.search(elsewhere.session, elsewhere.actor, AppointmentFilter()).items == []


def test_pages_follow_each_other_without_gap_or_repeat(here: Clinic) -> None:
    doctor = here.doctor(minutes=60)
    booked = [here.book(doctor, here.patient(), time(hour)).id for hour in (9, 10, 11, 12, 14)]
    seen, cursor = [], None
    for _ in range(3):
        page = appointments.search(here.session, here.actor, AppointmentFilter(), limit=2, cursor=cursor)
        seen += [view.id for view in page.items]
        cursor = page.next_cursor
    assert (seen, cursor) == (booked, None)
    with pytest.raises(InvalidInput):
        appointments.search(here.session, here.actor, AppointmentFilter(), cursor="nonsense")


def test_a_days_list_is_in_order_and_can_be_narrowed(here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    late, early = here.book(doctor, here.patient(), time(11)), here.book(other, here.patient(), time(9))
    here.book(doctor, here.patient(), time(11), TUESDAY)
    assert [view.id for view in appointments.of_day(here.session, here.actor, MONDAY)] == [early.id, late.id]
    only = appointments.of_day(here.session, here.actor, MONDAY, doctor_ids=[doctor])
    assert [view.id for view in only] == [late.id]


def test_the_affected_list_and_its_marks(here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    one, two = here.book(doctor, here.patient(), time(10)), here.book(other, here.patient(), time(11))
    mark = marking.mark_cause
    assert mark(here.session, here.actor, [], AffectedCause.HOLIDAY, now=NOW) == []
    marked = mark(here.session, here.actor, [one.id, two.id], AffectedCause.HOLIDAY, now=NOW)
    assert [(view.id, view.version) for view in marked] == [(one.id, 2), (two.id, 2)]
    assert mark(here.session, here.actor, [one.id], AffectedCause.ABSENCE, now=NOW) == []
    affected = appointments.affected
    assert [view.id for view in affected(here.session, here.actor)] == [one.id, two.id]
    assert [view.id for view in affected(here.session, here.actor, doctor_id=other)] == [two.id]
    clear = marking.clear_cause
    assert clear(here.session, here.actor, [], AffectedCause.HOLIDAY, now=NOW) == []
    assert clear(here.session, here.actor, [one.id], AffectedCause.ABSENCE, now=NOW) == []
    assert clear(here.session, here.actor, [one.id], AffectedCause.HOLIDAY, now=NOW) == [one.id]
    assert [view.id for view in affected(here.session, here.actor)] == [two.id]


def test_who_stands_in_a_range_of_time(here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    one = here.book(doctor, here.patient(), time(10))
    two = here.book(other, here.patient(), time(10))
    here.book(doctor, here.patient(), time(10), TUESDAY)
    standing = appointments.standing_in
    assert standing(here.session, here.actor, [], now=NOW) == []
    day = [LocalRange(MONDAY, MONDAY)]
    assert {view.id for view in standing(here.session, here.actor, day, now=NOW)} == {one.id, two.id}
    part = [LocalRange(MONDAY, MONDAY, time(10, 15), time(11))]
    assert [view.id for view in standing(here.session, here.actor, part, doctor_id=doctor, now=NOW)] == [one.id]
    touching = [LocalRange(MONDAY, MONDAY, time(9), time(10)), LocalRange(MONDAY, MONDAY, time(10, 30), time(11))]
    assert standing(here.session, here.actor, touching, now=NOW) == []
