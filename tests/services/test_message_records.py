"""Every message of a hospital, found by what became of it, and sent again."""

from collections.abc import Sequence
from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import AuditEvent, Notification, new_id
from hms_web.services import message_records, outbox, providers, unit_of_work
from hms_web.services.message_records import MessageFilter, MessageRecord, Waiting
from tests.scenes import MONDAY, NOW, Clinic

SECRET = "a secret of these tests"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def three(here: Clinic) -> list[Notification]:
    """The text messages of three bookings, the oldest first."""
    doctor = here.doctor()
    for hour in (10, 11, 12):
        here.book(doctor, here.patient(), time(hour), TUESDAY)
    return sms(here)


def sms(here: Clinic) -> list[Notification]:
    here.session.expire_all()
    return list(here.session.scalars(sa.select(Notification).where(Notification.channel == "sms").order_by("id")))


def set_state(here: Clinic, row: Notification, state: DeliveryState) -> None:
    row.state, row.last_error, row.attempts, row.next_attempt_at = state, "REFUSED 400", 3, None
    here.session.commit()


def found(here: Clinic, **wanted: object) -> Sequence[MessageRecord]:
    return message_records.search(here.session, here.admin, MessageFilter(**wanted)).items  # type: ignore[arg-type]


def test_they_are_found(here: Clinic, elsewhere: Clinic, three: list[Notification]) -> None:
    set_state(here, three[0], DeliveryState.FAILED)
    assert [item.id for item in found(here)] == [row.id for row in reversed(three)]
    assert [item.id for item in found(here, state=DeliveryState.FAILED)] == [three[0].id]
    assert len(found(here, channel=Channel.IN_APP)) == 3
    assert found(here, channel=Channel.EMAIL) == []
    assert len(found(here, event=MessageEvent.BOOKED)) == 3
    assert found(here, event=MessageEvent.CANCELLED) == []
    assert len(found(here, first=MONDAY, last=MONDAY)) == 3
    assert found(here, first=TUESDAY) == []
    assert found(here, last=MONDAY - timedelta(days=1)) == []
    assert message_records.search(here.session, elsewhere.admin, MessageFilter()).items == []
    (failed,) = found(here, state=DeliveryState.FAILED)
    assert (failed.patient_name, failed.user_name, failed.error) == ("Patient 2", None, "REFUSED 400")
    assert failed.may_be_sent_again
    assert not found(here)[0].may_be_sent_again, "it waits anyway"
    assert not found(here, channel=Channel.IN_APP)[0].may_be_sent_again


def test_a_page_at_a_time(here: Clinic, three: list[Notification]) -> None:
    first = message_records.search(here.session, here.admin, MessageFilter(), limit=2)
    rest = message_records.search(here.session, here.admin, MessageFilter(), limit=2, cursor=first.next_cursor)
    assert [len(first.items), len(rest.items), rest.next_cursor] == [2, 1, None]
    with pytest.raises(InvalidInput):
        message_records.search(here.session, here.admin, MessageFilter(), cursor="x")


def test_they_are_counted_by_state(here: Clinic, three: list[Notification]) -> None:
    set_state(here, three[0], DeliveryState.FAILED)
    counted = message_records.counts(here.session, here.admin, MessageFilter())
    assert counted == {DeliveryState.FAILED: 1, DeliveryState.QUEUED: 2}


@pytest.mark.parametrize("state", message_records.REPEATABLE)
def test_one_is_sent_again_under_another_key(here: Clinic, three: list[Notification], state: DeliveryState) -> None:
    set_state(here, three[0], state)
    later = NOW + timedelta(hours=2)
    unit_of_work.committed(here.session)
    message_records.send_again(here.session, here.admin, three[0].id, now=later)
    row = sms(here)[0]
    assert (row.state, row.sendings, row.attempts, row.last_error) == (DeliveryState.QUEUED, 2, 0, None)
    assert (row.next_attempt_at, row.expires_at) == (later, later + timedelta(hours=24))
    assert outbox.TO_DELIVER in unit_of_work.committed(here.session)
    (details,) = here.session.scalars(
        sa.select(AuditEvent.details).where(AuditEvent.action == "notification.sent_again")
    )
    assert details == {"state_before": state}


def test_a_staff_message_is_sent_again_too(here: Clinic) -> None:
    providers.send_test(here.session, here.admin, Channel.SMS, "1234", now=NOW)
    set_state(here, sms(here)[0], DeliveryState.FAILED)
    message_records.send_again(here.session, here.admin, sms(here)[0].id, now=NOW)
    assert sms(here)[0].expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("state", [DeliveryState.QUEUED, DeliveryState.SUPPRESSED])
def test_what_waits_or_is_not_true_is_not_sent_again(
    here: Clinic, three: list[Notification], state: DeliveryState
) -> None:
    set_state(here, three[0], state)
    with pytest.raises(Refused) as refused:
        message_records.send_again(here.session, here.admin, three[0].id, now=NOW)
    assert refused.value.refusal.code is Code.MESSAGE_NOT_REPEATABLE
    assert here.count(AuditEvent, action="notification.sent_again") == 0


def test_what_is_in_the_app_is_not_sent_again(here: Clinic, three: list[Notification]) -> None:
    there = found(here, channel=Channel.IN_APP)[0]
    with pytest.raises(Refused) as refused:
        message_records.send_again(here.session, here.admin, there.id, now=NOW)
    assert refused.value.refusal.code is Code.MESSAGE_NOT_REPEATABLE


def test_another_hospitals_message_is_not_there(here: Clinic, elsewhere: Clinic, three: list[Notification]) -> None:
    set_state(here, three[0], DeliveryState.FAILED)
    for actor, key in ((elsewhere.admin, three[0].id), (here.admin, new_id())):
        with pytest.raises(Refused) as refused:
            message_records.send_again(here.session, actor, key, now=NOW)
        assert refused.value.refusal.code is Code.NOTIFICATION_NOT_FOUND


def test_everything_without_a_provider_is_sent_once_there_is_one(
    here: Clinic, elsewhere: Clinic, three: list[Notification]
) -> None:
    set_state(here, three[0], DeliveryState.NOT_CONFIGURED)
    set_state(here, three[1], DeliveryState.NOT_CONFIGURED)
    three[1].expires_at = NOW
    here.session.commit()
    assert message_records.waiting_for_provider(here.session, here.admin, now=NOW) == Waiting(1, 0)
    assert message_records.send_unconfigured(here.session, here.admin, now=NOW) == 0
    providers.put(here.session, here.admin, Channel.SMS, "json://x/{to}", secret=SECRET, now=NOW)
    assert message_records.waiting_for_provider(here.session, here.admin, now=NOW) == Waiting(1, 1)
    assert message_records.send_unconfigured(here.session, elsewhere.admin, now=NOW) == 0
    assert message_records.send_unconfigured(here.session, here.admin, now=NOW) == 1
    assert [row.state for row in sms(here)] == ["QUEUED", "NOT_CONFIGURED", "QUEUED"]
    assert [row.sendings for row in sms(here)] == [2, 1, 1]
    assert message_records.waiting_for_provider(here.session, here.admin, now=NOW) == Waiting(0, 0)
