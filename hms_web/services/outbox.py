"""Messages, written in the transaction of what they report and delivered later (product.md, Notifications)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from hms_web.domain import delivery, templates
from hms_web.domain.message_words import Template
from hms_web.domain.messages import Contents, Language, MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models import Notification, new_id, new_ids_written
from hms_web.services import asking, bulk, unit_of_work

PATIENT_CHANNELS = (Channel.SMS, Channel.IN_APP)
"""How every patient is told; those with an e-mail address get that too where the hospital sends e-mail."""

_ONCE = ("hospital_id", "dedupe_key")
TO_DELIVER = "messages to deliver"
"""What a unit of work leaves for after its commit when it has written messages that a worker has to send."""


@dataclass(frozen=True, slots=True)
class PatientNotice:
    """What is to be told to one patient about one appointment. `version` is the appointment's after the change."""

    event: MessageEvent
    appointment_id: UUID
    patient_id: UUID
    version: int
    doctor_id: UUID
    doctor_name: str
    starts_at: datetime
    day: date
    at: time
    token: int


def key_of(event: MessageEvent, appointment_id: UUID, version: int, channel: Channel) -> str:
    """Return the name of a message, of which there is one."""
    return f"{_told(event, appointment_id, version)}:{channel}"


def _told(event: MessageEvent, appointment_id: UUID, version: int) -> str:
    return f"{event}:{appointment_id}:{version}"


@dataclass(frozen=True, slots=True)
class Voice:
    """How a hospital speaks to its patients, and which of those asked about can be written to by e-mail."""

    hospital: str
    language: Language
    own: Mapping[str, Template]
    by_email: frozenset[UUID]

    def channels(self, patient_id: UUID) -> tuple[Channel, ...]:
        """Return how a patient is told."""
        return (*PATIENT_CHANNELS, Channel.EMAIL) if patient_id in self.by_email else PATIENT_CHANNELS


# Asked once for each change, on the way of every booking: one round trip over primary keys and unique indexes.
_SPEAKS = """
    SELECT h.name AS hospital, h.message_language,
      (SELECT json_agg(json_build_array(t.event, t.title, t.body)) FROM message_templates t
        WHERE t.hospital_id = h.id AND t.language = h.message_language AND t.event {events}) AS own,
      (SELECT json_agg(p.id) FROM message_providers m JOIN patients p ON p.hospital_id = m.hospital_id
        WHERE m.hospital_id = h.id AND m.channel = 'email' AND p.id {patients} AND p.email IS NOT NULL)
      AS by_email
      FROM hospitals h WHERE h.id = :hospital_id
"""
_OF_MANY = text(_SPEAKS.format(events="= ANY(:events)", patients="= ANY(:patients)")).bindparams(
    bindparam("patients", type_=ARRAY(PG_UUID(as_uuid=True)))
)
# One alone is asked for by itself: the server then plans the statement once, and not for each number of them anew.
SPEAKS_TO_ONE = _SPEAKS.format(events="= :event", patients="= :patient")
"""For who asks together with other things; `understood` reads the row."""
_OF_ONE = text(SPEAKS_TO_ONE)


def voice_of(session: Session, hospital_id: UUID, notices: Sequence[PatientNotice]) -> Voice:
    """Return how a hospital speaks of what notices tell, to whom they tell it."""
    if len(notices) == 1:
        only = {"event": str(notices[0].event), "patient": notices[0].patient_id}
        (row,) = asking.rows(session, _OF_ONE, {"hospital_id": hospital_id, **only})
    else:
        events = [str(event) for event in {notice.event for notice in notices}]
        many = {"events": events, "patients": list({notice.patient_id for notice in notices})}
        (row,) = asking.rows(session, _OF_MANY, {"hospital_id": hospital_id, **many})
    return understood(row)


def understood(row: Any) -> Voice:  # noqa: ANN401 a row of `_SPEAKS`
    """Take apart what the database said of how a hospital speaks."""
    own = {event: Template(title, body) for event, title, body in row.own or ()}
    return Voice(row.hospital, Language(row.message_language), own, frozenset(map(UUID, row.by_email or ())))


def rows_for(
    voice: Voice, hospital_id: UUID, notices: Sequence[PatientNotice], now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the outbox rows of notices, one a channel. What is stored is what will be sent."""
    ids = iter(new_ids_written(len(notices) * len(Channel)))
    begun = {channel: _begun(channel, now) for channel in Channel}
    for notice in notices:
        contents = Contents(voice.hospital, notice.doctor_name, notice.day, notice.at, notice.token)
        words = templates.render(notice.event, voice.language, voice.own.get(notice.event), contents)
        told = _told(notice.event, notice.appointment_id, notice.version)
        same = {
            "hospital_id": hospital_id,
            "event": str(notice.event),
            "priority": str(words.priority),
            "patient_id": notice.patient_id,
            "appointment_id": notice.appointment_id,
            "title": words.title,
            "body": words.body,
            "facts": {
                "starts_at": notice.starts_at.isoformat(),
                "doctor_id": str(notice.doctor_id),
                "version": notice.version,
            },
            "expires_at": delivery.expires_at(notice.event, now, notice.starts_at),
            "created_at": now,
        }
        for channel in voice.channels(notice.patient_id):
            own = {"id": next(ids), "dedupe_key": f"{told}:{channel}", "channel": str(channel)}
            yield {**own, **begun[channel], **same}


def _begun(channel: Channel, now: datetime) -> dict[str, object]:
    """Return the columns of a message's first state: what is read in the product is there once it is written."""
    is_there = channel is Channel.IN_APP
    return {
        "state": str(DeliveryState.SENT if is_there else DeliveryState.QUEUED),
        "sent_at": now if is_there else None,
        "next_attempt_at": None if is_there else now,
    }


def queue(session: Session, hospital_id: UUID, notices: Sequence[PatientNotice], *, now: datetime) -> None:
    """Write the rows of notices; one that is there already is not written again."""
    if notices:
        voice = voice_of(session, hospital_id, notices)
        write(session, list(rows_for(voice, hospital_id, notices, now)))


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
    rows: list[dict[str, Any]] = [
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
            "expires_at": delivery.expires_at(event, now),
            "created_at": now,
        }
        for user_id in user_ids
        for channel in channels
    ]
    write(session, rows)


def write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows inside the caller's unit of work, but for those whose `dedupe_key` is there already."""
    bulk.insert_all(session, announced(session, rows))


def announced(session: Session, rows: Sequence[dict[str, Any]]) -> bulk.Rows:
    """Return rows for who writes them together with others, inside this unit of work; a worker hears of it."""
    if any(row["state"] == DeliveryState.QUEUED for row in rows):
        unit_of_work.after_commit(session, TO_DELIVER)
    return bulk.Rows(Notification, rows, _ONCE)
