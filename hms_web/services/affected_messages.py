"""What patients are told about plans: later by a minute, so that an undo leaves nobody with a wrong message."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import MISSED, Reason
from hms_web.domain.identity import Actor
from hms_web.domain.messages import AFFECTED_EVENTS, MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.models import Notification
from hms_web.services import outbox
from hms_web.services.appointments import AppointmentView

TIME_TO_UNDO = timedelta(seconds=60)


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
    return _take_back(session, actor, Notification.dedupe_key.in_(_keys(event, appointment_id, version)), now=now)


def take_back_missed(
    session: Session, actor: Actor, appointment_id: UUID, *, noted_at: datetime, now: datetime
) -> bool:
    """Do the same with what was told about a no-show that was noted then and is taken back."""
    told = and_(
        Notification.appointment_id == appointment_id,
        Notification.event.in_(MISSED),
        Notification.created_at == noted_at,
    )
    return _take_back(session, actor, told, now=now)


def _take_back(session: Session, actor: Actor, wanted: ColumnElement[bool], *, now: datetime) -> bool:
    rows = session.scalars(
        select(Notification)
        .where(Notification.hospital_id == actor.hospital_id, wanted)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    outward = [row for row in rows if row.channel != Channel.IN_APP]
    is_told = any(_may_be_known(row) for row in outward)
    for row in rows:
        is_sent = row.state == DeliveryState.SENT or _is_on_its_way(row, now)
        if not is_sent or (row.channel == Channel.IN_APP and not is_told):
            row.state, row.next_attempt_at, row.last_error = DeliveryState.SUPPRESSED, None, Reason.REVERTED
    session.flush()
    return is_told


def _is_on_its_way(row: Notification, now: datetime) -> bool:
    return row.claimed_until is not None and row.claimed_until > now


def _may_be_known(row: Notification) -> bool:
    """Whether its patient may have got it: whatever was handed to a provider once may have arrived."""
    was_tried = row.attempts > 0 or row.sendings > 1 or row.claimed_until is not None
    return row.state in {DeliveryState.SENT, DeliveryState.FAILED} or row.phoned_at is not None or was_tried


def let_out(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime) -> None:
    """Let messages go out after all that were held back because their patient was here, who may never have been.

    Whether each is still true is looked at once more before it leaves.
    """
    session.execute(
        update(Notification)
        .where(
            Notification.hospital_id == actor.hospital_id,
            Notification.appointment_id == appointment_id,
            Notification.state == DeliveryState.SUPPRESSED,
            Notification.last_error == Reason.HERE,
        )
        .values(state=DeliveryState.QUEUED, next_attempt_at=now, last_error=None)
        .execution_options(synchronize_session=False)
    )


def have_heard(session: Session, actor: Actor, views: Sequence[AppointmentView]) -> set[UUID]:
    """Return the ids of those appointments whose patients may have heard that another time is needed, whatever for.

    A message that was never tried will not be sent any more, since it is not true any more; that one needs no other.
    """
    since = {view.id: view.affected_at or view.created_at for view in views}
    if not since:
        return set()
    rows = session.scalars(
        select(Notification).where(
            Notification.hospital_id == actor.hospital_id,
            Notification.appointment_id.in_(since),
            Notification.event.in_(set(AFFECTED_EVENTS.values())),
            Notification.channel != Channel.IN_APP,
        )
    )
    told = ((row.appointment_id, row) for row in rows if row.appointment_id is not None)
    return {key for key, row in told if row.created_at >= since[key] and _may_be_known(row)}


def is_waiting_told(session: Session, actor: Actor, view: AppointmentView, cause: AffectedCause) -> bool:
    """Whether a patient was told, or will be, that the appointment needs another time, since it has needed one."""
    since = view.affected_at or view.created_at
    query = select(Notification.id).where(
        Notification.hospital_id == actor.hospital_id,
        Notification.appointment_id == view.id,
        Notification.event == AFFECTED_EVENTS[cause],
        Notification.channel != Channel.IN_APP,
        Notification.state != DeliveryState.SUPPRESSED,
        Notification.created_at >= since,
    )
    return session.scalar(query.limit(1)) is not None
