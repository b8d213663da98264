"""Delivering messages: how long one is worth sending, whether it is still true, and when to try again (product.md).

What a message says was true when it was written; it may wait for an hour behind a provider that does not answer. So it
is held against the appointment once more right before it leaves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from hms_web.domain.affected import AffectedCause
from hms_web.domain.messages import AFFECTED_EVENTS, PROVIDER_TEST, MessageEvent
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.visits import UPCOMING, AppointmentStatus

LEASE = timedelta(minutes=5)
"""How long a worker may take over the messages that it has claimed before another one does."""

LONGEST_SENDING = timedelta(seconds=20)
"""How long a provider is waited for at most; a message is not begun so shortly before its lease is over."""

FIRST_RETRY, LONGEST_RETRY, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=1)


class Reason(StrEnum):
    """Why a message was not sent, or not yet."""

    NO_PHONE = "NO_PHONE"
    NO_EMAIL = "NO_EMAIL"
    BAD_ADDRESS = "BAD_ADDRESS"
    TOO_OLD = "TOO_OLD"
    REFUSED = "REFUSED"
    NO_PROVIDER = "NO_PROVIDER"
    UNREADABLE_PROVIDER = "UNREADABLE_PROVIDER"
    BAD_PROVIDER = "BAD_PROVIDER"
    INSIDE_NETWORK = "INSIDE_NETWORK"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    BUSY = "BUSY"
    BROKEN = "BROKEN"
    UNREACHABLE = "UNREACHABLE"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    HERE = "HERE"
    NOT_AFFECTED = "NOT_AFFECTED"
    REVERTED = "REVERTED"
    LEFT = "LEFT"


class Answer(StrEnum):
    """What a provider's answer means for a message."""

    SENT = "SENT"
    LATER = "LATER"
    NEVER = "NEVER"
    MISCONFIGURED = "MISCONFIGURED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of handing a message to a provider; `wait` is how long it asked us to wait."""

    answer: Answer
    reason: Reason | None = None
    detail: str = ""
    wait: timedelta | None = None

    @property
    def error(self) -> str | None:
        """The reason as it is stored, with an HTTP status where there is one: `REFUSED 400`."""
        return f"{self.reason} {self.detail}".strip() if self.reason else None


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of its appointment."""

    starts_at: datetime
    doctor_id: UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """The appointment as it is now."""

    starts_at: datetime
    doctor_id: UUID
    status: AppointmentStatus
    affected_cause: AffectedCause | None


FINAL = frozenset({MessageEvent.CANCELLED, MessageEvent.CANCELLED_BY_EMERGENCY, MessageEvent.DOCTOR_UNAVAILABLE})
_TIME = frozenset({MessageEvent.BOOKED, MessageEvent.RESCHEDULED, MessageEvent.KEPT})
AFFECTED = frozenset(
    {MessageEvent.AFFECTED_BY_ABSENCE, MessageEvent.AFFECTED_BY_HOLIDAY, MessageEvent.NEEDS_RESCHEDULING}
)
_OF_BLOCKED = frozenset({MessageEvent.NO_SHOW_BLOCKED, MessageEvent.NOT_COMING_BLOCKED})
MISSED = frozenset({MessageEvent.NO_SHOW, MessageEvent.NOT_COMING}) | _OF_BLOCKED

TO_PHONE = FINAL | AFFECTED | _OF_BLOCKED | {MessageEvent.RESCHEDULED, MessageEvent.KEPT}
"""What a patient has to be phoned about when it could not be sent. A booking was told to whoever made it, and one
missed appointment is known to who missed it.
"""

_STILL_AFTERWARDS = _OF_BLOCKED | {MessageEvent.CANCELLED_BY_EMERGENCY, MessageEvent.DOCTOR_UNAVAILABLE}
"""Of these a patient should know after the appointment's time too, to find another one."""

_DAY = timedelta(days=1)
_AGES: dict[str, timedelta] = {
    MessageEvent.BOOKED: _DAY,
    MessageEvent.RESCHEDULED: timedelta(hours=6),
    MessageEvent.CANCELLED: timedelta(hours=6),
    MessageEvent.CANCELLED_BY_EMERGENCY: timedelta(hours=6),
    MessageEvent.DOCTOR_UNAVAILABLE: timedelta(hours=6),
    MessageEvent.AFFECTED_BY_ABSENCE: timedelta(hours=12),
    MessageEvent.AFFECTED_BY_HOLIDAY: timedelta(hours=12),
    MessageEvent.NEEDS_RESCHEDULING: timedelta(hours=12),
    MessageEvent.KEPT: timedelta(hours=12),
    **dict.fromkeys(MISSED, 2 * _DAY),
    PROVIDER_TEST: timedelta(hours=1),
}
_LONG_OVER = timedelta(hours=6)
_LEFT_TO_PHONE, _AT_LEAST = timedelta(hours=1), timedelta(minutes=15)


def expires_at(event: str, written: datetime, starts_at: datetime | None = None) -> datetime:
    """Return the instant from which a message that was written then is not worth sending any more.

    A booking is not announced once it has begun. What has to be phoned otherwise is given up an hour before the
    appointment, so that there is time to phone; it is tried for a quarter of an hour all the same. Who left yesterday
    without being seen, which is noted today, is told nothing of a cancellation.
    """
    aged = written + _AGES.get(event, _DAY)
    if event in FINAL and starts_at is not None and written - starts_at > _LONG_OVER:
        return written
    if starts_at is None or event in MISSED:
        return aged
    if event in TO_PHONE:
        return min(aged, max(starts_at - _LEFT_TO_PHONE, written + _AT_LEAST))
    return min(aged, starts_at)


def phoned_until(event: str, starts_at: datetime) -> datetime | None:
    """Return the instant until which a patient is to be phoned about an appointment.

    None for what is affected: that stays to be phoned for as long as it is true, however late it is.
    """
    if event in AFFECTED:
        return None
    return starts_at + 2 * _DAY if event in _STILL_AFTERWARDS else starts_at


def no_longer_true(event: str, said: Said | None, standing: Standing) -> Reason | None:
    """Say why a message about an appointment is not true any more; None while it is."""
    status = standing.status
    if event in FINAL:
        return None if status is AppointmentStatus.CANCELLED else Reason.REVERTED
    if event in MISSED:
        return None if status is AppointmentStatus.NO_SHOW else Reason.REVERTED
    if event in _TIME or event in AFFECTED:
        return _not_as_said(event, said, standing)
    return None


def _not_as_said(event: str, said: Said | None, standing: Standing) -> Reason | None:
    """Say why a message that names a time to come is not true any more."""
    if standing.status is AppointmentStatus.CANCELLED:
        return Reason.CANCELLED
    if standing.status not in UPCOMING:
        return Reason.HERE
    if said is not None and said != Said(standing.starts_at, standing.doctor_id):
        return Reason.MOVED
    if event in AFFECTED and (standing.affected_cause is None or AFFECTED_EVENTS[standing.affected_cause] != event):
        return Reason.NOT_AFFECTED
    return Reason.REVERTED if event == MessageEvent.KEPT and standing.affected_cause is not None else None


def retry_after(attempts: int, luck: float, wait: timedelta | None = None) -> timedelta:
    """Return how long to wait before the next try, after so many (at least 1): doubling, up to a quarter of an hour.

    `luck` from 0 to 1 spreads the tries by a fifth each way, so that what failed together is not tried together. What
    the provider asked for is kept, up to an hour.
    """
    doubled = min(FIRST_RETRY * 2.0 ** min(attempts - 1, 10), LONGEST_RETRY)
    spread = doubled * (0.8 + 0.4 * luck)
    return max(spread, min(wait or spread, LONGEST_WAIT))


_STATES = {
    Answer.SENT: DeliveryState.SENT,
    Answer.LATER: DeliveryState.QUEUED,
    Answer.NEVER: DeliveryState.FAILED,
    Answer.MISCONFIGURED: DeliveryState.NOT_CONFIGURED,
}


def state_after(outcome: Outcome) -> DeliveryState:
    """Return the state of a message after a provider's answer."""
    return _STATES[outcome.answer]


_TOO_MANY, _SERVER_ERRORS, _SUCCESS, _REDIRECTS = 429, 500, 200, 300
_TRY_AGAIN = frozenset({408, 425})
_NOT_US = frozenset({401, 403, 404, 407})


def outcome_of_status(status: int, wait: timedelta | None = None) -> Outcome:
    """Return what an HTTP status of a provider means.

    One that does not know us or our address (401, 403, 404, 407) is set up wrongly, which is no
    fault of the message.
    """
    detail = str(status)
    if _SUCCESS <= status < _REDIRECTS:
        return Outcome(Answer.SENT)
    if status == _TOO_MANY:
        return Outcome(Answer.LATER, Reason.BUSY, detail, wait)
    if status >= _SERVER_ERRORS or status in _TRY_AGAIN:
        return Outcome(Answer.LATER, Reason.BROKEN, detail, wait)
    if status in _NOT_US:
        return Outcome(Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS, detail)
    return Outcome(Answer.NEVER, Reason.REFUSED, detail)
