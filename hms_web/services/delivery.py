"""Sending what the outbox holds (product.md, Notifications): claim, look once more whether it is true, send, note.

No transaction is open while a provider is spoken to. A claim is a lease: whoever dies with it loses it, and the next
worker sends with the same key, by which the provider tells that it has that message already. Whoever wakes up after
the lease ran out can note nothing any more.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hms_web.domain import delivery, providers
from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import Answer, Outcome, Reason, Said, Standing
from hms_web.domain.messages import PROVIDER_TEST
from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, Notification, Patient, User
from hms_web.services import providers as hospital_providers
from hms_web.services import unit_of_work
from hms_web.services.sealing import SecretKeys

BATCH = 10
"""So few that a provider which lets every one of them time out does not outlast the lease."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that one worker is sending; `until` proves that it still is that worker's, `batch` are all it took."""

    id: UUID
    until: datetime
    batch: Sequence[UUID]


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """What a provider is given. `key` stays the same over all tries of one sending. Not shown in any trace."""

    url: str
    to: str
    channel: Channel
    title: str
    body: str
    key: str


Send = Callable[[Outgoing], Outcome]
"""Hands a message to its provider; waits for a limited time and raises nothing."""

Pause = Callable[[float], object]
"""Waits for some seconds."""

PAUSES = (0.25, 0.5, 1.0, 2.0)
"""Seconds between the tries to note an answer while the database is busy."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """What a provider answered, while the database could not take it down; `write` may be tried again."""

    claim: Claim
    outcome: Outcome
    luck: float


_TROUBLE = (unit_of_work.Busy, DBAPIError)
_URGENT_FIRST = case((Notification.priority == Priority.HIGH, 0), else_=1)


def claim(session: Session, *, now: datetime, limit: int = BATCH) -> list[Claim]:
    """Take the messages that are due, the urgent ones first, and commit that; two workers never get the same one."""
    due = (
        select(Notification.id)
        .where(Notification.state == DeliveryState.QUEUED, Notification.next_attempt_at <= now)
        .order_by(_URGENT_FIRST, Notification.next_attempt_at, Notification.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")  # else the planner may ask for the next few again and again
    )
    until = now + delivery.LEASE
    # While it is claimed it is due again when the lease runs out, and not before.
    taken = (
        update(Notification)
        .where(Notification.id == due.c.id)
        .values(claimed_until=until, next_attempt_at=until)
        .returning(Notification.id, Notification.priority)
        .execution_options(synchronize_session=False)
    )

    def work() -> list[Claim]:
        rows = session.execute(taken).all()
        ids = [row.id for row in rows]
        return [Claim(row.id, until, ids) for row in sorted(rows, key=lambda row: (row.priority, row.id))]

    return unit_of_work.run(session, work)


def deliver(
    session: Session,
    claimed: Claim,
    send: Send,
    *,
    secret: SecretKeys,
    luck: float,
    now: datetime,
    pause: Pause = time.sleep,
) -> DeliveryState | Unwritten:
    """Send one claimed message, or say why not; return its state. One that is not ours any more is left alone.

    `luck` from 0 to 1 spreads the next tries; `secret` is SECRET_KEY, under which providers' addresses are kept. A busy
    database is no reason to raise: before the sending the message is left for later, after it the answer is noted in
    several tries, and returned Unwritten when none of them goes through.
    """
    try:
        ready = unit_of_work.run(session, lambda: _prepare(session, claimed, secret, now))
    except _TROUBLE:
        return DeliveryState.QUEUED
    if isinstance(ready, DeliveryState):
        return ready
    answer = Unwritten(claimed, send(ready), luck)
    for seconds in PAUSES:
        state = write(session, answer, now=now)
        if state is not None:
            return state
        pause(seconds)
    return write(session, answer, now=now) or answer


def write(session: Session, answer: Unwritten, *, now: datetime) -> DeliveryState | None:
    """Note a provider's answer; return the message's state, or None while the database cannot take it down."""
    try:
        return unit_of_work.run(session, lambda: _note(session, answer.claim, answer.outcome, answer.luck, now))
    except _TROUBLE:
        return None


def _prepare(session: Session, claimed: Claim, secret: SecretKeys, now: datetime) -> Outgoing | DeliveryState:
    """Return what is to be handed over, or the final state of a message that is not."""
    row = session.execute(_FACTS.where(*_mine(claimed))).one_or_none()
    if row is None or claimed.until <= now + delivery.LONGEST_SENDING:
        return DeliveryState.QUEUED
    message: Notification = row[0]
    untrue = _untrue(row)
    if untrue is not None:
        return _end(session, claimed, DeliveryState.SUPPRESSED, untrue)
    has_provider, url = hospital_providers.url_of(session, message.hospital_id, message.channel, secret=secret)
    if url is None:
        reason = Reason.UNREADABLE_PROVIDER if has_provider else Reason.NO_PROVIDER
        return _end(session, claimed, DeliveryState.NOT_CONFIGURED, reason)
    if message.expires_at is not None and message.expires_at <= now:
        return _end(session, claimed, DeliveryState.FAILED, Reason.TOO_OLD)
    to = _recipient(row)
    if to is None:
        missing = Reason.NO_EMAIL if message.channel == Channel.EMAIL else Reason.NO_PHONE
        return _end(session, claimed, DeliveryState.FAILED, missing)
    key = f"{message.id}:{message.sendings}"
    return Outgoing(url, to, Channel(message.channel), message.title, message.body, key)


_FACTS = (
    select(
        Notification,
        Patient.phone,
        Patient.email,
        User.email.label("user_email"),
        User.is_active,
        Appointment.starts_at,
        Appointment.doctor_id,
        Appointment.status,
        Appointment.affected_cause,
    )
    .outerjoin(Patient, Patient.id == Notification.patient_id)
    .outerjoin(User, User.id == Notification.user_id)
    .outerjoin(Appointment, Appointment.id == Notification.appointment_id)
    .execution_options(populate_existing=True)
)


def _mine(claimed: Claim) -> tuple[Any, ...]:
    return (
        Notification.id == claimed.id,
        Notification.claimed_until == claimed.until,
        Notification.state == DeliveryState.QUEUED,
    )


def _untrue(row: Any) -> Reason | None:  # noqa: ANN401 a row of _FACTS
    """Say why a message need not be sent any more."""
    message: Notification = row[0]
    if message.user_id is not None and not row.is_active:
        return Reason.LEFT
    if row.status is None:
        return None
    cause = AffectedCause(row.affected_cause) if row.affected_cause else None
    standing = Standing(row.starts_at, row.doctor_id, AppointmentStatus(row.status), cause)
    return delivery.no_longer_true(message.event, said_in(message.facts), standing)


def said_in(facts: dict[str, Any]) -> Said | None:
    """Return what a message says of its appointment, from its `facts`."""
    if "starts_at" not in facts:
        return None
    return Said(datetime.fromisoformat(facts["starts_at"]), UUID(facts["doctor_id"]))


def _recipient(row: Any) -> str | None:  # noqa: ANN401 a row of _FACTS
    """Return the number or address as it is now; None where there is none."""
    message: Notification = row[0]
    if message.event == PROVIDER_TEST:
        to: str | None = message.facts["to"]
    elif message.channel == Channel.EMAIL:
        to = row.email or row.user_email
    else:
        to = row.phone
    return providers.dialled(to) if to and message.channel == Channel.SMS else to


def _end(session: Session, claimed: Claim, state: DeliveryState, reason: Reason) -> DeliveryState:
    _put(session, claimed, state=state, last_error=str(reason), next_attempt_at=None)
    return state


def _put(session: Session, claimed: Claim, **values: object) -> None:
    """Change a message that is still ours, and let it go."""
    session.execute(
        update(Notification)
        .where(*_mine(claimed))
        .values(claimed_until=None, **values)
        .execution_options(synchronize_session=False)
    )


def _note(session: Session, claimed: Claim, outcome: Outcome, luck: float, now: datetime) -> DeliveryState:
    """Note a provider's answer."""
    message = session.scalars(
        select(Notification).where(*_mine(claimed)).execution_options(populate_existing=True)
    ).one_or_none()
    if message is None:
        return DeliveryState.QUEUED
    attempts = message.attempts + 1
    is_later = outcome.answer is Answer.LATER
    state = delivery.state_after(outcome)
    again = now + delivery.retry_after(attempts, luck, outcome.wait) if is_later else None
    sent_at = now if outcome.answer is Answer.SENT else None
    noted = {"attempts": attempts, "last_error": outcome.error, "sent_at": sent_at, "next_attempt_at": again}
    _put(session, claimed, state=state, **noted)
    if is_later:
        until = now + delivery.retry_after(1, luck, outcome.wait)
        _hold_back(session, message, claimed, now=now, until=until)
    return state


def _hold_back(session: Session, message: Notification, claimed: Claim, *, now: datetime, until: datetime) -> None:
    """Let the rest for a provider that does not answer wait a little, so that it holds up nobody else's messages.

    What this worker has claimed of it is let go, which leaves it alone when its turn comes.
    """
    of_ours = Notification.id.in_(claimed.batch) & (Notification.claimed_until == claimed.until)
    session.execute(
        update(Notification)
        .where(
            Notification.state == DeliveryState.QUEUED,
            Notification.hospital_id == message.hospital_id,
            Notification.channel == message.channel,
            Notification.id != message.id,
            or_(Notification.next_attempt_at <= now, of_ours),
        )
        .values(next_attempt_at=until, claimed_until=None)
        .execution_options(synchronize_session=False)
    )
