"""The keys of the external trigger: kept as hashes, compared in constant time, revocable, and two can be valid at once.

A key is 256 random bits, so a plain SHA-256 of it tells nobody anything. CRON_API_KEY names keys in the settings;
others are made by the command line and stand in the database.
"""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from limits import parse
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.validation import LONGEST_NAME, line_mistake, refuse_invalid
from hms_web.models import CronApiKey
from hms_web.services import passwords, unit_of_work
from hms_web.services.counting import Counter, hashed, sender

MOST_VALID = 2
NOTED_EVERY = timedelta(minutes=1)
EXTENSION = "hms_trigger_limits"
WAIT_SECONDS = 900
# Guessing is hopeless; this keeps it from being a load. Who has the right key is limited too, but never by others.
WRONG_FROM_AN_ADDRESS = parse("10 per 15 minutes")
RIGHT_OF_A_KEY = parse("60 per minute")


class TooManyCalls(Exception):
    """There were too many calls; `seconds` later it can be tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class TriggerLimits:
    """Counts calls of the external trigger, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        self._counter = Counter(redis_url, "hms-trigger")

    def count_wrong(self, address: str) -> None:
        """Count a call with a wrong key. Raises TooManyCalls."""
        _, (wrong,) = self._counter.add((WRONG_FROM_AN_ADDRESS, hashed(sender(address))))
        if wrong > WRONG_FROM_AN_ADDRESS.amount:
            raise TooManyCalls(WAIT_SECONDS)

    def count_right(self, key_hash: str) -> None:
        """Count a call with a right key. Raises TooManyCalls."""
        _, (called,) = self._counter.add((RIGHT_OF_A_KEY, hashed(key_hash)))
        if called > RIGHT_OF_A_KEY.amount:
            raise TooManyCalls(RIGHT_OF_A_KEY.get_expiry())


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as its keeper sees it: never the key itself."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def check(
    session: Session,
    configured: Collection[str],
    given: str,
    limits: TriggerLimits,
    address: str,
    *,
    now: datetime,
) -> None:
    """Let the caller pass if `given` is a key that is valid; `configured` are the hashes of those in the settings.

    Raises Refused NOT_CONFIGURED where there is no key at all, Refused WRONG_API_KEY, and TooManyCalls.
    """
    stored = session.execute(select(CronApiKey.id, CronApiKey.key_hash).where(CronApiKey.revoked_at.is_(None))).all()
    valid = [*configured, *(row.key_hash for row in stored)]
    if not valid:
        raise Refused(Code.NOT_CONFIGURED)
    mine = passwords.secret_hash(given)
    matches = [hmac.compare_digest(mine, one) for one in valid]  # each of them, so that time tells nothing
    if not any(matches):
        limits.count_wrong(address)
        raise Refused(Code.WRONG_API_KEY)
    limits.count_right(mine)
    _note_use(session, mine, now)


def _note_use(session: Session, key_hash: str, now: datetime) -> None:
    is_due = CronApiKey.last_used_at.is_(None) | (CronApiKey.last_used_at <= now - NOTED_EVERY)
    used = update(CronApiKey).where(CronApiKey.key_hash == key_hash, is_due).values(last_used_at=now)
    unit_of_work.run(session, lambda: session.execute(used))


def create(session: Session, name: str, *, now: datetime) -> str:
    """Make a key and return it, this once. Raises InvalidInput for a wrong name, or when two are valid already."""
    refuse_invalid(("name", line_mistake(name, LONGEST_NAME)))
    secret = passwords.new_secret()

    def work() -> str:
        valid = session.scalars(select(CronApiKey).where(CronApiKey.revoked_at.is_(None)).with_for_update()).all()
        if len(valid) >= MOST_VALID:
            names = " and ".join(key.name for key in valid)
            raise InvalidInput([("name", f"Two keys are valid already, {names}: revoke one of them first.")])
        if any(key.name == name.strip() for key in valid):
            raise InvalidInput([("name", "There is a valid key of that name; give this one another.")])
        session.add(CronApiKey(name=name.strip(), key_hash=passwords.secret_hash(secret), created_at=now))
        return secret

    return unit_of_work.run(session, work)


def list_keys(session: Session) -> Sequence[KeyView]:
    """Return every key there was, oldest first."""
    rows = session.scalars(select(CronApiKey).order_by(CronApiKey.created_at, CronApiKey.id))
    return [KeyView(row.id, row.name, row.created_at, row.last_used_at, row.revoked_at) for row in rows]


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """End the valid key of that name, at once. Raises InvalidInput when there is none."""

    def work() -> None:
        valid = update(CronApiKey).where(CronApiKey.name == name.strip(), CronApiKey.revoked_at.is_(None))
        if session.execute(valid.values(revoked_at=now).returning(CronApiKey.id)).first() is None:
            raise InvalidInput([("name", "There is no valid key of that name.")])

    unit_of_work.run(session, work)
