"""Who is still checked in from an earlier day: one list, and the ways out that the table of statuses has."""

from datetime import datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from hms_web.domain.identity import Actor
from hms_web.models import Appointment, AuditEvent, Notification
from hms_web.services import header, left_over, no_show_sweep, stage_alerts
from hms_web.services.header import Waiting
from tests import invariants
from tests.scenes import NOW, Clinic
from tests.visit_scenes import arrived
from tests.web.pages import Form, Page
from tests.web.record_scenes import Desk

LONG_AGO = timedelta(days=3)
"""Then was Friday."""


def forgotten(here: Clinic, doctor_id: UUID, at: time) -> UUID:
    """Let somebody have been checked in on Friday, and never seen."""
    key = arrived(here, doctor_id, at)
    earlier = {name: getattr(Appointment, name) - LONG_AGO for name in ("starts_at", "ends_at", "checked_in_at")}
    row = here.row(key)
    changed = sa.update(Appointment).where(Appointment.id == key)
    here.session.execute(changed.values(earlier | {"date": row.date - LONG_AGO}))
    here.session.commit()
    return key


def waiting(desk: Desk, actor: Actor, now: datetime = NOW) -> int:
    return header.counts(desk.session, actor, [Waiting.LEFT_OVER], now=now)[Waiting.LEFT_OVER]


def press(page: Page, path: str, **values: object) -> Page:
    """Press the button that leads there, with the fields of the form around it."""
    for form in page.root.iter("form"):
        if any(path in button.attrib.get("formaction", "") for button in form.iter("button")):
            return page.browser.post(path, Form(page, form).values | values)
    message = f"no button {path}"
    raise AssertionError(message)


def test_everybody_who_was_forgotten_is_listed_until_somebody_says_what_became_of_them(desk: Desk) -> None:
    here, doctor_id = desk.clinic, desk.clinic.doctor()
    arrived(here, doctor_id, time(9))
    reception, doctor = desk.reception(), desk.doctor(doctor_id)
    assert "Still here?" not in reception.get("/front-desk").text, "who came today is on the board"
    left, seen, never = (forgotten(here, doctor_id, time(hour)) for hour in (10, 11, 14))
    assert stage_alerts.scan(desk.session, here.actor, now=NOW).created == 0
    assert no_show_sweep.sweep(desk.session, here.actor, now=NOW).processed == 0

    listed = reception.get("/front-desk").follow("Still here?")
    assert len(listed.all("form", class_="actions")) == 3
    assert "Was seen" not in listed.text, "that is for the doctor"
    gone = press(listed, f"/still-here/{left}/left")
    assert "left without being seen." in gone.text
    undone = press(listed, f"/still-here/{never}/never")
    assert "is undone." in undone.text
    assert "Note the no-show" in undone.text
    assert "Somebody else has changed this" in press(listed, f"/still-here/{never}/left").text
    assert "Somebody else has changed this" in press(listed, f"/still-here/{left}/never").text

    mine = doctor.get("/my-day").follow("Still here?")
    assert len(mine.all("form", class_="actions")) == 1
    assert "Complete the visit" in press(mine, "/consultations", appointment=str(seen)).text
    assert "Nobody is left over." in reception.get("/still-here").text

    no_show_sweep.sweep(desk.session, here.actor, now=NOW)
    assert [here.row(key).status for key in (left, seen, never)] == ["CANCELLED", "IN_PROGRESS", "SCHEDULED"]
    assert here.row(never).no_show_review_at == NOW, "a person says whether they came"
    assert here.count(AuditEvent, action="appointment.cancelled", record_id=left) == 1
    invariants.check(desk.session.connection())


def test_who_left_on_another_day_gets_no_message_of_a_cancellation(desk: Desk) -> None:
    key = forgotten(desk.clinic, desk.clinic.doctor(), time(9))
    page = desk.reception().get("/still-here")
    press(page, f"/still-here/{key}/left")
    told = sa.select(Notification.expires_at).where(
        Notification.appointment_id == key, Notification.event == "appointment.cancelled"
    )
    assert desk.session.scalars(told.where(Notification.channel == "sms")).all() == [NOW]


def test_a_doctor_sees_their_own_and_a_long_list_has_pages(desk: Desk) -> None:
    here, doctor_id = desk.clinic, desk.clinic.doctor()
    keys = [forgotten(here, doctor_id, time(hour)) for hour in (9, 10, 11)]
    first = left_over.entries(desk.session, here.actor, now=NOW, limit=2)
    rest = left_over.entries(desk.session, here.actor, now=NOW, limit=2, cursor=first.next_cursor)
    assert [view.id for view in (*first.items, *rest.items)] == keys
    assert waiting(desk, here.actor) == 3
    assert waiting(desk, here.actor, NOW - LONG_AGO) == 0
    assert "Nobody is left over." in desk.doctor().get("/still-here").text
