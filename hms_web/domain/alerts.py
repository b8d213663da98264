"""Alerts about people who have waited too long at one stage of their visit (product.md, Stage alerts)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from hms_web.domain.visits import AppointmentStatus


class AlertType(StrEnum):
    """What somebody waits for."""

    NO_VITALS = "NO_VITALS"
    NO_DOCTOR = "NO_DOCTOR"


class AlertStatus(StrEnum):
    """Whether somebody has taken an alert on, and whether it is over."""

    ACTIVE = "ACTIVE"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESOLVED = "RESOLVED"


A = AlertStatus

LIVE = frozenset({A.ACTIVE, A.ACKNOWLEDGED})
"""Statuses of an alert that is not over; an appointment has at most one live alert of each type."""

PATIENCE = {AlertType.NO_VITALS: timedelta(minutes=5), AlertType.NO_DOCTOR: timedelta(minutes=10)}
"""How much longer than one slot somebody may wait at a stage."""

MESSAGES = {
    AlertType.NO_VITALS: "Patient checked in at {since} and has no vitals yet.",
    AlertType.NO_DOCTOR: "Patient is ready for the doctor since {since} and has not been seen.",
}
"""What an alert says, with the local time since when; no name stands in it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What an alert asks of an appointment."""

    status: AppointmentStatus
    starts_at: datetime
    slot_minutes: int
    checked_in_at: datetime | None
    vitals_recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wait:
    """What somebody who is here waits for, since when, and from which instant on that is too long."""

    alert_type: AlertType
    since: datetime
    too_long_at: datetime


def wait_of(visit: Visit) -> Wait | None:
    """Return what a person waits for; None for one who is not here, or is with the doctor, or done.

    For vitals the wait begins with the check-in. For the doctor it begins with the later of the vitals and the slot's
    start: whoever came early is not yet waiting for the doctor.
    """
    if visit.status is not AppointmentStatus.CHECKED_IN or visit.checked_in_at is None:
        return None
    if visit.vitals_recorded_at is None:
        kind, since = AlertType.NO_VITALS, visit.checked_in_at
    else:
        kind, since = AlertType.NO_DOCTOR, max(visit.vitals_recorded_at, visit.starts_at)
    return Wait(kind, since, since + timedelta(minutes=visit.slot_minutes) + PATIENCE[kind])


def overdue(visit: Visit, now: datetime) -> Wait | None:
    """Return the wait that is too long by now: one slot and the patience of its stage have gone by in full."""
    wait = wait_of(visit)
    return wait if wait is not None and now >= wait.too_long_at else None


def may_acknowledge(status: AlertStatus) -> bool:
    """Whether somebody may take the alert on: only one that nobody has."""
    return status is A.ACTIVE


def may_take_over(status: AlertStatus, owner: UUID | None, instead_of: UUID | None, taker: UUID | None) -> bool:
    """Whether `taker` may take the alert over from `instead_of`, whom they saw on it: while it is still that one's.

    Somebody who is on it may have gone home. Of two who take it over at once the second sees the first one's name.
    """
    return status is A.ACKNOWLEDGED and owner == instead_of != taker


def may_resolve(status: AlertStatus) -> bool:
    """Whether the alert may be ended by hand."""
    return status in LIVE
