"""Messages written in the transaction of what they report."""

from collections.abc import Sequence

import sqlalchemy as sa

from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models import Notification
from hms_web.services import header, inbox, outbox
from hms_web.services.header import Waiting
from tests.scenes import NOW, Clinic


def _tell(here: Clinic, *, dedupe: str = "thing:1", channels: Sequence[Channel] = (Channel.IN_APP,)) -> None:
    people = [user for user in (here.admin.user_id, here.other.user_id) if user]
    outbox.queue_staff(
        here.session,
        here.actor.hospital_id,
        people,
        title="The check has failed",
        body="Three times in a row.",
        dedupe=dedupe,
        now=NOW,
        link="/jobs",
        priority=Priority.HIGH,
        channels=channels,
    )
    here.session.commit()


def unread(here: Clinic) -> int:
    return header.counts(here.session, here.admin, [Waiting.UNREAD], now=NOW)[Waiting.UNREAD]


def _rows(here: Clinic) -> Sequence[Notification]:
    return here.session.scalars(sa.select(Notification).order_by(Notification.id)).all()


def test_a_staff_message_is_in_each_inbox_at_once(here: Clinic) -> None:
    _tell(here)
    for actor in (here.admin, here.other):
        (entry,) = inbox.entries(here.session, actor).items
        assert (entry.title, entry.priority, entry.link) == ("The check has failed", Priority.HIGH, "/jobs")
    assert {(row.state, row.sent_at) for row in _rows(here)} == {(DeliveryState.SENT, NOW)}


def test_what_leaves_the_house_waits_for_a_worker(here: Clinic) -> None:
    _tell(here, channels=(Channel.IN_APP, Channel.EMAIL))
    states = [(row.channel, row.state, row.sent_at) for row in _rows(here)]
    assert states == 2 * [("in_app", "SENT", NOW), ("email", "QUEUED", None)]


def test_the_same_thing_is_told_once(here: Clinic) -> None:
    _tell(here)
    _tell(here)
    assert len(_rows(here)) == 2
    _tell(here, dedupe="thing:2")
    assert len(_rows(here)) == 4


def test_nobody_to_tell_is_no_mistake(here: Clinic) -> None:
    outbox.queue_staff(here.session, here.actor.hospital_id, [], title="x", body="x", dedupe="x", now=NOW)
    outbox.queue(here.session, here.actor.hospital_id, [], now=NOW)
    assert list(_rows(here)) == []


def test_unread_messages_are_counted(here: Clinic) -> None:
    assert unread(here) == 0
    _tell(here, channels=(Channel.IN_APP, Channel.EMAIL))
    _tell(here, dedupe="thing:2")
    assert unread(here) == 2
    newest = inbox.entries(here.session, here.admin).items[0]
    inbox.mark_read(here.session, here.admin, newest.id, now=NOW)
    assert unread(here) == 1
    for number in range(inbox.MOST_COUNTED + 5):
        _tell(here, dedupe=f"thing:{number + 3}")
    assert unread(here) == inbox.MOST_COUNTED + 1
