"""The list of whom to phone, when things change behind it."""

from datetime import time, timedelta

from hms_web.services import booking
from tests.scenes import NOW
from tests.web.record_scenes import Desk
from tests.web.test_messages import cancel, unsent


def test_a_call_from_a_page_that_is_older_than_the_news(desk: Desk) -> None:
    change = booking.AppointmentChange(time=time(12))
    booking.change(desk.session, desk.clinic.actor, desk.booked.id, change, now=NOW - timedelta(minutes=5))
    unsent(desk)
    page = desk.reception().get("/messages/to-phone")
    assert "12:00" in page.text
    cancel(desk)
    unsent(desk)
    done = page.form(str(desk.booked.id)).send()
    assert "There is something newer to say to this patient" in done.text
    assert "has been cancelled" in done.text
    assert "Noted as phoned." in done.form(str(desk.booked.id)).send().text
    browser = desk.reception()
    token = browser.csrf_token("/messages/to-phone")
    assert browser.post(f"/messages/to-phone/{desk.booked.id}", {"csrf_token": token}).status == 400
