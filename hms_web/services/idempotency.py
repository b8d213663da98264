"""A request that may be sent again is carried out once (api.md, Retries)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import IdempotencyKey
from hms_web.services import unit_of_work

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status and a JSON body, or that as it was `written` before."""

    status: int
    body: dict[str, Any]
    written: str | None = None


def once(
    session: Session,
    actor: Actor,
    key: str | None,
    fingerprint: str | tuple[str, ...],
    work: Callable[[], Answer],
    *,
    now: datetime,
) -> Answer:
    """Carry out `work` and remember its answer in the same transaction; the same key gives that answer again for 24
    hours.

    A second request that comes while the first still runs waits for it. `fingerprint` tells two bodies apart; of
    several the first one is kept, and each of them may have been. Without a key `work` just runs. Raises Refused
    IDEMPOTENCY_KEY_REUSED for another body, InvalidInput for a key that is none.
    """
    if key is None:
        return unit_of_work.run(session, work)
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise InvalidInput([("Idempotency-Key", f"Use 1 to {LONGEST_KEY} printable characters.")])

    alike = (fingerprint,) if isinstance(fingerprint, str) else fingerprint

    def remembered() -> Answer:
        first = _claim(session, actor, key, alike, now)
        if first is not None:
            return first
        answer = work()
        mine = (IdempotencyKey.user_id == actor.user_id) & (IdempotencyKey.key == key)
        session.execute(update(IdempotencyKey).where(mine).values(status=answer.status, body=answer.body))
        return answer

    return unit_of_work.run(session, remembered)


def _claim(session: Session, actor: Actor, key: str, alike: tuple[str, ...], now: datetime) -> Answer | None:
    """Make the key ours and return None, or return the answer that was given under it."""
    values = {
        "user_id": actor.user_id,
        "key": key,
        "fingerprint": alike[0],
        "created_at": now,
        "status": None,
        "body": None,
    }
    claim = insert(IdempotencyKey).values(values)
    claim = claim.on_conflict_do_update(
        index_elements=["user_id", "key"], set_=values, where=IdempotencyKey.created_at < now - KEPT_FOR
    )
    if unit_of_work.wait_for(session, claim.returning(IdempotencyKey.key)).first() is not None:
        return None
    row = session.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body).where(
            IdempotencyKey.user_id == actor.user_id, IdempotencyKey.key == key
        )
    ).one()
    if row.fingerprint not in alike:
        raise Refused(Code.IDEMPOTENCY_KEY_REUSED)
    return Answer(row.status, row.body)
