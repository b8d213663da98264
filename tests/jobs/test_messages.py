"""Messages through a real worker and a real provider of HTTP (quality.md: J5, J7, J8)."""

import io
import logging
import os
import socket
import subprocess
import sys
from datetime import time, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import pytest
import redis as redis_client
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from rq import Queue, SimpleWorker

from hms_web import clock
from hms_web.app import WAKER
from hms_web.config import engine_options
from hms_web.domain.delivery import LEASE, Answer, Outcome, Reason
from hms_web.domain.notifications import Channel
from hms_web.jobs import messages, wake
from hms_web.jobs import providers as sending
from hms_web.jobs.resources import QUEUE
from hms_web.models import Notification
from hms_web.services import cancelling, delivery
from hms_web.services.appointments import AppointmentView
from hms_web.services.delivery import Outgoing
from tests.api.callers import caller_of
from tests.jobs.fake_provider import Provider
from tests.scenes import MONDAY, NOW, Clinic
from tests.servers import ROOT

PLAIN_CONNECT = socket.socket.connect
TUESDAY = MONDAY + timedelta(days=1)


def booked(here: Clinic, **patient: object) -> AppointmentView:
    return here.book(here.doctor(), here.patient(**patient), time(10), TUESDAY)


def wish(doctor_id: UUID, patient_id: UUID, hour: int) -> dict[str, str]:
    return {"patientId": str(patient_id), "doctorId": str(doctor_id), "date": str(TUESDAY), "time": f"{hour}:00"}


def settled(app: Flask) -> None:
    """Wait until Redis has heard of what requests have committed."""
    assert app.extensions[WAKER].settle(5)


def deliver(minutes: float = 0) -> None:
    with clock.fixed(NOW + timedelta(minutes=minutes)):
        messages.deliver()


def the_sms(here: Clinic) -> Notification:
    here.session.rollback()
    here.session.expire_all()
    row = here.session.scalars(sa.select(Notification).where(Notification.channel == Channel.SMS)).one()
    here.session.commit()
    return row


def test_a_message_arrives(here: Clinic, provider: Provider) -> None:
    booked(here, phone="+91 98765 43210")
    deliver()
    (message,) = provider.delivered
    assert message["to"] == "+919876543210"
    assert message["message"].startswith("Test Clinic: your appointment with")
    assert message["title"] == "", "a text message has no subject"
    assert the_sms(here).state == "SENT"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a provider at once."""
    monkeypatch.setattr(sending, "READ_SECONDS", 0.3)


@pytest.mark.usefixtures("impatient")
def test_a_provider_that_times_out_after_accepting_sends_one_message(here: Clinic, provider: Provider) -> None:
    booked(here)
    provider.answers = [0]
    deliver()
    assert (the_sms(here).state, the_sms(here).last_error) == ("QUEUED", "UNREACHABLE")
    deliver(1)
    assert the_sms(here).state == "SENT"
    assert (len(provider.requests), len(provider.delivered), len(provider.keys)) == (2, 1, 1)


@pytest.mark.usefixtures("impatient")
def test_without_the_same_key_there_would_be_two(
    here: Clinic, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = iter("ab")
    plain = sending.send

    def forgetful(message: Outgoing, **given: Any) -> Outcome:
        return plain(Outgoing(message.url, message.to, message.channel, "", message.body, next(keys)), **given)

    monkeypatch.setattr(messages, "send", forgetful)
    booked(here)
    provider.answers = [0]
    deliver()
    deliver(1)
    assert len(provider.delivered) == 2


def test_a_database_that_is_busy_after_accepting_ends_no_batch_and_nothing_is_sent_again(
    here: Clinic, provider: Provider, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the first message's row right after the provider took it, for longer than all tries take."""
    for _ in range(3):
        booked(here, phone="+91 98765 43210")
    plain, other = sending.send, engine.connect()
    waits: list[float] = []

    def accepted(message: Outgoing, **given: Any) -> Outcome:
        outcome = plain(message, **given)
        if not waits:
            waits.append(0.0)
            other.execute(sa.text("SELECT 1 FROM notifications FOR UPDATE"))
        return outcome

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if seconds == messages.STUBBORN_SECONDS:
            other.rollback()

    monkeypatch.setattr(messages, "send", accepted)
    monkeypatch.setattr("hms_web.jobs.messages.time.sleep", wait)
    monkeypatch.setattr(delivery, "PAUSES", (0.25,))
    quick = engine_options()
    quick["connect_args"]["options"] += " -c lock_timeout=50ms"
    monkeypatch.setattr("hms_web.jobs.resources.engine_options", lambda: quick)
    try:
        deliver()
    finally:
        other.close()
    assert messages.STUBBORN_SECONDS in waits, "it was noted before the row was let go"
    deliver(6)
    rows = here.session.scalars(sa.select(Notification.state).where(Notification.channel == Channel.SMS)).all()
    assert rows == ["SENT"] * 3
    assert (len(provider.requests), len(provider.delivered)) == (3, 3)


def test_a_message_that_nobody_can_send_holds_up_no_other(
    here: Clinic, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        booked(here)
    plain = delivery.deliver
    tried: list[object] = []

    def poisoned(*given: Any, **more: Any) -> object:
        tried.append(given)
        if len(tried) == 1:
            raise RuntimeError
        return plain(*given, **more)

    monkeypatch.setattr(delivery, "deliver", poisoned)
    deliver()
    assert len(provider.delivered) == 1
    deliver(6)
    assert len(provider.delivered) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_hour_of_refusals_loses_nothing(here: Clinic, provider: Provider, status: int) -> None:
    booked(here)
    provider.answers = 100 * [status]
    for minute in range(60):
        deliver(minute)
    assert the_sms(here).state == "QUEUED"
    assert 6 <= len(provider.requests) <= 10, "it is not pressed"
    provider.answers = []
    deliver(80)
    assert the_sms(here).state == "SENT"
    assert (len(provider.delivered), len(provider.keys)) == (1, 1)


@pytest.mark.parametrize("as_date", [False, True])
def test_it_waits_as_long_as_it_is_asked_to(here: Clinic, provider: Provider, *, as_date: bool) -> None:
    booked(here)
    provider.answers = [429]
    provider.wait = format_datetime(NOW + timedelta(minutes=10)) if as_date else "600"
    deliver()
    deliver(9.9)
    assert len(provider.requests) == 1
    deliver(10)
    assert the_sms(here).state == "SENT"


@pytest.mark.parametrize("header", [None, "soon", "-5", format_datetime(NOW - timedelta(days=1))])
def test_a_wait_that_is_none(header: str | None) -> None:
    with clock.fixed(NOW):
        assert sending.asked_wait(header) is None


def test_a_refusal_is_final(here: Clinic, provider: Provider) -> None:
    booked(here)
    provider.answers = [400]
    deliver()
    assert (the_sms(here).state, the_sms(here).last_error) == ("FAILED", "REFUSED 400")


def test_a_provider_cannot_send_us_elsewhere(here: Clinic, provider: Provider) -> None:
    booked(here)
    provider.answers = [302]
    deliver()
    assert len(provider.requests) == 1
    assert the_sms(here).state == "QUEUED"


def test_a_message_whose_appointment_is_cancelled_is_not_sent(here: Clinic, provider: Provider) -> None:
    view = booked(here)
    provider.answers = [500]
    deliver()
    cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    deliver(5)
    assert ["has been cancelled" in message["message"] for message in provider.delivered] == [True]
    here.session.expire_all()
    rows = here.session.execute(sa.select(Notification.event, Notification.state).where(sms_only())).all()
    states = {row.event: row.state for row in rows}
    assert states == {"appointment.booked": "SUPPRESSED", "appointment.cancelled": "SENT"}


def sms_only() -> sa.ColumnElement[bool]:
    return Notification.channel == "sms"


def test_one_that_stays_is_sent_in_the_same_way(here: Clinic, provider: Provider) -> None:
    booked(here)
    provider.answers = [500]
    deliver()
    deliver(5)
    assert ["has been cancelled" in message["message"] for message in provider.delivered] == [False]


def test_a_worker_killed_in_the_middle_sends_no_second_message(
    here: Clinic, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(here)
    plain = sending.send

    def killed(message: Outgoing, **given: Any) -> Outcome:
        plain(message, **given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(messages, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver()
    deliver(1)
    assert len(provider.requests) == 1, "somebody may still be at it"
    deliver(LEASE / timedelta(minutes=1))
    assert the_sms(here).state == "SENT"
    assert (len(provider.requests), len(provider.delivered), len(provider.keys)) == (2, 1, 1)


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("nosuchprovider://x/{to}", Outcome(Answer.MISCONFIGURED, Reason.BAD_PROVIDER)),
        (f"twilio://AC{'a' * 32}:{'b' * 32}@+15550001111/{{to}}", Outcome(Answer.NEVER, Reason.BAD_ADDRESS)),
        ("json://127.0.0.1:1/{to}", Outcome(Answer.LATER, Reason.UNREACHABLE)),
    ],
)
def test_what_cannot_be_handed_over(url: str, outcome: Outcome) -> None:
    assert sending.send(Outgoing(url, "12", Channel.SMS, "t", "b", "k"), allowed=["127.0.0.1"]) == outcome


INSIDE = Outcome(Answer.MISCONFIGURED, Reason.INSIDE_NETWORK)


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1:{port}/{{to}}", "form://localhost:{port}/?:to={{to}}", "xml://127.0.0.1:{port}/{{to}}"]
)
def test_nothing_inside_the_network_is_connected_to(provider: Provider, url: str) -> None:
    message = Outgoing(url.format(port=provider.port), "12", Channel.SMS, "t", "b", "k")
    assert sending.send(message) == INSIDE
    assert provider.requests == []
    sending.send(message, allowed=["localhost"])
    assert len(provider.requests) == 1 or not url.startswith("json"), "a host that is named may be there"


def test_a_name_that_leads_elsewhere_by_the_time_of_the_sending_is_judged_by_where_it_leads_then(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = socket.getaddrinfo

    def rebound(host: str, *given: Any, **more: Any) -> Any:
        return plain("127.0.0.1" if host == "gateway.test" else host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    message = Outgoing(f"json://gateway.test:{provider.port}/{{to}}", "12", Channel.SMS, "t", "b", "k")
    assert sending.send(message) == INSIDE
    assert provider.requests == []
    assert sending.send(message, allowed=["127.0.0.1"]) == Outcome(Answer.SENT), "the control: it would have arrived"
    assert socket.socket.connect is PLAIN_CONNECT, "everybody else's connections are as they were"


def test_a_mail_server_inside_is_connected_to() -> None:
    message = Outgoing("mailto://u:p@localhost:1?to={to}", "a@b.test", Channel.EMAIL, "t", "b", "k")
    assert sending.send(message) == Outcome(Answer.LATER, Reason.UNREACHABLE)


def test_a_plugin_that_trips_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_given: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.notify", trip)
    outcome = sending.send(Outgoing("json://gateway.test/{to}", "12", Channel.SMS, "t", "b", "k"))
    assert outcome == Outcome(Answer.LATER, Reason.UNREACHABLE)


CANARY, CANARY_PHONE, CANARY_DIGITS = "Canary Quillfeather", "+91 55555 12345", "5555512345"


def test_no_patient_stands_in_redis_or_a_log(
    app: Flask, client: FlaskClient, here: Clinic, provider: Provider, redis: redis_client.Redis
) -> None:
    doctor, patient = here.doctor(), here.patient(name=CANARY, phone=CANARY_PHONE)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    loggers = [logging.getLogger(name) for name in ("", "rq.worker", "apprise", "urllib3")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with clock.fixed(NOW):
            reception = caller_of(client, here, here.actor)
            assert reception.post("/appointments", wish(doctor, patient, 10)).status_code == 201
            settled(app)
            seen = [value for key in redis.scan_iter() for value in (key, redis.dump(key))]
            queue = Queue(QUEUE, connection=redis)
            assert [job.func_name for job in queue.jobs] == [wake.PATH], "the request asked for a delivery"
            provider.answers = [400]
            SimpleWorker([queue], connection=redis).work(burst=True, logging_level="DEBUG")
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    assert provider.requests[0]["to"] == "+915555512345", "it was on its way"
    everything = written.getvalue() + "".join(str(value) for value in seen)
    assert "messages_delivered" in everything or wake.PATH in everything
    for secret in (CANARY, CANARY_PHONE, CANARY_DIGITS, "Quillfeather"):
        assert secret not in everything


def test_a_request_asks_once_until_the_delivery_begins(
    app: Flask, client: FlaskClient, here: Clinic, redis: redis_client.Redis
) -> None:
    doctor = here.doctor()
    queue = Queue(QUEUE, connection=redis)
    with clock.fixed(NOW):
        reception = caller_of(client, here, here.actor)
        for hour in (10, 11):
            reception.post("/appointments", wish(doctor, here.patient(), hour))
        settled(app)
        assert len(queue.jobs) == 1
        wake.forget(redis)
        refused = reception.post("/appointments", wish(doctor, here.patient(), 11))
        settled(app)
        assert (refused.status_code, len(queue.jobs)) == (409, 1), "a refusal has nothing to send"
        reception.post("/appointments", wish(doctor, here.patient(), 12))
        settled(app)
        assert len(queue.jobs) == 2


def test_without_redis_booking_goes_on_and_the_outbox_drains_later(
    app: Flask,
    client: FlaskClient,
    here: Clinic,
    provider: Provider,
    redis: redis_client.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = wake.Waker("redis://127.0.0.1:1/0")
    monkeypatch.setitem(app.extensions, WAKER, gone)
    doctor = here.doctor()
    with clock.fixed(NOW):
        reception = caller_of(client, here, here.actor)
        for hour in (10, 11):
            answer = reception.post("/appointments", wish(doctor, here.patient(), hour))
            assert answer.status_code == 201
    settled(app)
    assert gone._quiet_until > 0, "it was asked, and is left alone for a while"
    assert Queue(QUEUE, connection=redis).jobs == []
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    deliver()
    assert len(provider.delivered) == 2


def test_two_workers_at_once_send_each_message_once(here: Clinic, provider: Provider) -> None:
    doctor = here.doctor(minutes=10, maximum=60)
    for number in range(40):
        here.book(doctor, here.patient(), time(9 + number // 6 + (number >= 24), 10 * (number % 6)), TUESDAY)
    _two_workers(here)
    assert len(provider.requests) == 40
    assert len(provider.keys) == 40
    here.session.rollback()
    assert here.count(Notification, channel="sms", state="SENT") == 40


def test_without_the_claim_two_workers_would_send_twice(
    here: Clinic, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = here.doctor(minutes=10, maximum=60)
    for number in range(12):
        here.book(doctor, here.patient(), time(9 + number // 6, 10 * (number % 6)), TUESDAY)
    monkeypatch.setenv("HMS_TEST_WITHOUT_CLAIMS", "1")
    _two_workers(here)
    assert len(provider.requests) > 12


_WORKER = """
import os, sys
from hms_web.services import delivery
from hms_web.jobs import messages
if os.environ.get("HMS_TEST_WITHOUT_CLAIMS"):
    from sqlalchemy import select
    from hms_web.models import Notification
    taken = []
    def claim(session, *, now, limit=10):
        if taken:
            return []
        query = select(Notification).where(Notification.state == "QUEUED")
        rows = session.scalars(query).all()
        taken.append(True)
        for row in rows:
            row.claimed_until = now + delivery.delivery.LEASE
        claims = [delivery.Claim(row.id, row.claimed_until, []) for row in rows]
        session.commit()
        return claims
    delivery.claim = claim
    delivery._mine = lambda claimed: (Notification.id == claimed.id,)
print("ready", flush=True)
sys.stdin.readline()
messages.deliver()
"""


def _two_workers(here: Clinic) -> None:
    """Let two processes deliver at the same moment."""
    here.session.commit()
    environ = os.environ | {"HMS_TEST_NOW": NOW.isoformat()}
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _WORKER],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
        assert worker.returncode == 0
