"""Messages, written in the transaction of what they report and delivered later (product.md, Notifications)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.messages import MessageEvent, message
from hms_web.domain.notifications import Channel
from hms_web.models import Notification, new_id

PATIENT_CHANNELS = (Channel.SMS, Channel.IN_APP)


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
                "patient_id": notice.patient_id,
                "appointment_id": notice.appointment_id,
                "title": words.title,
                "body": words.body,
                "created_at": now,
            }
            for channel in PATIENT_CHANNELS
        ]
    return rows


def queue(session: Session, hospital_id: UUID, notices: Sequence[PatientNotice], *, now: datetime) -> None:
    """Write the rows of notices; one that is there already is not written again."""
    rows = rows_for(hospital_id, notices, now=now)
    if rows:
        statement = insert(Notification).on_conflict_do_nothing(index_elements=["hospital_id", "dedupe_key"])
        session.execute(statement, rows)
