"""Removes what has served its time: ended sessions and tokens, links, remembered answers, holds and runs of jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import IDLE_FOR
from hms_web.models import ApiToken, DoctorSlot, IdempotencyKey, LoginSession, PasswordLink
from hms_web.services import idempotency, job_runs, known_programs, unit_of_work

HOLDS_KEPT_FOR = timedelta(hours=1)
"""So long after it lapsed a hold still says who held the slot, to whoever comes back to a form that stood open."""


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """How many rows were removed of each kind."""

    sessions: int
    tokens: int
    links: int
    answers: int
    holds: int
    runs: int


def clean_up(session: Session, *, now: datetime) -> CleanedUp:
    """Remove, in all hospitals, what nobody can use any more. What was done stays in the audit trail."""
    idle = LoginSession.last_seen_at <= now - IDLE_FOR
    kept_since = now - idempotency.KEPT_FOR
    gone = (
        delete(LoginSession).where(or_(LoginSession.expires_at <= now, idle)).returning(LoginSession.id),
        delete(ApiToken).where(ApiToken.expires_at <= now - known_programs.KNOWN_FOR).returning(ApiToken.id),
        delete(PasswordLink).where(PasswordLink.expires_at <= now).returning(PasswordLink.id),
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= kept_since).returning(IdempotencyKey.key),
    )

    def work() -> CleanedUp:
        sessions, tokens, links, answers = (len(session.execute(statement).all()) for statement in gone)
        holds = _empty_holds(session, now=now)
        return CleanedUp(sessions, tokens, links, answers, holds, job_runs.remove_old(session, now=now))

    return unit_of_work.run(session, work)


def _empty_holds(session: Session, *, now: datetime) -> int:
    """Forget holds that lapsed long ago; a slot that somebody is just holding or booking is left to the next time."""
    lapsed = select(DoctorSlot.id).where(DoctorSlot.held_until <= now - HOLDS_KEPT_FOR)
    emptied = update(DoctorSlot).where(DoctorSlot.id.in_(lapsed.with_for_update(skip_locked=True, key_share=True)))
    nothing = {"held_by_id": None, "held_until": None, "hold_token_hash": None}
    return len(session.execute(emptied.values(nothing).returning(DoctorSlot.id)).all())
