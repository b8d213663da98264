"""Messages, written in the transaction of what they report and delivered later (product.md, Notifications)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.messages import MessageEvent, message
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models import Notification, new_id
from hms_web.services import bulk

PATIENT_CHANNELS = (Channel.SMS, Channel.IN_APP)
_ONCE = ("hospital_id", "dedupe_key")


@dataclass(frozen=True, slots=True)
class PatientNotice:
    """What is to be told to one patient about one appointment. `version` is the appointment's after the change."""

    event: MessageEvent
    appointment_id: UUID
    patient_id: UUID
    version: int
    doctor_name: str
    day: date
    at: time
    token: int


def rows_for(hospital_id: UUID, notices: Sequence[PatientNotice], *, now: datetime) -> list[dict[str, object]]:
    """Return the outbox rows of notices, one a channel."""
    rows: list[dict[str, object]] = []
    for notice in notices:
        words = message(notice.event, doctor=notice.doctor_name, day=notice.day, at=notice.at, token=notice.token)
        rows += [
            {
                "id": new_id(),
                "hospital_id": hospital_id,
                "dedupe_key": f"{notice.event}:{notice.appointment_id}:{notice.version}:{channel}",
                "event": str(notice.event),
                "channel": str(channel),
                "priority": str(words.priority),
                **_begun(channel, now),
                "patient_id": notice.patient_id,
                "appointment_id": notice.appointment_id,
                "title": words.title,
                "body": words.body,
                "created_at": now,
            }
            for channel in PATIENT_CHANNELS
        ]
    return rows


def _begun(channel: Channel, now: datetime) -> dict[str, object]:
    """Return the columns of a message's first state: what is read in the product is there once it is written."""
    is_there = channel is Channel.IN_APP
    return {"state": DeliveryState.SENT if is_there else DeliveryState.QUEUED, "sent_at": now if is_there else None}


def queue(session: Session, hospital_id: UUID, notices: Sequence[PatientNotice], *, now: datetime) -> None:
    """Write the rows of notices; one that is there already is not written again."""
    _write(session, rows_for(hospital_id, notices, now=now))


def queue_staff(  # noqa: PLR0913 what a message is made of
    session: Session,
    hospital_id: UUID,
    user_ids: Iterable[UUID],
    *,
    title: str,
    body: str,
    dedupe: str,
    now: datetime,
    link: str | None = None,
    priority: Priority = Priority.NORMAL,
    channels: Sequence[Channel] = (Channel.IN_APP,),
    event: str = "staff.notice",
) -> None:
    """Write a message to users of a hospital, inside the caller's unit of work; one that is there is not written again.

    `dedupe` names what is reported, once for all times: `consultation.requested:<participant id>`. `link` is a path of
    ours. `title` becomes the subject of an e-mail, so it must name no patient.
    """
    rows: list[dict[str, object]] = [
        {
            "id": new_id(),
            "hospital_id": hospital_id,
            "dedupe_key": f"{dedupe}:{user_id}:{channel}",
            "event": event,
            "channel": str(channel),
            "priority": str(priority),
            **_begun(channel, now),
            "user_id": user_id,
            "title": title,
            "body": body,
            "link": link,
            "created_at": now,
        }
        for user_id in user_ids
        for channel in channels
    ]
    _write(session, rows)


def _write(session: Session, rows: Sequence[dict[str, object]]) -> None:
    if len(rows) > bulk.FEW:
        bulk.insert(session, Notification, rows, unless=_ONCE)
    elif rows:
        statement = insert(Notification).on_conflict_do_nothing(index_elements=_ONCE)
        session.execute(statement, rows)
