"""The audit trail: who did what to which record, when. Written in the transaction of the change itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.models import AuditEvent, new_ids_written
from hms_web.services import bulk


def plain(value: object) -> Any:  # noqa: ANN401 JSON is what it is
    """Return a value as JSON can hold it."""
    if isinstance(value, (dict, Mapping)):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, UUID | StrEnum):
        return str(value)
    return value


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done to one record, with what changed."""

    action: str
    record_type: str
    record_id: UUID
    details: Mapping[str, object]


def record_all(session: Session, actor: Actor, entries: Sequence[Entry], *, now: datetime) -> None:
    """Append events with one statement; the caller's transaction decides whether they stay."""
    bulk.insert_all(session, rows_of(actor, entries, now=now))


def rows_of(actor: Actor, entries: Sequence[Entry], *, now: datetime) -> bulk.Rows:
    """Return the rows of events, for who writes them together with others."""
    # Many entries of a batch have the very same details: told apart as objects, they are made plain once.
    details = {id(entry.details): entry.details for entry in entries}
    written = {key: plain(value) for key, value in details.items()}
    rows: list[dict[str, object]] = [
        {
            "id": key,
            "hospital_id": actor.hospital_id,
            "at": now,
            "actor_id": actor.user_id,
            "actor_name": actor.name,
            "action": entry.action,
            "record_type": entry.record_type,
            "record_id": entry.record_id,
            "details": written[id(entry.details)],
        }
        for key, entry in zip(new_ids_written(len(entries)), entries, strict=True)
    ]
    return bulk.Rows(AuditEvent, rows)


def record(
    session: Session, actor: Actor, action: str, record_type: str, record_id: UUID, *, now: datetime, **details: object
) -> None:
    """Append one event; `action` is a past participle like `appointment.booked`."""
    record_all(session, actor, [Entry(action, record_type, record_id, details)], now=now)


def viewed(record_type: str) -> str:
    """Return the action by which the reading of a record is written; it is no part of the record's own history."""
    return f"{record_type}.viewed"


def history(session: Session, actor: Actor, record_type: str, record_id: UUID) -> Sequence[AuditEvent]:
    """Return everything that was done to one record of the hospital, oldest first; who read it is left out."""
    return session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.hospital_id == actor.hospital_id,
            AuditEvent.record_type == record_type,
            AuditEvent.record_id == record_id,
            AuditEvent.action != viewed(record_type),
        )
        .order_by(AuditEvent.at, AuditEvent.id)
    ).all()
