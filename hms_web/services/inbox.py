"""The in-app inbox of those who have a login (product.md, Notifications)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select, tuple_, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.notifications import Channel, Priority
from hms_web.domain.refusals import Code, Refused
from hms_web.models import Notification
from hms_web.services import paging, unit_of_work


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A message as its reader sees it."""

    id: UUID
    title: str
    body: str
    priority: Priority
    channel: Channel
    created_at: datetime
    read_at: datetime | None
    link: str | None


def _entry(row: Notification) -> InboxEntry:
    how = Priority(row.priority), Channel(row.channel)
    return InboxEntry(row.id, row.title, row.body, *how, row.created_at, row.read_at, row.link)


def _mine(actor: Actor) -> ColumnElement[bool]:
    return and_(
        Notification.hospital_id == actor.hospital_id,
        Notification.user_id == actor.user_id,
        Notification.channel == Channel.IN_APP,
    )


def entries(
    session: Session, actor: Actor, *, limit: int | None = None, cursor: str | None = None
) -> paging.Page[InboxEntry]:
    """Return the actor's own messages, newest first. Raises InvalidInput."""
    limit = paging.checked_limit(limit)
    query = select(Notification).where(_mine(actor))
    if cursor is not None:
        before = paging.read_cursor(cursor, datetime, UUID)
        query = query.where(tuple_(Notification.created_at, Notification.id) < before)
    newest = query.order_by(Notification.created_at.desc(), Notification.id.desc())
    rows = session.scalars(newest.limit(paging.one_more(limit))).all()
    return paging.page(rows, limit, _entry, lambda row: (row.created_at, row.id))


MOST_COUNTED = 99
"""More unread messages than that are not counted."""


def unread_counted(actor: Actor) -> ScalarSelect[int]:
    """Return the number of the actor's messages that were not read; at most one more than `MOST_COUNTED`."""
    unread = select(Notification.id).where(_mine(actor), Notification.read_at.is_(None)).limit(MOST_COUNTED + 1)
    return select(func.count()).select_from(unread.subquery()).scalar_subquery()


def mark_read(session: Session, actor: Actor, notification_id: UUID, *, now: datetime) -> InboxEntry:
    """Note that one message was read; when is kept from the first time. Raises Refused NOTIFICATION_NOT_FOUND."""

    def work() -> InboxEntry:
        query = select(Notification).where(_mine(actor), Notification.id == notification_id)
        row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if row is None:
            raise Refused(Code.NOTIFICATION_NOT_FOUND)
        row.read_at = row.read_at or now
        session.flush()
        return _entry(row)

    return unit_of_work.run(session, work)


def mark_all_read(session: Session, actor: Actor, *, now: datetime) -> int:
    """Note that every message was read; return how many had not been."""
    unread = update(Notification).where(_mine(actor), Notification.read_at.is_(None)).values(read_at=now)
    marked = unread.returning(Notification.id).execution_options(synchronize_session=False)
    return unit_of_work.run(session, lambda: len(session.scalars(marked).all()))
