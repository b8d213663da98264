"""The pages about messages: what became of each, whom to phone, their wording, providers, and one's own inbox."""

from collections.abc import Sequence
from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.domain.messages import Language
from hms_web.domain.notifications import DeliveryState, Priority
from hms_web.models import Hospital, MessageProvider, MessageTemplate, Notification, Patient
from hms_web.services import booking, cancelling, outbox
from hms_web.services.booking import BookingRequest
from hms_web.web import csv_files, messages
from tests.scenes import MONDAY, NOW
from tests.web.pages import HX
from tests.web.record_scenes import Desk
from tests.web.test_query_counts import counted

TEMPLATE = "/messages/templates/appointment.booked/en"


def unsent(desk: Desk, state: DeliveryState = DeliveryState.NOT_CONFIGURED, error: str = "NO_PROVIDER") -> None:
    waiting = sa.update(Notification).where(Notification.state == "QUEUED")
    desk.session.execute(waiting.values(state=state, last_error=error))
    desk.session.commit()


def sms(desk: Desk) -> Sequence[Notification]:
    desk.session.expire_all()
    rows = desk.session.scalars(sa.select(Notification).where(Notification.channel == "sms").order_by("id")).all()
    desk.session.commit()
    return rows


def cancel(desk: Desk) -> None:
    cancelling.cancel(desk.session, desk.clinic.actor, desk.booked.id, reason="x", now=NOW)


def test_all_messages_with_what_became_of_them(desk: Desk) -> None:
    page = desk.admin().get("/messages")
    assert "waiting to be sent" in page.text
    assert "Asha Sharma" in page.text
    assert "1 waiting to be sent" in page.text, "what stands in the app was sent to nobody"
    unsent(desk, DeliveryState.FAILED, "REFUSED 400")
    page = desk.admin().get("/messages?state=FAILED")
    assert "The provider refused it. (answer 400)" in page.text
    assert "No message fits." in desk.admin().get("/messages?state=SENT").text
    assert "on record" in desk.admin().get("/messages?channel=in_app").text
    assert "No message fits." in desk.admin().get(f"/messages?last={MONDAY - timedelta(days=1)}&first=").text
    assert "No message fits." in desk.admin().get("/messages?event=appointment.cancelled").text
    assert "Asha Sharma" in desk.admin().get("/messages?state=nonsense&channel=x&event=y&first=z").text


def test_the_list_alone_for_htmx(desk: Desk) -> None:
    part = desk.admin().fragment("/messages", **{"HX-Target": "results"})
    assert part.fragment
    assert "Asha Sharma" in part.text
    assert "1 message" in str(part.response.headers)


def test_one_is_sent_again_and_the_list_stays_narrowed(desk: Desk) -> None:
    unsent(desk, DeliveryState.FAILED, "REFUSED 400")
    page = desk.admin().get("/messages?state=FAILED")
    done = page.form("/again").send()
    assert "It will be sent again." in done.text
    assert "state=FAILED" in done.url
    assert (sms(desk)[0].state, sms(desk)[0].sendings) == ("QUEUED", 2)
    late = page.form("/again").send()
    assert "This message cannot be sent again" in late.text
    assert "sending 2" in desk.admin().get("/messages").text


@pytest.mark.parametrize("state", ["", "FAILED"])
def test_after_one_is_sent_again_the_list_stands_where_it_stood(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    for hour in (11, 12, 14):
        asked = BookingRequest(desk.clinic.patient(), desk.doctor_id, MONDAY, time(hour))
        booking.book(desk.session, desk.clinic.actor, asked, now=NOW)
    unsent(desk, DeliveryState.FAILED, "REFUSED 400")
    monkeypatch.setattr(messages, "ROWS", 2)
    admin = desk.admin()
    page = admin.get(f"/messages?state={state}").follow("Next page")
    rows = [one.attrib["id"] for one in page.all("tr") if "id" in one.attrib]
    form = page.form(f"/{rows[0].removeprefix('message-')}/again")
    answer = admin.client.post(form.element.attrib["action"], data=form.values)
    address, _, row = answer.location.partition("#")
    # A list of those that failed has it no longer: there its neighbour stands where it stood.
    assert row == (rows[1] if state else rows[0])
    assert "cursor=" in address
    assert admin.get(address).all("tr", id=row)


def test_what_found_no_provider_is_sent_when_there_is_one(desk: Desk) -> None:
    unsent(desk)
    page = desk.admin().get("/messages")
    assert "1 message could not be sent for want of a provider" in page.text
    assert "Send them now" not in page.text
    providers = page.follow("Set a provider")
    saved = providers.form("/providers/sms").send(None, **{"sms-url": "json://gateway.test/{to}"})
    assert "Saved." in saved.text
    sent = saved.form("/messages/again").send()
    assert "1 message will be sent." in sent.text
    assert sms(desk)[0].state == "QUEUED"
    browser = desk.admin()
    empty = browser.post("/messages/again", {"csrf_token": browser.csrf_token("/messages")})
    assert "Nothing can be sent" in empty.text


def test_a_provider_is_set_shown_masked_tested_and_removed(desk: Desk) -> None:
    page = desk.admin().get("/messages/providers")
    assert page.text.count("no provider") >= 2
    for wrong, words in (("", "Enter the provider's address."), ("gateway", "Write an address like")):
        refused = page.form("/providers/sms").send(None, **{"sms-url": wrong})
        assert refused.status == 422
        assert words in refused.text
    page = page.form("/providers/sms").send(None, **{"sms-url": "json://user:canary@gateway.test/{to}"})
    assert "json://••••" in page.text
    assert "go to this address without TLS" in page.text
    assert "canary" not in page.html
    page = page.form("/providers/sms").send(None, **{"sms-url": "jsons://user:canary@gateway.test/{to}"})
    assert "without TLS" not in page.text
    for wrong, words in (("", "Say where it shall go."), ("1" * 60, "Use at most")):
        refused = page.form("/sms/test").send(None, **{"sms-test-to": wrong})
        assert refused.status == 422
        assert words in refused.text
    tested = page.form("/sms/test").send(None, **{"sms-test-to": "+91 98"})
    assert "The latest test, to +91 98 at 08:00: waiting to be sent" in tested.text
    unsent(desk, DeliveryState.FAILED, "BAD_ADDRESS")
    assert "The provider cannot send to this number" in tested.browser.get("/messages/providers").text
    gone = tested.form("/sms/remove").send()
    assert "Removed." in gone.text
    assert desk.clinic.count(MessageProvider) == 0
    assert desk.admin().client.post("/messages/providers/in_app/remove").status_code in {400, 404}


def test_an_address_that_cannot_be_read_any_more_is_said_plainly(desk: Desk) -> None:
    page = desk.admin().get("/messages/providers")
    page.form("/providers/sms").send(None, **{"sms-url": "json://gateway.test/{to}"})
    desk.session.execute(sa.update(MessageProvider).values(url_encrypted=b"something else"))
    desk.session.commit()
    page = desk.admin().get("/messages/providers")
    assert "encrypted under another SECRET_KEY" in page.text


def test_only_known_channels_have_a_provider(desk: Desk) -> None:
    browser = desk.admin()
    token = browser.csrf_token("/messages/providers")
    for name in ("in_app", "pigeon"):
        assert browser.post(f"/messages/providers/{name}", {"csrf_token": token}).status == 404


def test_the_wording_is_changed_with_a_preview_and_reset(desk: Desk) -> None:
    page = desk.admin().get("/messages/templates").follow("Booked")
    assert "Test Clinic: your appointment with Dr. Anjali Mehta is on Thursday 5 March 2026 at 10:30" in page.text
    assert "in 1 part." in page.text
    shown = page.form(TEMPLATE).send(title="Hello", body="Come on {date}", do="preview")
    assert "Come on Thursday 5 March 2026" in shown.text
    assert desk.clinic.count(MessageTemplate) == 0
    for wrong, words in (({"title": ""}, "Enter the subject."), ({"body": "{reason}"}, "There is no {reason} here.")):
        refused = page.form(TEMPLATE).send(None, **wrong)
        assert refused.status == 422
        assert words in refused.text
    saved = page.form(TEMPLATE).send(title="Hello", body="Come on {date}")
    assert "your own" in saved.text
    own = saved.follow("Booked")
    assert "The usual words" in own.text
    reset = own.form("/reset").send()
    assert "The usual words are back." in reset.text
    assert desk.clinic.count(MessageTemplate) == 0


def test_the_preview_alone_for_htmx(desk: Desk) -> None:
    browser = desk.admin()
    form = browser.get(TEMPLATE).form(TEMPLATE)
    part = browser.post(f"{TEMPLATE}/preview", form.values | {"body": "अ{doctor}"}, headers=HX)
    assert part.fragment
    assert "अDr. Anjali Mehta" in part.text
    assert "signs beyond the basic alphabet" in part.text
    wrong = browser.post(f"{TEMPLATE}/preview", form.values | {"body": "{"}, headers=HX)
    assert "A { has no }" in wrong.text


@pytest.mark.parametrize("path", ["appointment.nothing/en", "appointment.booked/xx"])
def test_there_is_no_other_wording(desk: Desk, path: str) -> None:
    assert desk.admin().get(f"/messages/templates/{path}").status == 404


def test_the_language_of_messages_is_chosen(desk: Desk) -> None:
    browser = desk.admin()
    page = browser.get("/messages/templates")
    page.form("/templates/language").send(language="klingon")
    done = page.form("/templates/language").send(language="hi")
    assert "Saved." in done.text
    assert "अपॉइंटमेंट बुक हुई" in done.text, "the page shows that language from then on"
    language = desk.session.scalar(sa.select(Hospital.message_language))
    assert language == Language.HINDI
    assert "Appointment Booked" in browser.get("/messages/templates?language=en").text


def test_whom_to_phone_who_did_and_taking_it_back(desk: Desk) -> None:
    assert "Nobody has to be phoned." in desk.reception().get("/messages/to-phone").text
    assert "to phone" not in desk.reception().get("/front-desk").text
    cancel(desk)
    unsent(desk)
    assert "1 to phone" in desk.reception().get("/front-desk").text
    assert "1 to phone" not in desk.doctor().get("/front-desk").text
    page = desk.reception().get("/front-desk").follow("1 to phone")
    for words in ("Asha Sharma", "+91 98450 12345", "has been cancelled"):
        assert words in page.text
    done = page.form(str(desk.booked.id)).send()
    assert "Noted as phoned." in done.text
    assert "Nobody has to be phoned." in done.text
    assert "Mon 2 Mar 08:00, Reception 1" in done.text
    assert "Somebody has seen to this one already." in page.form(str(desk.booked.id)).send().text
    record = desk.reception().get(f"/appointments/{desk.booked.id}")
    assert "told by phone" in record.text
    back = done.form("/undo").send()
    assert "still has to be phoned" in back.text
    assert "Asha Sharma" in back.text


def test_the_appointment_and_the_patient_show_what_was_told(desk: Desk) -> None:
    unsent(desk, DeliveryState.FAILED, "NO_PHONE")
    for path in (f"/appointments/{desk.booked.id}", f"/patients/{desk.patient_id}"):
        page = desk.reception().get(path)
        assert "could not be sent" in page.text
        assert "no phone number" in page.text
        assert "on record" in page.text
    desk.session.execute(
        sa.update(Notification).values(state="QUEUED", last_error="BUSY 429", next_attempt_at=NOW + timedelta(hours=1))
    )
    desk.session.commit()
    page = desk.reception().get(f"/appointments/{desk.booked.id}")
    assert "being tried again" in page.text
    assert "Next try at 09:00." in page.text


def tell(desk: Desk, number: int, link: str | None = "/patients") -> None:
    reader = desk.clinic.actor.user_id
    assert reader
    outbox.queue_staff(
        desk.session,
        desk.clinic.actor.hospital_id,
        [reader],
        title=f"Notice {number}",
        body="Something needs you.",
        dedupe=f"notice:{number}",
        now=NOW + timedelta(minutes=number),
        link=link,
        priority=Priority.HIGH,
    )
    desk.session.commit()


def test_the_inbox_is_counted_opened_and_read(desk: Desk) -> None:
    browser = desk.reception()
    assert "Nothing has been sent to you." in browser.get("/notifications").text
    for number in range(3):
        tell(desk, number)
    page = browser.get("/patients")
    assert "Inbox 3 unread" in page.text
    assert "Inbox 3" not in desk.admin().get("/patients").text
    inbox = page.follow("Inbox")
    assert [title.text for title in inbox.all("h2", class_="inbox-title")]
    newest = next(form.attrib["action"] for form in inbox.all("form", class_="actions"))
    opened = inbox.form(newest).send(do="open")
    assert opened.url == "/patients"
    assert "Inbox 2 unread" in opened.text
    read = opened.follow("Inbox")
    entry = next(
        form.attrib["action"]
        for form in read.root.iter("form")
        if form.attrib.get("action", "").endswith("/read") and "Mark as read" in "".join(form.itertext())
    )
    once = read.form(entry).send(do="read")
    assert once.url == "/notifications"
    assert "Inbox 1 unread" in once.text
    everything = once.form("/read-all").send()
    assert "1 marked as read." in everything.text
    assert "unread" not in everything.text


def test_a_link_leads_nowhere_else(desk: Desk) -> None:
    tell(desk, 1, "//evil.test/")
    inbox = desk.reception().get("/notifications")
    opened = inbox.form(inbox.all("form", class_="actions")[0].attrib["action"]).send(do="open")
    assert opened.url == "/notifications"


def test_fragments_do_not_count_the_inbox(desk: Desk) -> None:
    browser = desk.reception()
    with counted(desk.app) as seen:
        browser.get("/front-desk")
    assert sum("count" in statement and "read_at" in statement for statement in seen) == 1
    with counted(desk.app) as seen:
        browser.fragment("/front-desk/grid")
    assert not any("read_at" in statement for statement in seen)


def test_a_booking_costs_one_query_for_its_message(desk: Desk) -> None:
    """One to know how the hospital speaks, and the insert itself."""
    asked = BookingRequest(desk.clinic.patient(), desk.doctor_id, MONDAY, time(11))
    engine = desk.session.get_bind()
    seen: list[str] = []

    def note(*given: object) -> None:
        seen.append(str(given[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        booking.book(desk.session, desk.clinic.actor, asked, now=NOW)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    about = [text for text in seen if "message_templates" in text or "notifications" in text]
    assert len(about) == 2, [text[:90] for text in about]


def test_messages_and_calls_as_files_with_nothing_that_runs(desk: Desk) -> None:
    desk.session.execute(sa.update(Patient).values(name="=1+1", phone="+91 98"))
    cancel(desk)
    unsent(desk)
    admin = desk.admin()
    page = admin.get("/messages?state=NOT_CONFIGURED")
    (link,) = [a.attrib["href"] for a in page.all("a") if "export.csv" in a.attrib.get("href", "")]
    lines = admin.get(link).html.removeprefix("\ufeff").splitlines()
    assert lines[0] == "Written,To,About,By,State,Sent,Why not,Phoned,Words"
    assert len(lines) >= 2
    assert all(line.startswith("2026-03-02 08:00,'=1+1,") for line in lines[1:] if line.startswith("2026"))
    assert len(admin.get("/messages/export.csv?state=SENT").html.splitlines()) == 1
    calls = desk.reception().get("/messages/to-phone")
    told = calls.browser.get(calls.all("a", href="/messages/to-phone/export.csv")[0].attrib["href"]).html
    assert told.removeprefix("\ufeff").startswith("Appointment,Patient,Patient number,Phone,Doctor,About,What to say")
    assert "2026-03-02 10:00,'=1+1," in told
    assert "'+91 98," in told


def test_a_file_that_leaves_something_out_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel(desk)
    monkeypatch.setattr(csv_files, "MOST_ROWS", 1)
    lines = desk.admin().get("/messages/export.csv").html.splitlines()
    assert lines[-1] == "There is more than these 1. Narrow the list to have it."
