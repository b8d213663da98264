"""Providers' addresses are kept encrypted, shown masked, and audited without what is secret in them."""

import socket
from threading import Event

import pytest
import sqlalchemy as sa

from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import InvalidInput
from hms_web.models import AuditEvent, MessageProvider, Notification
from hms_web.services import lookup, providers, sealing
from tests.scenes import NOW, Clinic

SECRET = "a secret of these tests"
URL = "twilio://AC1:canary-token@+15550001111/{to}"


def put(here: Clinic, url: str = URL, channel: Channel = Channel.SMS, secret: str = SECRET) -> None:
    providers.put(here.session, here.admin, channel, url, secret=secret, now=NOW)


def test_it_is_kept_encrypted_and_shown_masked(here: Clinic, elsewhere: Clinic) -> None:
    put(here)
    stored = here.session.scalars(sa.select(MessageProvider.url_encrypted)).one()
    assert b"canary" not in stored
    sms, email = providers.views(here.session, here.admin, secret=SECRET)
    assert (sms.channel, sms.address, sms.is_readable) == (Channel.SMS, "twilio://••••", True)
    assert (sms.updated_at, sms.updated_by) == (NOW, "Admin")
    assert (email.channel, email.address, email.is_readable) == (Channel.EMAIL, None, True)
    assert providers.url_of(here.session, here.admin.hospital_id, "sms", secret=SECRET) == (True, URL)
    assert providers.url_of(here.session, elsewhere.admin.hospital_id, "sms", secret=SECRET) == (False, None)
    (other, _) = providers.views(here.session, elsewhere.admin, secret=SECRET)
    assert other.address is None
    details = here.session.scalars(sa.select(AuditEvent.details).where(AuditEvent.action == "provider.set")).all()
    assert details == [{"channel": "sms", "address": "twilio://••••"}]


def test_another_one_takes_its_place(here: Clinic) -> None:
    put(here)
    put(here, "json://gateway.test/{to}")
    assert here.count(MessageProvider) == 1
    sms, email = providers.views(here.session, here.admin, secret=SECRET)
    assert (sms.is_open, email.is_open) == (True, False), "the page says that it goes without TLS"
    assert providers.url_of(here.session, here.admin.hospital_id, "sms", secret=SECRET)[1] == "json://gateway.test/{to}"


def test_under_another_secret_it_cannot_be_read(here: Clinic) -> None:
    put(here, secret="another secret")
    sms, _ = providers.views(here.session, here.admin, secret=SECRET)
    assert sms.address is not None
    assert not sms.is_readable
    assert providers.url_of(here.session, here.admin.hospital_id, "sms", secret=SECRET) == (True, None)


def test_what_is_sealed_for_one_end_opens_for_no_other() -> None:
    sealed = sealing.seal(SECRET, "a", "text")
    assert sealing.unseal(SECRET, "a", sealed) == "text"
    assert sealing.unseal(SECRET, "b", sealed) is None
    assert sealing.unseal(SECRET, "a", sealed[:-4] + b"AAAA") is None


def test_a_wrong_address_is_refused(here: Clinic) -> None:
    with pytest.raises(InvalidInput) as refused:
        put(here, "gateway.test")
    assert [field for field, _ in refused.value.errors] == ["url"]
    assert here.count(MessageProvider) == 0


def test_it_is_removed_once(here: Clinic) -> None:
    put(here)
    assert providers.remove(here.session, here.admin, Channel.SMS, now=NOW)
    assert not providers.remove(here.session, here.admin, Channel.SMS, now=NOW)
    assert here.count(AuditEvent, action="provider.removed") == 1


def test_a_test_message_is_queued_and_found_again(here: Clinic) -> None:
    assert providers.latest_tests(here.session, here.admin) == []
    providers.send_test(here.session, here.admin, Channel.SMS, "1234", now=NOW)
    providers.send_test(here.session, here.admin, Channel.SMS, "5678", now=NOW)
    providers.send_test(here.session, here.admin, Channel.EMAIL, "asha@example.org", now=NOW)
    sms, email = providers.latest_tests(here.session, here.admin)
    assert (sms.channel, sms.to, sms.state, sms.error) == (Channel.SMS, "5678", DeliveryState.QUEUED, None)
    assert email.to == "asha@example.org"
    assert providers.latest_tests(here.session, here.other) == []
    audited = here.session.scalars(sa.select(AuditEvent.details).where(AuditEvent.action == "provider.tested")).all()
    assert "1234" not in str(audited)


@pytest.mark.parametrize(("channel", "to"), [(Channel.SMS, " "), (Channel.SMS, "1" * 50), (Channel.EMAIL, "asha")])
def test_a_test_message_to_nowhere_is_refused(here: Clinic, channel: Channel, to: str) -> None:
    with pytest.raises(InvalidInput):
        providers.send_test(here.session, here.admin, channel, to, now=NOW)
    assert here.count(Notification) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "169.254.169.254", "10.1.2.3"])
def test_an_address_inside_the_network_is_refused_unless_its_host_is_named(here: Clinic, host: str) -> None:
    url = f"json://{host}:8080/{{to}}"
    with pytest.raises(InvalidInput) as refused:
        put(here, url)
    assert [name for name, _ in refused.value.errors] == ["url"]
    assert "leads inside the network" in str(refused.value)
    providers.put(
        here.session, here.admin, Channel.SMS, url, secret=SECRET, now=NOW, allowed=[host.strip("[]").upper()]
    )


def test_a_name_is_judged_by_all_that_it_leads_to(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    leads = {"both.test": {"8.8.8.8", "10.0.0.1"}, "fine.test": {"8.8.8.8"}}
    monkeypatch.setattr(lookup, "addresses", lambda host: frozenset(leads[host]))
    with pytest.raises(InvalidInput):
        put(here, "json://both.test/{to}")
    put(here, "json://fine.test/{to}")


def test_a_mail_server_may_stand_inside(here: Clinic) -> None:
    mail = "mailtos://u:p@10.0.0.1?to={to}"
    providers.put(here.session, here.admin, Channel.EMAIL, mail, secret=SECRET, now=NOW)


def test_a_resolver_that_does_not_answer_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr(lookup, "SECONDS", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: over.wait(10))
    assert lookup.addresses("slow.example") == frozenset()
    over.set()


def test_a_name_that_is_none_leads_nowhere() -> None:
    assert lookup.addresses("x" * 70 + ".example") == frozenset()
    assert lookup.addresses("127.0.0.1") == {"127.0.0.1"}
