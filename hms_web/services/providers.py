"""Through whom a hospital sends its messages: one address a channel, kept encrypted, shown masked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.delivery import expires_at
from hms_web.domain.identity import Actor
from hms_web.domain.messages import PROVIDER_TEST
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.domain.providers import CHANNELS, INSIDE, asks_for_tls, host_of, masked, url_mistake
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import email_mistake, line_mistake, refuse_invalid
from hms_web.models import MessageProvider, Notification, User, new_id
from hms_web.services import audit, lookup, outbox, sealing, unit_of_work
from hms_web.services.sealing import SecretKeys

PROVIDER_HOSTS = "PROVIDER_HOSTS"
"""Where the application keeps the hosts inside the network that may be providers."""
PURPOSE = "message providers"
LONGEST_PHONE = 40
TEST_TITLE, TEST_BODY = "Test message", "This is a test message. If you read it, messages arrive."


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A channel and its provider: the masked address, None where there is none; `is_readable` is false when it was
    encrypted under another SECRET_KEY, `is_open` true when messages go there without TLS.
    """

    channel: Channel
    address: str | None
    is_readable: bool
    updated_at: datetime | None
    updated_by: str | None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class TestView:
    """The latest test message of a channel and what became of it."""

    __test__ = False  # for pytest, which takes it for a test

    channel: Channel
    to: str
    state: DeliveryState
    error: str | None
    created_at: datetime


def views(session: Session, actor: Actor, *, secret: SecretKeys) -> list[ProviderView]:
    """Return every channel that leaves the house, with the hospital's provider for it."""
    rows = session.execute(
        select(MessageProvider, User.name)
        .outerjoin(User, User.id == MessageProvider.updated_by_id)
        .where(MessageProvider.hospital_id == actor.hospital_id)
    ).all()
    known = {row.channel: (row, name) for row, name in rows}
    return [_view(channel, *known.get(channel, (None, None)), secret=secret) for channel in CHANNELS]


def _view(channel: Channel, row: MessageProvider | None, by: str | None, *, secret: SecretKeys) -> ProviderView:
    if row is None:
        return ProviderView(channel, None, is_readable=True, updated_at=None, updated_by=None)
    url = sealing.unseal(secret, PURPOSE, row.url_encrypted)
    is_open = url is not None and not asks_for_tls(url)
    return ProviderView(channel, masked(url or "?"), url is not None, row.updated_at, by, is_open)


def put(
    session: Session,
    actor: Actor,
    channel: Channel,
    url: str,
    *,
    secret: SecretKeys,
    now: datetime,
    allowed: Collection[str] = (),
) -> None:
    """Set or replace a channel's provider. The audit trail holds only how the address begins.

    Raises InvalidInput, for an address inside the network too unless its host is one of the `allowed`; whoever sends
    looks again where it leads then.
    """
    refuse_invalid(("url", url_mistake(url)))
    host = host_of(url)
    if host is not None and lookup.leads_inside(host, allowed):
        raise InvalidInput([("url", INSIDE)])
    values = {
        "id": new_id(),
        "hospital_id": actor.hospital_id,
        "channel": str(channel),
        "url_encrypted": sealing.seal(secret, PURPOSE, url.strip()),
        "updated_at": now,
        "updated_by_id": actor.user_id,
    }
    kept = {name: values[name] for name in ("url_encrypted", "updated_at", "updated_by_id")}
    statement = insert(MessageProvider).values(values)
    statement = statement.on_conflict_do_update(index_elements=["hospital_id", "channel"], set_=kept)

    def work() -> None:
        provider_id = session.scalars(statement.returning(MessageProvider.id)).one()
        details = {"channel": channel, "address": masked(url.strip())}
        audit.record(session, actor, "provider.set", "message_provider", provider_id, now=now, **details)

    unit_of_work.run(session, work)


def remove(session: Session, actor: Actor, channel: Channel, *, now: datetime) -> bool:
    """Remove a channel's provider; return whether there was one. What waits is then shown as not sent."""
    mine = (MessageProvider.hospital_id == actor.hospital_id) & (MessageProvider.channel == channel)

    def work() -> bool:
        removed = session.scalars(delete(MessageProvider).where(mine).returning(MessageProvider.id)).one_or_none()
        if removed is not None:
            audit.record(session, actor, "provider.removed", "message_provider", removed, now=now, channel=channel)
        return removed is not None

    return unit_of_work.run(session, work)


def url_of(session: Session, hospital_id: UUID, channel: str, *, secret: SecretKeys) -> tuple[bool, str | None]:
    """Return whether a channel has a provider, and its address; None with True when it cannot be decrypted."""
    mine = (MessageProvider.hospital_id == hospital_id) & (MessageProvider.channel == channel)
    sealed = session.scalar(select(MessageProvider.url_encrypted).where(mine))
    return sealed is not None, None if sealed is None else sealing.unseal(secret, PURPOSE, sealed)


def send_test(session: Session, actor: Actor, channel: Channel, to: str, *, now: datetime) -> None:
    """Queue a test message to an address; it goes the way of every message. Raises InvalidInput."""
    wrong = email_mistake(to.strip()) if channel is Channel.EMAIL else line_mistake(to, LONGEST_PHONE)
    refuse_invalid(("to", wrong))
    row_id = new_id()
    row = {
        "id": row_id,
        "hospital_id": actor.hospital_id,
        "dedupe_key": f"{PROVIDER_TEST}:{row_id}:{channel}",
        "event": PROVIDER_TEST,
        "channel": str(channel),
        "priority": str(Priority.HIGH),
        "state": str(DeliveryState.QUEUED),
        "next_attempt_at": now,
        "user_id": actor.user_id,
        "title": TEST_TITLE,
        "body": TEST_BODY,
        "facts": {"to": to.strip()},
        "expires_at": expires_at(PROVIDER_TEST, now),
        "created_at": now,
    }

    def work() -> None:
        outbox.write(session, [row])
        audit.record(session, actor, "provider.tested", "notification", row_id, now=now, channel=channel)

    unit_of_work.run(session, work)


def latest_tests(session: Session, actor: Actor) -> list[TestView]:
    """Return the actor's latest test message of each channel that has one."""
    mine = (
        Notification.hospital_id == actor.hospital_id,
        Notification.user_id == actor.user_id,
        Notification.event == PROVIDER_TEST,
    )
    newest = select(Notification).where(*mine).order_by(Notification.created_at.desc(), Notification.id.desc()).limit(1)
    rows = [session.scalars(newest.where(Notification.channel == channel)).first() for channel in CHANNELS]
    return [
        TestView(Channel(row.channel), row.facts["to"], DeliveryState(row.state), row.last_error, row.created_at)
        for row in rows
        if row is not None
    ]
