"""What patients are told about plans: later by a minute, so that an undo leaves nobody with a wrong message."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import Reason
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.models import Notification
from hms_web.services import outbox
from hms_web.services.appointments import AppointmentView

TIME_TO_UNDO = timedelta(seconds=60)

EVENTS = {
    AffectedCause.ABSENCE: MessageEvent.AFFECTED_BY_ABSENCE,
    AffectedCause.HOLIDAY: MessageEvent.AFFECTED_BY_HOLIDAY,
    AffectedCause.SCHEDULE_CHANGE: MessageEvent.NEEDS_RESCHEDULING,
    AffectedCause.DOCTOR_UNAVAILABLE: MessageEvent.NEEDS_RESCHEDULING,
}
"""What a patient is told when an appointment comes onto the affected list."""


def _keys(event: MessageEvent, appointment_id: UUID, version: int) -> list[str]:
    return [outbox.key_of(event, appointment_id, version, channel) for channel in Channel]


def hold_back(
    session: Session, actor: Actor, told: Iterable[tuple[MessageEvent, AppointmentView]], *, now: datetime
) -> None:
    """Let messages that were just written wait for a minute."""
    keys = [key for event, view in told for key in _keys(event, view.id, view.version)]
    if keys:
        session.execute(
            update(Notification)
            .where(
                Notification.hospital_id == actor.hospital_id,
                Notification.dedupe_key.in_(keys),
                Notification.state == DeliveryState.QUEUED,
            )
            .values(next_attempt_at=now + TIME_TO_UNDO)
        )


def take_back(
    session: Session, actor: Actor, event: MessageEvent, appointment_id: UUID, version: int, *, now: datetime
) -> bool:
    """Let a message that is not true any more never go out; return whether it may have reached its patient already.

    In the app a patient reads nothing: they have no login. One whose sending failed may have arrived all the same.
    """
    rows = session.scalars(
        select(Notification)
        .where(
            Notification.hospital_id == actor.hospital_id,
            Notification.dedupe_key.in_(_keys(event, appointment_id, version)),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    outward = [row for row in rows if row.channel != Channel.IN_APP]
    is_told = any(_may_be_known(row, now) for row in outward)
    for row in rows:
        is_sent = row.state == DeliveryState.SENT or _is_on_its_way(row, now)
        if not is_sent or (row.channel == Channel.IN_APP and not is_told):
            row.state, row.next_attempt_at, row.last_error = DeliveryState.SUPPRESSED, None, Reason.REVERTED
    session.flush()
    return is_told


def _is_on_its_way(row: Notification, now: datetime) -> bool:
    return row.claimed_until is not None and row.claimed_until > now


def _may_be_known(row: Notification, now: datetime) -> bool:
    return (
        row.state in {DeliveryState.SENT, DeliveryState.FAILED} or row.phoned_at is not None or _is_on_its_way(row, now)
    )


def is_waiting_told(session: Session, actor: Actor, view: AppointmentView, cause: AffectedCause) -> bool:
    """Whether a patient was told, or will be, that the appointment needs another time, since it has needed one."""
    since = view.affected_at or view.created_at
    query = select(Notification.id).where(
        Notification.hospital_id == actor.hospital_id,
        Notification.appointment_id == view.id,
        Notification.event == EVENTS[cause],
        Notification.channel != Channel.IN_APP,
        Notification.state != DeliveryState.SUPPRESSED,
        Notification.created_at >= since,
    )
    return session.scalar(query.limit(1)) is not None
