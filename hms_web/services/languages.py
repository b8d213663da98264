"""In which language somebody reads the pages. Messages to patients have a language of their own (`domain/messages`)."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.messages import Language
from hms_web.models import User
from hms_web.services import audit, unit_of_work


def choose(session: Session, actor: Actor, language: Language, *, now: datetime) -> None:
    """Note the language that a signed-in person has chosen for themselves."""

    def work() -> None:
        mine = User.hospital_id == actor.hospital_id, User.id == actor.user_id
        changed = session.scalars(
            update(User)
            .where(*mine, User.language.is_distinct_from(language))
            .values(language=language)
            .returning(User.id)
        ).one_or_none()
        if changed is not None:
            audit.record(session, actor, "user.language_chosen", "user", changed, now=now, language=language)

    unit_of_work.run(session, work)
