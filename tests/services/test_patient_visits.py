"""A patient's appointments and messages, as their record shows them."""

from datetime import time, timedelta

from sqlalchemy.orm import Session

from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.services import patient_messages, patient_visits
from tests.scenes import MONDAY, NOW, Clinic


def test_what_is_to_come_and_what_has_been(session: Session, here: Clinic) -> None:
    doctor_id, patient_id = here.doctor(), here.patient()
    days = [MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)]
    booked = [here.book(doctor_id, patient_id, time(10), day).id for day in days]
    here.book(doctor_id, here.patient(), time(11))
    on_wednesday = NOW + timedelta(days=2)
    coming = patient_visits.coming(session, here.actor, patient_id, now=on_wednesday)
    assert [view.id for view in coming] == booked[2:]
    gone = patient_visits.gone(session, here.actor, patient_id, now=on_wednesday)
    assert [view.id for view in gone] == booked[1::-1]
    assert patient_visits.gone(session, here.actor, patient_id, now=on_wednesday, limit=1)[0].id == booked[1]
    assert patient_visits.gone(session, here.actor, patient_id, now=NOW) == []


def test_messages_newest_first_and_only_of_this_hospital(session: Session, here: Clinic, elsewhere: Clinic) -> None:
    doctor_id, patient_id = here.doctor(), here.patient()
    here.book(doctor_id, patient_id, time(10))
    here.book(doctor_id, patient_id, time(11))
    messages = patient_messages.of_patient(session, here.actor, patient_id)
    assert len(messages) == 4
    assert {message.channel for message in messages} == {Channel.SMS, Channel.IN_APP}
    states = {(message.channel, message.state) for message in messages}
    assert states == {(Channel.SMS, DeliveryState.QUEUED), (Channel.IN_APP, DeliveryState.SENT)}
    assert "11:00" in messages[0].body
    assert len(patient_messages.of_patient(session, here.actor, patient_id, limit=1)) == 1
    assert not patient_messages.of_patient(session, elsewhere.actor, patient_id)
