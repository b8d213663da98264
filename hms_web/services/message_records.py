"""Every message that a hospital has written, for its administrators: finding them, and sending one again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from hms_web.domain.delivery import expires_at
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.models import MessageProvider, Notification, Patient, User
from hms_web.services import audit, outbox, paging, unit_of_work
from hms_web.services.delivery import said_in

REPEATABLE = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.NOT_CONFIGURED)
"""What can be sent again: one that waits will be sent anyway, and one that is not true any more must not be."""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What the list is narrowed to; None means everything, for `channel` everything that leaves the house. The days are
    the hospital's.
    """

    first: date | None = None
    last: date | None = None
    state: DeliveryState | None = None
    channel: Channel | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message on one channel, whom it is for, and what became of it."""

    id: UUID
    event: str
    channel: Channel
    state: DeliveryState
    title: str
    body: str
    error: str | None
    attempts: int
    sendings: int
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime | None
    phoned_at: datetime | None
    patient_id: UUID | None
    patient_name: str | None
    user_name: str | None
    appointment_id: UUID | None

    @property
    def may_be_sent_again(self) -> bool:
        """Whether somebody may ask for it once more."""
        return self.state in REPEATABLE and self.channel is not Channel.IN_APP


def _narrowed(actor: Actor, wanted: MessageFilter) -> list[ColumnElement[bool]]:
    conditions = [Notification.hospital_id == actor.hospital_id]
    if wanted.first is not None:
        conditions.append(Notification.created_at >= day_span(wanted.first, actor.zone).starts_at)
    if wanted.last is not None:
        conditions.append(Notification.created_at < day_span(wanted.last, actor.zone).ends_at)
    if wanted.channel is None:
        # What stands in the app was never sent anywhere; it is listed for who asks for it.
        conditions.append(Notification.channel != Channel.IN_APP)
    chosen = {"state": wanted.state, "channel": wanted.channel, "event": wanted.event}
    conditions += [getattr(Notification, name) == value for name, value in chosen.items() if value is not None]
    return conditions


ORDERS: Mapping[str, paging.Order[MessageRecord]] = {
    "written": paging.Order(
        (Notification.created_at, Notification.id), (datetime, UUID), lambda one: (one.created_at, one.id), is_down=True
    )
}
"""How messages can be sorted: as their index has them, from either end."""


def search(
    session: Session,
    actor: Actor,
    wanted: MessageFilter,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
) -> paging.Page[MessageRecord]:
    """Return a page of the hospital's messages, newest first or as `sort` says. Raises InvalidInput."""
    limit, order = paging.checked_limit(limit), paging.chosen(ORDERS, sort)
    statement = order.applied(_selected(actor, wanted), cursor)
    rare = wanted.state or wanted.event or wanted.channel
    rows = session.execute(statement.limit(paging.one_more(limit, by_values=rare))).all()
    return paging.page([_record(row) for row in rows], limit, lambda record: record, order.key)


def every(session: Session, actor: Actor, wanted: MessageFilter, *, sort: str | None = None) -> Iterator[MessageRecord]:
    """Yield the hospital's messages for an export, newest first or as `sort` says, without holding them all at once."""
    unit_of_work.begin(session)
    wished = paging.chosen(ORDERS, sort).applied(_selected(actor, wanted), None)
    with session.execute(wished.execution_options(yield_per=500)) as rows:
        yield from map(_record, rows)


def _selected(actor: Actor, wanted: MessageFilter) -> Select[*tuple[Any, ...]]:
    return (
        select(Notification, Patient.name, User.name)
        .outerjoin(Patient, Patient.id == Notification.patient_id)
        .outerjoin(User, User.id == Notification.user_id)
        .where(*_narrowed(actor, wanted))
    )


def _record(row: Any) -> MessageRecord:  # noqa: ANN401 a row of `search`
    message, patient_name, user_name = row
    return MessageRecord(
        id=message.id,
        event=message.event,
        channel=Channel(message.channel),
        state=DeliveryState(message.state),
        title=message.title,
        body=message.body,
        error=message.last_error,
        attempts=message.attempts,
        sendings=message.sendings,
        created_at=message.created_at,
        sent_at=message.sent_at,
        next_attempt_at=message.next_attempt_at,
        phoned_at=message.phoned_at,
        patient_id=message.patient_id,
        patient_name=patient_name,
        user_name=user_name,
        appointment_id=message.appointment_id,
    )


def counts(session: Session, actor: Actor, wanted: MessageFilter) -> dict[DeliveryState, int]:
    """Return how many messages of a list there are in each state, those with none left out."""
    query = select(Notification.state, func.count()).where(*_narrowed(actor, wanted)).group_by(Notification.state)
    return {DeliveryState(row[0]): row[1] for row in session.execute(query)}


def send_again(session: Session, actor: Actor, notification_id: UUID, *, now: datetime) -> None:
    """Queue a message once more. It has a new key, so that a provider takes it for a new one.

    Raises Refused NOTIFICATION_NOT_FOUND, or MESSAGE_NOT_REPEATABLE for one that waits, or is not true any more.
    """
    mine = (Notification.hospital_id == actor.hospital_id) & (Notification.id == notification_id)

    def work() -> None:
        query = select(Notification).where(mine).with_for_update().execution_options(populate_existing=True)
        row = session.scalars(query).one_or_none()
        if row is None:
            raise Refused(Code.NOTIFICATION_NOT_FOUND)
        if row.state not in REPEATABLE or row.channel == Channel.IN_APP:
            raise Refused(Code.MESSAGE_NOT_REPEATABLE)
        said = said_in(row.facts)
        row.expires_at = expires_at(row.event, now, said.starts_at if said else None)
        _again(session, actor, [row], now=now)

    unit_of_work.run(session, work)


def send_unconfigured(session: Session, actor: Actor, *, now: datetime) -> int:
    """Queue once more what found no provider, where there is one by now and it is still worth sending; return how
    many.
    """
    channels = select(MessageProvider.channel).where(MessageProvider.hospital_id == actor.hospital_id)
    query = (
        select(Notification)
        .where(
            Notification.hospital_id == actor.hospital_id,
            Notification.state == DeliveryState.NOT_CONFIGURED,
            Notification.channel.in_(channels),
            Notification.expires_at > now,
            Notification.phoned_at.is_(None),
        )
        .order_by(Notification.created_at)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return unit_of_work.run(session, lambda: _again(session, actor, session.scalars(query).all(), now=now))


def _again(session: Session, actor: Actor, rows: Sequence[Notification], *, now: datetime) -> int:
    """Queue rows that are locked; audit each."""
    entries = []
    for row in rows:
        entries.append(audit.Entry("notification.sent_again", "notification", row.id, {"state_before": row.state}))
        row.state, row.next_attempt_at, row.claimed_until = DeliveryState.QUEUED, now, None
        row.sendings += 1
        row.attempts, row.last_error, row.sent_at = 0, None, None
    session.flush()
    audit.record_all(session, actor, entries, now=now)
    if entries:
        unit_of_work.after_commit(session, outbox.TO_DELIVER)
    return len(entries)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages found no provider and are still worth sending, and how many of them could be sent by now."""

    count: int
    sendable: int


def waiting_for_provider(session: Session, actor: Actor, *, now: datetime) -> Waiting:
    """Return how many messages found no provider and are still worth sending."""
    has_one = exists().where(
        MessageProvider.hospital_id == Notification.hospital_id, MessageProvider.channel == Notification.channel
    )
    query = select(func.count(), func.count().filter(has_one)).where(
        Notification.hospital_id == actor.hospital_id,
        Notification.state == DeliveryState.NOT_CONFIGURED,
        Notification.expires_at > now,
        Notification.phoned_at.is_(None),
    )
    return Waiting(*session.execute(query).one())
