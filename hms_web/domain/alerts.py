"""Alerts about people who have waited too long at one stage of their visit (product.md, Stage alerts)."""

from enum import StrEnum


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
