"""The messages that were written to a patient, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models import Notification, User

MOST = 20


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message on one channel, and what became of it."""

    id: UUID
    title: str
    body: str
    channel: Channel
    priority: Priority
    state: DeliveryState
    created_at: datetime
    sent_at: datetime | None
    error: str | None
    next_attempt_at: datetime | None
    phoned_at: datetime | None
    phoned_by: str | None


def of_patient(session: Session, actor: Actor, patient_id: UUID, *, limit: int = MOST) -> Sequence[MessageView]:
    """Return the latest messages to a patient of the hospital, the newest first."""
    return _found(session, actor, Notification.patient_id == patient_id, limit)


def of_appointment(session: Session, actor: Actor, appointment_id: UUID, *, limit: int = MOST) -> Sequence[MessageView]:
    """Return the latest messages about an appointment of the hospital, the newest first."""
    return _found(session, actor, Notification.appointment_id == appointment_id, limit)


def _found(session: Session, actor: Actor, which: ColumnElement[bool], limit: int) -> Sequence[MessageView]:
    query = (
        select(Notification, User.name)
        .outerjoin(User, User.id == Notification.phoned_by_id)
        .where(Notification.hospital_id == actor.hospital_id, which)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(limit)
    )
    return [_view(row, phoned_by) for row, phoned_by in session.execute(query)]


def _view(row: Notification, phoned_by: str | None) -> MessageView:
    return MessageView(
        id=row.id,
        title=row.title,
        body=row.body,
        channel=Channel(row.channel),
        priority=Priority(row.priority),
        state=DeliveryState(row.state),
        created_at=row.created_at,
        sent_at=row.sent_at,
        error=row.last_error,
        next_attempt_at=row.next_attempt_at,
        phoned_at=row.phoned_at,
        phoned_by=phoned_by,
    )
