"""Whom to phone: who should know something that is still true and could not be sent."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from functools import partial
from itertools import product

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import AFFECTED, FINAL, MISSED, TO_PHONE, Said, Standing, no_longer_true
from hms_web.domain.identity import Role
from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, Notification, Patient, new_id
from hms_web.services import absences, booking, cancelling, patient_messages, providers, settling, to_phone
from hms_web.services.appointments import AppointmentView
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import ill

TUESDAY = MONDAY + timedelta(days=1)


def booked(here: Clinic, hour: int = 10) -> AppointmentView:
    return here.book(here.doctor(), here.patient(), time(hour), TUESDAY)


def cancelled(here: Clinic, hour: int = 10) -> AppointmentView:
    view = booked(here, hour)
    done = cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    assert isinstance(done, AppointmentView)
    return done


def unsent(here: Clinic, state: DeliveryState = DeliveryState.NOT_CONFIGURED, channel: str = "sms") -> None:
    """Let everything on a channel that waits have a state."""
    waiting = (Notification.state == "QUEUED", Notification.channel == channel)
    here.session.execute(sa.update(Notification).where(*waiting).values(state=state, last_error="NO_PROVIDER"))
    here.session.commit()


def listed(here: Clinic, hours: float = 0) -> list[MessageEvent]:
    return [call.event for call in to_phone.calls(here.session, here.actor, now=NOW + timedelta(hours=hours))]


def test_a_cancellation_that_could_not_be_sent(here: Clinic, elsewhere: Clinic) -> None:
    view = cancelled(here)
    assert listed(here) == [], "it waits to be sent"
    unsent(here)
    (call,) = to_phone.calls(here.session, here.actor, now=NOW)
    assert (call.appointment_id, call.patient_id, call.patient_phone) == (view.id, view.patient_id, view.patient_phone)
    assert (call.event, call.error, call.starts_at) == (MessageEvent.CANCELLED, "NO_PROVIDER", view.starts_at)
    assert "has been cancelled" in call.body
    assert to_phone.count_for(here.session, here.actor, now=NOW) == 1
    assert to_phone.calls(here.session, elsewhere.actor, now=NOW) == []


@pytest.mark.parametrize(
    ("state", "is_listed"),
    [
        (DeliveryState.FAILED, True),
        (DeliveryState.NOT_CONFIGURED, True),
        (DeliveryState.SENT, False),
        (DeliveryState.SUPPRESSED, False),
    ],
)
def test_only_what_was_not_sent(here: Clinic, state: DeliveryState, is_listed: bool) -> None:  # noqa: FBT001
    cancelled(here)
    unsent(here, state)
    assert bool(listed(here)) is is_listed


def test_a_booking_is_known_to_whoever_made_it(here: Clinic) -> None:
    booked(here)
    unsent(here)
    assert listed(here) == []


def test_the_soonest_appointment_first_and_each_once(here: Clinic) -> None:
    late, soon = cancelled(here, 15), booked(here, 9)
    for hour in (11, 12):
        change = booking.AppointmentChange(time=time(hour))
        assert isinstance(booking.change(here.session, here.actor, soon.id, change, now=NOW), AppointmentView)
    unsent(here)
    calls = to_phone.calls(here.session, here.actor, now=NOW)
    assert [call.appointment_id for call in calls] == [soon.id, late.id]
    assert "12:00" in calls[0].body, "what is true now"


def test_what_is_settled_meanwhile_needs_no_call(here: Clinic) -> None:
    view = booked(here)
    cause = AffectedCause.ABSENCE
    settling.mark(here.session, here.actor, [view], cause, MessageEvent.AFFECTED_BY_ABSENCE, now=NOW)
    here.session.commit()
    unsent(here)
    assert listed(here) == [MessageEvent.AFFECTED_BY_ABSENCE]
    cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    assert listed(here) == []
    unsent(here)
    assert listed(here) == [MessageEvent.CANCELLED]


def test_who_was_reached_by_e_mail_needs_no_call(here: Clinic) -> None:
    providers.put(here.session, here.admin, Channel.EMAIL, "mailtos://x.test?to={to}", secret="x" * 16, now=NOW)
    view = here.book(here.doctor(), here.patient(email="asha@example.org"), time(10), TUESDAY)
    cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    unsent(here)
    assert listed(here) == [], "the e-mail is on its way"
    unsent(here, DeliveryState.FAILED, "email")
    assert listed(here) == [MessageEvent.CANCELLED]
    here.session.execute(sa.update(Notification).where(Notification.channel == "email").values(state="SENT"))
    here.session.commit()
    assert listed(here) == []


def test_a_call_comes_too_late_once_the_appointment_begins(here: Clinic) -> None:
    cancelled(here)
    unsent(here)
    until = 26
    assert [listed(here, until - 0.01), listed(here, until)] == [[MessageEvent.CANCELLED], []]


def test_who_has_to_find_another_time_is_phoned_afterwards_too(here: Clinic) -> None:
    view = booked(here)
    event = MessageEvent.CANCELLED_BY_EMERGENCY
    cancelling.cancel_affected(here.session, here.actor, [view.id], note="x", event=event, now=NOW)
    here.session.commit()
    unsent(here)
    until = 26 + 48
    assert [listed(here, until - 0.01), listed(here, until)] == [[event], []]


def test_who_is_affected_is_phoned_for_as_long_as_the_mark_stands(here: Clinic) -> None:
    clinic = ill(here, 1)
    unsent(here)
    long_after = 24 * 90
    assert listed(here, long_after) == [MessageEvent.AFFECTED_BY_ABSENCE]
    assert to_phone.count_for(here.session, here.actor, now=NOW + timedelta(hours=long_after)) == 1
    here.session.commit()
    absences.cancel(here.session, here.admin, clinic.doctor, clinic.absence, now=NOW)
    assert MessageEvent.AFFECTED_BY_ABSENCE not in listed(here, long_after)


def test_whose_move_was_undone_after_the_old_time_is_phoned(here: Clinic) -> None:
    clinic = ill(here, 1)
    batch = clinic.apply(clinic.move(0, time(9)))
    unsent(here)
    assert to_phone.phoned(here.session, here.actor, clinic.ids[0], now=NOW) == 2
    clinic.undo(batch, at=NOW + timedelta(hours=4))
    unsent(here)
    assert len(listed(here, 4)) == 1


def test_what_the_caller_had_not_seen_stays_to_be_phoned(here: Clinic) -> None:
    clinic = ill(here, 1)
    unsent(here)
    (seen,) = to_phone.calls(here.session, here.actor, now=NOW)
    later = NOW + timedelta(seconds=20)
    cancelling.cancel(here.session, here.other, clinic.ids[0], reason="x", now=later)
    unsent(here)
    mark = partial(to_phone.phoned, here.session, here.actor, clinic.ids[0], now=later)
    assert mark(shown=seen.message_id) == 1
    (newer,) = to_phone.calls(here.session, here.actor, now=later)
    assert newer.event == MessageEvent.CANCELLED
    assert mark(shown=new_id()) == 0, "no message of this appointment"
    assert mark(shown=newer.message_id) == 1
    assert listed(here) == []


def test_another_appointments_message_marks_nothing(here: Clinic) -> None:
    one, other = cancelled(here, 10), cancelled(here, 11)
    unsent(here)
    ids = {call.appointment_id: call.message_id for call in to_phone.calls(here.session, here.actor, now=NOW)}
    assert to_phone.phoned(here.session, here.actor, one.id, now=NOW, shown=ids[other.id]) == 0
    assert to_phone.phoned(here.session, here.actor, one.id, now=NOW, shown=ids[one.id]) == 1


def write(here: Clinic, view: AppointmentView, event: MessageEvent, facts: dict[str, object]) -> None:
    """Let the message about an appointment be of an event, with what it said then."""
    message = sa.update(Notification).where(Notification.channel == "sms", Notification.appointment_id == view.id)
    here.session.execute(message.values(event=event, facts=facts))


# What a message said then: of the appointment as it is, nothing, another hour, another doctor.
TOLD: dict[str, Callable[[AppointmentView], Said | None]] = {
    "as it is": lambda view: Said(view.starts_at, view.doctor_id),
    "nothing": lambda _view: None,
    "another hour": lambda view: Said(view.starts_at + timedelta(hours=1), view.doctor_id),
    "another doctor": lambda view: Said(view.starts_at, new_id()),
}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_the_database_and_the_rule_agree_on_what_is_true(
    here: Clinic, told: Callable[[AppointmentView], Said | None]
) -> None:
    views = {event: booked(here) for event in TO_PHONE}
    unsent(here)
    said = {event: told(view) for event, view in views.items()}
    here.session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    for event, view in views.items():
        then = said[event]
        facts = {"starts_at": then.starts_at.isoformat(), "doctor_id": str(then.doctor_id)} if then else {}
        write(here, view, event, facts | {"version": 1})
    statuses = [status for status in AppointmentStatus if status is not AppointmentStatus.IN_PROGRESS]
    seen: dict[MessageEvent, set[bool]] = {event: set() for event in views}
    for status, cause in product(statuses, [None, *AffectedCause]):
        here.session.execute(sa.update(Appointment).values(status=status, affected_cause=cause))
        found = {call.event: call.appointment_id for call in to_phone.calls(here.session, here.actor, now=NOW)}
        assert to_phone.count_for(here.session, here.actor, now=NOW) == len(found)
        for event, view in views.items():
            standing = Standing(view.starts_at, view.doctor_id, status, cause)
            is_true = no_longer_true(event, said[event], standing) is None
            assert found.get(event) == (view.id if is_true else None), (event, status, cause)
            assert not (is_true and event in AFFECTED and cause is None)
            seen[event].add(is_true)
    here.session.rollback()
    is_moved = any(one != Said(views[event].starts_at, views[event].doctor_id) for event, one in said.items() if one)
    for event, answers in seen.items():
        # What is final names no time that could be another.
        assert answers == ({False} if is_moved and event not in FINAL | MISSED else {True, False}), event


def test_years_of_what_was_never_sent_cost_nothing(here: Clinic) -> None:
    view = cancelled(here)
    unsent(here)
    old = """
        INSERT INTO notifications (id, hospital_id, dedupe_key, event, channel, priority, state, patient_id,
                                   appointment_id, title, body, facts, created_at, attempts, sendings)
        SELECT gen_random_uuid(), hospital_id, dedupe_key || g, event, channel, priority, state, patient_id,
               appointment_id, title, body, facts, created_at - interval '300 days', 0, 1
        FROM notifications, generate_series(1, 2000) g WHERE event = 'appointment.cancelled' AND channel = 'sms'"""
    here.session.execute(sa.text(old))
    here.session.execute(sa.text("ANALYZE notifications"))
    assert to_phone.count_for(here.session, here.actor, now=NOW) == 1
    assert [call.appointment_id for call in to_phone.calls(here.session, here.actor, now=NOW)] == [view.id]
    asked = to_phone._to_phone().params(to_phone._asked(here.actor, NOW))
    query = asked.compile(here.session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(here.session.scalars(sa.text(f"EXPLAIN (ANALYZE, BUFFERS OFF) {query}".replace(":", "\\:"))))
    read = [int(rows) for rows in re.findall(r"actual time\S+ rows=(\d+)", plan)]
    assert max(read) < 100, plan
    here.session.rollback()


def test_a_count_ends_somewhere(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in (9, 10, 11):
        cancelled(here, hour)
    unsent(here)
    assert to_phone.count_for(here.session, here.actor, now=NOW) == 3
    monkeypatch.setattr(to_phone, "MOST_COUNTED", 2)
    assert to_phone.count_for(here.session, here.actor, now=NOW) == 2


def test_a_call_is_noted_and_taken_back(here: Clinic) -> None:
    view = cancelled(here)
    unsent(here)
    assert to_phone.phoned(here.session, here.actor, view.id, now=NOW) == 1
    assert listed(here) == []
    assert to_phone.phoned(here.session, here.actor, view.id, now=NOW) == 0
    (made,) = to_phone.made(here.session, here.actor, now=NOW)
    assert (made.appointment_id, made.phoned_at, made.phoned_by) == (view.id, NOW, here.actor.name)
    told = patient_messages.of_appointment(here.session, here.actor, view.id)
    assert [item.phoned_by for item in told if item.phoned_at] == [here.actor.name]
    assert to_phone.take_back(here.session, here.other, view.id, now=NOW) == 1
    assert listed(here) == [MessageEvent.CANCELLED]
    assert to_phone.made(here.session, here.actor, now=NOW) == []
    actions = sa.select(AuditEvent.action).where(AuditEvent.record_type == "notification").order_by(AuditEvent.id)
    assert here.session.scalars(actions).all() == ["notification.phoned", "notification.not_phoned"]


def test_a_call_of_two_messages_is_shown_once(here: Clinic) -> None:
    view = booked(here)
    change = booking.AppointmentChange(time=time(11))
    booking.change(here.session, here.actor, view.id, change, now=NOW)
    cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    unsent(here)
    assert to_phone.phoned(here.session, here.actor, view.id, now=NOW) == 2
    assert [call.event for call in to_phone.made(here.session, here.actor, now=NOW)] == [MessageEvent.CANCELLED]


def test_an_old_call_is_not_taken_back(here: Clinic) -> None:
    view = cancelled(here)
    unsent(here)
    to_phone.phoned(here.session, here.actor, view.id, now=NOW)
    later = NOW + to_phone.UNDO_FOR
    assert to_phone.take_back(here.session, here.actor, view.id, now=later) == 0
    assert to_phone.made(here.session, here.actor, now=later) == []


def test_another_hospitals_appointment_is_not_there(here: Clinic, elsewhere: Clinic) -> None:
    view = cancelled(here)
    unsent(here)
    for actor, key in ((elsewhere.actor, view.id), (here.actor, new_id())):
        for act in (to_phone.phoned, to_phone.take_back):
            with pytest.raises(Refused) as refused:
                act(here.session, actor, key, now=NOW)
            assert refused.value.refusal.code is Code.APPOINTMENT_NOT_FOUND
    assert len(listed(here)) == 1


def test_whom_it_does_not_concern_sees_no_count(here: Clinic) -> None:
    cancelled(here)
    unsent(here)
    doctor = replace(here.actor, role=Role.DOCTOR)
    assert to_phone.count_for(here.session, doctor, now=NOW) == 0


def test_without_a_number_somebody_still_has_to_see_to_it(here: Clinic) -> None:
    view = cancelled(here)
    here.session.execute(sa.update(Patient).where(Patient.id == view.patient_id).values(phone=None))
    here.session.commit()
    unsent(here, DeliveryState.FAILED)
    (call,) = to_phone.calls(here.session, here.actor, now=NOW)
    assert call.patient_phone is None
