"""A hospital's own words for its messages, and the language it writes them in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain import templates
from hms_web.domain.identity import Actor
from hms_web.domain.message_words import WORDS, Template
from hms_web.domain.messages import Language, MessageEvent
from hms_web.domain.refusals import InvalidInput
from hms_web.models import Hospital, MessageTemplate, User, new_id
from hms_web.services import audit, unit_of_work


@dataclass(frozen=True, slots=True)
class TemplateView:
    """The words of one event in one language; `is_own` when the hospital has written them."""

    event: MessageEvent
    language: Language
    template: Template
    is_own: bool
    updated_at: datetime | None = None
    updated_by: str | None = None


def language(session: Session, actor: Actor) -> Language:
    """Return the language in which the hospital writes."""
    return Language(session.scalars(select(Hospital.message_language).where(Hospital.id == actor.hospital_id)).one())


def set_language(session: Session, actor: Actor, wanted: Language, *, now: datetime) -> None:
    """Let the messages that are written from now on be in a language."""

    def work() -> None:
        before = language(session, actor)
        if before is wanted:
            return
        session.execute(update(Hospital).where(Hospital.id == actor.hospital_id).values(message_language=wanted))
        changes = {"message_language": {"from": before, "to": wanted}}
        audit.record(session, actor, "hospital.changed", "hospital", actor.hospital_id, now=now, changes=changes)

    unit_of_work.run(session, work)


def views(session: Session, actor: Actor, wanted: Language) -> list[TemplateView]:
    """Return the words of every event in a language, the hospital's own where it has some."""
    rows = session.execute(
        select(MessageTemplate, User.name)
        .outerjoin(User, User.id == MessageTemplate.updated_by_id)
        .where(MessageTemplate.hospital_id == actor.hospital_id, MessageTemplate.language == wanted)
    ).all()
    own = {row.event: _own(row, wanted, name) for row, name in rows}
    return [own.get(event) or TemplateView(event, wanted, WORDS[wanted][event], is_own=False) for event in MessageEvent]


def _own(row: MessageTemplate, wanted: Language, by: str | None) -> TemplateView:
    words = Template(row.title, row.body)
    return TemplateView(MessageEvent(row.event), wanted, words, is_own=True, updated_at=row.updated_at, updated_by=by)


def view(session: Session, actor: Actor, event: MessageEvent, wanted: Language) -> TemplateView:
    """Return the words of one event in a language."""
    return next(item for item in views(session, actor, wanted) if item.event is event)


def save(
    session: Session, actor: Actor, event: MessageEvent, wanted: Language, template: Template, *, now: datetime
) -> None:
    """Write the hospital's own words for an event. Raises InvalidInput. What is written already stays as it is."""
    tidied = Template(template.title.strip(), template.body.strip().replace("\r\n", "\n"))
    wrong = templates.mistakes(tidied)
    if wrong:
        raise InvalidInput(wrong)
    values = {
        "id": new_id(),
        "hospital_id": actor.hospital_id,
        "event": str(event),
        "language": str(wanted),
        "title": tidied.title,
        "body": tidied.body,
        "created_at": now,
        "updated_at": now,
        "updated_by_id": actor.user_id,
    }
    kept = {name: values[name] for name in ("title", "body", "updated_at", "updated_by_id")}
    statement = insert(MessageTemplate).values(values)
    statement = statement.on_conflict_do_update(index_elements=["hospital_id", "event", "language"], set_=kept)

    def work() -> None:
        key: UUID = session.scalars(statement.returning(MessageTemplate.id)).one()
        details = {"event": event, "language": wanted, "title": tidied.title, "body": tidied.body}
        audit.record(session, actor, "template.saved", "message_template", key, now=now, **details)

    unit_of_work.run(session, work)


def reset(session: Session, actor: Actor, event: MessageEvent, wanted: Language, *, now: datetime) -> bool:
    """Go back to the product's words; return whether the hospital had its own."""
    mine = (
        MessageTemplate.hospital_id == actor.hospital_id,
        MessageTemplate.event == event,
        MessageTemplate.language == wanted,
    )

    def work() -> bool:
        gone = session.scalars(delete(MessageTemplate).where(*mine).returning(MessageTemplate.id)).one_or_none()
        if gone is not None:
            details = {"event": event, "language": wanted}
            audit.record(session, actor, "template.reset", "message_template", gone, now=now, **details)
        return gone is not None

    return unit_of_work.run(session, work)
