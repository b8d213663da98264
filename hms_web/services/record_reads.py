"""Who read which patient's record stands in the audit trail (docs/decisions/0101)."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.models import AuditEvent
from hms_web.services import audit, unit_of_work

ONCE_WITHIN = timedelta(minutes=15)
"""A person who comes back to a record within this time is still reading it."""

log = structlog.get_logger(__name__)


def note(session: Session, actor: Actor, kind: str, record_id: UUID, *, now: datetime) -> None:
    """Write that somebody read a record (`patient`, `appointment` or `consultation`), once within a quarter of an hour.

    Never fails: a record that is needed is shown even when the trail cannot be written; the log then has an error.
    """
    action = audit.viewed(kind)
    query = select(
        exists().where(
            AuditEvent.hospital_id == actor.hospital_id,
            AuditEvent.record_type == kind,
            AuditEvent.record_id == record_id,
            AuditEvent.at > now - ONCE_WITHIN,
            AuditEvent.at <= now,
            AuditEvent.action == action,
            AuditEvent.actor_id == actor.user_id,
        )
    )
    try:
        if not session.scalar(query):
            unit_of_work.run(session, lambda: audit.record(session, actor, action, kind, record_id, now=now))
    except (SQLAlchemyError, unit_of_work.Busy) as error:
        session.rollback()
        why = type(error).__name__
    else:
        return
    log.error("read_not_audited", kind=kind, record=str(record_id), user=str(actor.user_id), error=why)


def exported(session: Session, actor: Actor, listed: str, /, *, now: datetime, **filters: object) -> None:
    """Write that somebody took a list away as a file; `listed` names it, `filters` say what it was narrowed to.

    Unlike a single record this is refused when the trail cannot be written: raises Busy.
    """
    given = {name: value for name, value in filters.items() if value is not None}

    def work() -> None:
        hospital = actor.hospital_id
        audit.record(session, actor, "hospital.list_exported", "hospital", hospital, now=now, list=listed, **given)

    unit_of_work.run(session, work)
