"""A hospital's own words, in its own language, for what is written from then on."""

from datetime import time

import pytest
import sqlalchemy as sa

from hms_web.domain.message_words import WORDS, Template
from hms_web.domain.messages import Language, MessageEvent
from hms_web.domain.refusals import InvalidInput
from hms_web.models import AuditEvent, MessageTemplate, Notification
from hms_web.services import message_templates
from tests.scenes import NOW, Clinic

EVENT, ENGLISH, HINDI = MessageEvent.BOOKED, Language.ENGLISH, Language.HINDI
OWN = Template("At {hospital}", "Come to {doctor}: {when}.")


def save(here: Clinic, template: Template = OWN, language: Language = ENGLISH) -> None:
    message_templates.save(here.session, here.admin, EVENT, language, template, now=NOW)


def written(here: Clinic, doctor_name: str = "Dr.") -> tuple[str, str]:
    """Book, and return what the patient is told."""
    booked = here.book(here.doctor(), here.patient(), time(10))
    row = here.session.scalars(
        sa.select(Notification).where(Notification.appointment_id == booked.id, Notification.channel == "sms")
    ).one()
    assert doctor_name in row.body
    return row.title, row.body


def test_the_products_words_until_there_are_others(here: Clinic, elsewhere: Clinic) -> None:
    views = message_templates.views(here.session, here.admin, ENGLISH)
    assert [(view.event, view.is_own) for view in views] == [(event, False) for event in MessageEvent]
    assert {view.event: view.template for view in views} == WORDS[ENGLISH]
    save(here)
    view = message_templates.view(here.session, here.admin, EVENT, ENGLISH)
    assert (view.template, view.is_own, view.updated_at, view.updated_by) == (OWN, True, NOW, "Admin")
    assert not message_templates.view(here.session, here.admin, EVENT, HINDI).is_own
    assert not message_templates.view(here.session, elsewhere.admin, EVENT, ENGLISH).is_own


def test_what_is_written_from_then_on_has_them(here: Clinic, elsewhere: Clinic) -> None:
    assert written(here)[0] == "Appointment Booked"
    save(here)
    title, body = written(here)
    assert title == "At Test Clinic"
    assert body.startswith("Come to Dr. ")
    assert written(elsewhere)[0] == "Appointment Booked"
    message_templates.reset(here.session, here.admin, EVENT, ENGLISH, now=NOW)
    assert written(here)[0] == "Appointment Booked"


def test_they_are_replaced_and_reset_once(here: Clinic) -> None:
    save(here)
    save(here, Template(" Other ", "One\r\ntwo\n"))
    assert here.count(MessageTemplate) == 1
    assert message_templates.view(here.session, here.admin, EVENT, ENGLISH).template == Template("Other", "One\ntwo")
    assert message_templates.reset(here.session, here.admin, EVENT, ENGLISH, now=NOW)
    assert not message_templates.reset(here.session, here.admin, EVENT, ENGLISH, now=NOW)
    actions = sa.select(AuditEvent.action).where(AuditEvent.record_type == "message_template").order_by(AuditEvent.id)
    assert here.session.scalars(actions).all() == ["template.saved", "template.saved", "template.reset"]


def test_words_that_cannot_be_filled_are_refused(here: Clinic) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(here, Template("For {doctor}", "Because of {reason}"))
    assert [field for field, _ in refused.value.errors] == ["title", "body"]
    assert here.count(MessageTemplate) == 0


def test_the_hospital_writes_in_its_language(here: Clinic, elsewhere: Clinic) -> None:
    assert message_templates.language(here.session, here.admin) is ENGLISH
    message_templates.set_language(here.session, here.admin, HINDI, now=NOW)
    message_templates.set_language(here.session, here.admin, HINDI, now=NOW)
    assert here.count(AuditEvent, action="hospital.changed") == 1
    assert message_templates.language(here.session, elsewhere.admin) is ENGLISH
    title, body = written(here)
    assert title == WORDS[HINDI][EVENT].title
    assert "सोमवार, 2 मार्च 2026 को 10:00 बजे" in body
    save(here, Template("x", "own {doctor}"), HINDI)
    assert written(here)[0] == "x"
