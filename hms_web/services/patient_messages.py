"""The messages that were written to a patient, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models import Notification

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


def of_patient(session: Session, actor: Actor, patient_id: UUID, *, limit: int = MOST) -> Sequence[MessageView]:
    """Return the latest messages to a patient of the hospital, the newest first."""
    query = (
        select(Notification)
        .where(Notification.hospital_id == actor.hospital_id, Notification.patient_id == patient_id)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(limit)
    )
    return [_view(row) for row in session.scalars(query)]


def _view(row: Notification) -> MessageView:
    return MessageView(
        id=row.id,
        title=row.title,
        body=row.body,
        channel=Channel(row.channel),
        priority=Priority(row.priority),
        state=DeliveryState(row.state),
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
