"""Asking other doctors into a consultation."""

from datetime import time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.consultations import ParticipantRole as R
from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import ConsultationParticipant, Doctor, Notification, User
from hms_web.services import consultation_team, consultations
from hms_web.services.consultation_records import ConsultationView
from hms_web.services.consultations import ConsultationChange
from tests.scenes import NOW, Clinic
from tests.visit_scenes import acting, seen

LATER = NOW + timedelta(minutes=20)


@pytest.fixture
def view(here: Clinic) -> ConsultationView:
    """A consultation that has just begun."""
    return seen(here, here.doctor(), name="CANARY Sharma")


def primary(here: Clinic, view: ConsultationView) -> Actor:
    return acting(here, view.doctor_id)


def add(here: Clinic, view: ConsultationView, who: Actor, doctor: UUID, role: R = R.CONSULTING) -> UUID:
    return consultation_team.add(here.session, who, view.id, doctor, role, note=" ECG? ", now=LATER).id


def code(here: Clinic, view: ConsultationView, who: Actor, doctor: UUID) -> Code:
    with pytest.raises(Refused) as found:
        add(here, view, who, doctor)
    return found.value.refusal.code


def test_a_doctor_is_asked_and_told_at_once(here: Clinic, view: ConsultationView) -> None:
    colleague = here.doctor()
    who = primary(here, view)
    added = add(here, view, who, colleague)
    (participant,) = consultations.get(here.session, who, view.id).participants
    assert (participant.id, participant.doctor_id, participant.role) == (added, colleague, R.CONSULTING)
    assert (participant.doctor_name, participant.note) == ("Dr. 003", "ECG?")
    (told,) = here.session.scalars(sa.select(Notification).where(Notification.event == "consultation.requested"))
    assert told.user_id == here.session.get_one(Doctor, colleague).user_id
    assert (told.channel, told.priority, told.link) == ("in_app", "HIGH", f"/consultations/{view.id}")
    assert told.title == f"{who.name} has requested your opinion on a patient"
    assert "CANARY" not in told.title + told.body


def test_never_twice_and_never_the_primary(here: Clinic, view: ConsultationView) -> None:
    colleague, who = here.doctor(), primary(here, view)
    add(here, view, who, colleague)
    assert code(here, view, who, colleague) is Code.ALREADY_PARTICIPANT
    assert code(here, view, who, view.doctor_id) is Code.ALREADY_PARTICIPANT
    with pytest.raises(InvalidInput):
        add(here, view, who, here.doctor(), R.PRIMARY)
    assert here.count(ConsultationParticipant) == 1
    assert here.count(Notification, event="consultation.requested") == 1


def test_who_can_be_asked_and_by_whom(here: Clinic, elsewhere: Clinic, view: ConsultationView) -> None:
    colleague, gone, who = here.doctor(), here.doctor(), primary(here, view)
    here.session.execute(
        sa.update(User).where(User.id == acting(here, gone).user_id).values(is_active=False),
    )
    here.session.commit()
    assert code(here, view, who, gone) is Code.DOCTOR_INACTIVE
    assert code(here, view, who, uuid4()) is Code.DOCTOR_NOT_FOUND
    assert code(here, view, who, elsewhere.doctor()) is Code.DOCTOR_NOT_FOUND
    assert code(here, view, acting(here, colleague), colleague) is Code.FORBIDDEN
    assert code(elsewhere, view, acting(elsewhere, elsewhere.doctor()), colleague) is Code.CONSULTATION_NOT_FOUND


def test_each_role_does_what_it_is_for(here: Clinic, view: ConsultationView) -> None:
    assistant, supervisor, third = here.doctor(), here.doctor(), here.doctor()
    who = primary(here, view)
    add(here, view, who, assistant, R.ASSISTING)
    add(here, view, who, supervisor, R.SUPERVISING)
    assert code(here, view, acting(here, assistant), third) is Code.FORBIDDEN
    helping, over = acting(here, assistant), acting(here, supervisor)
    full = ConsultationChange(chief_complaint="Cough", diagnosis=["Bronchitis"])
    consultations.change(here.session, helping, view.id, full, now=LATER)
    with pytest.raises(Refused):
        consultations.complete(here.session, helping, view.id, now=LATER)
    consultations.complete(here.session, over, view.id, now=LATER)
    assert code(here, view, who, third) is Code.INVALID_TRANSITION


def test_leaving_and_being_let_go(here: Clinic, elsewhere: Clinic, view: ConsultationView) -> None:
    first, second, who = here.doctor(), here.doctor(), primary(here, view)
    keys = [add(here, view, who, doctor) for doctor in (first, second)]

    def remove(actor: Actor, key: UUID) -> Code | None:
        try:
            consultation_team.remove(here.session, actor, view.id, key, now=LATER)
        except Refused as refused:
            return refused.refusal.code
        return None

    assert remove(acting(here, first), keys[1]) is Code.FORBIDDEN
    assert remove(who, uuid4()) is Code.PARTICIPANT_NOT_FOUND
    other = seen(here, view.doctor_id, time(11))
    assert remove(who, add(here, other, who, first)) is Code.PARTICIPANT_NOT_FOUND, "they take part in another one"
    assert remove(acting(elsewhere, elsewhere.doctor()), keys[0]) is Code.CONSULTATION_NOT_FOUND
    assert remove(acting(here, first), keys[0]) is None
    assert remove(who, keys[1]) is None
    assert remove(who, keys[1]) is Code.PARTICIPANT_NOT_FOUND
    assert consultations.get(here.session, who, view.id).participants == ()
    add(here, view, who, first)
