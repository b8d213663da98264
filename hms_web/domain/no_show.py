"""Who did not come: when an appointment counts as missed, and what follows for the patient (product.md, No-show)."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from hms_web.domain.messages import MessageEvent
from hms_web.domain.patients import PatientStatus
from hms_web.domain.phrases import phrase
from hms_web.domain.visits import UPCOMING, AppointmentStatus


class NoShowReason(StrEnum):
    """Who found out that a patient did not come."""

    AUTO_TIMEOUT = "AUTO_TIMEOUT"
    MANUAL_STAFF = "MANUAL_STAFF"
    MANUAL_DOCTOR = "MANUAL_DOCTOR"
    PATIENT_CALLED = "PATIENT_CALLED"


MANUAL = frozenset(NoShowReason) - {NoShowReason.AUTO_TIMEOUT}
"""Reasons that a person gives."""

BLOCK_AT = 3
"""With so many counted no-shows a patient is blocked."""
BLOCKED_REASON = phrase("Blocked due to %(count)s no-show appointments", count=BLOCK_AT)

STILL_SURE_FOR = timedelta(hours=12)
"""So long after its threshold nobody has to be asked whether the patient came after all."""
RELEASE_BEFORE = timedelta(minutes=5)
"""A missed slot is offered again only when its start is further away than this."""


class Verdict(StrEnum):
    """What the clock says of somebody who has not checked in."""

    EXPECTED = "EXPECTED"
    MISSED = "MISSED"
    ASK = "ASK"


def threshold(starts_at: datetime, slot_minutes: int) -> datetime:
    """Return the instant from which on somebody counts as not come: the slot's own length has gone by."""
    return starts_at + timedelta(minutes=slot_minutes)


def verdict(starts_at: datetime, slot_minutes: int, now: datetime) -> Verdict:
    """Judge an expected patient by the clock: still expected, missed, or so long ago that a person has to say.

    The last is what an outage leaves behind: people may well have come while nothing could be written down.
    """
    missed_at = threshold(starts_at, slot_minutes)
    if now < missed_at:
        return Verdict.EXPECTED
    return Verdict.ASK if now - missed_at > STILL_SURE_FOR else Verdict.MISSED


def releases_slot(starts_at: datetime, now: datetime) -> bool:
    """Whether a missed appointment's slot is offered to others."""
    return starts_at - now > RELEASE_BEFORE


def blocks(count: int, status: PatientStatus) -> bool:
    """Whether a patient with so many counted no-shows becomes blocked; one who is blocked stays as they are."""
    return count >= BLOCK_AT and status is not PatientStatus.BLOCKED


def lifts_block(count: int, *, is_auto_blocked: bool) -> bool:
    """Whether a block ends when the count goes down: one that no-shows caused, once they are too few for it."""
    return is_auto_blocked and count < BLOCK_AT


def told_as(starts_at: datetime, now: datetime, *, is_blocked: bool) -> MessageEvent:
    """Return what a patient is told: who calls off a time to come has not missed it."""
    if now < starts_at:
        return MessageEvent.NOT_COMING_BLOCKED if is_blocked else MessageEvent.NOT_COMING
    return MessageEvent.NO_SHOW_BLOCKED if is_blocked else MessageEvent.NO_SHOW


def reverted_to(starts_at: datetime, now: datetime) -> AppointmentStatus:
    """Return what a no-show becomes when it is undone: expected again, or, once the slot has begun, here.

    One that was CONFIRMED is SCHEDULED afterwards: the table of statuses knows no other way back, and who has been
    given up once is asked again.
    """
    return AppointmentStatus.CHECKED_IN if now >= starts_at else AppointmentStatus.SCHEDULED


def is_over(day: date, today: date) -> bool:
    """Whether a missed appointment's day has gone by: nobody can check in for it any more, but the no-show may still
    turn out to be wrong, and an administrator takes it out of the count (docs/decisions/0085).
    """
    return day < today


def may_be_missed(status: AppointmentStatus) -> bool:
    """Whether an appointment can become a no-show: only one whose patient is expected."""
    return status in UPCOMING
