"""The life of an appointment: its statuses and which may follow which (product.md, Statuses)."""

from enum import StrEnum


class AppointmentStatus(StrEnum):
    """Where an appointment stands."""

    SCHEDULED = "SCHEDULED"
    CONFIRMED = "CONFIRMED"
    CHECKED_IN = "CHECKED_IN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


class AppointmentType(StrEnum):
    """What the patient comes for."""

    CONSULTATION = "CONSULTATION"
    FOLLOW_UP = "FOLLOW_UP"
    PROCEDURE = "PROCEDURE"
    OTHER = "OTHER"


S = AppointmentStatus

INACTIVE = frozenset({S.CANCELLED, S.NO_SHOW})
"""Statuses that take no one's time: everything else is an active appointment."""

UPCOMING = frozenset({S.SCHEDULED, S.CONFIRMED})
"""Statuses of people who are expected and have not come yet."""

HERE = frozenset({S.CHECKED_IN, S.IN_PROGRESS})
"""Statuses of people who are in the house and not done."""

UNFINISHED = UPCOMING | HERE
"""Statuses of people whom somebody still has to see."""

TRANSITIONS: dict[AppointmentStatus, frozenset[AppointmentStatus]] = {
    S.SCHEDULED: frozenset({S.CONFIRMED, S.CHECKED_IN, S.CANCELLED, S.NO_SHOW}),
    S.CONFIRMED: frozenset({S.CHECKED_IN, S.CANCELLED, S.NO_SHOW}),
    S.CHECKED_IN: frozenset({S.IN_PROGRESS, S.SCHEDULED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.COMPLETED, S.CHECKED_IN}),
    S.NO_SHOW: frozenset({S.CHECKED_IN, S.SCHEDULED}),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""Every edge there is; whatever is not here is refused."""


def may_follow(now: AppointmentStatus, then: AppointmentStatus) -> bool:
    """Whether `then` may come straight after `now`."""
    return then in TRANSITIONS[now]


def may_set_by_hand(now: AppointmentStatus, then: AppointmentStatus) -> bool:
    """Whether a person may set `then` directly; consultations and the no-show list have their own ways in and out."""
    own_ways = {S.IN_PROGRESS, S.COMPLETED, S.NO_SHOW}
    return now not in own_ways and then not in own_ways and may_follow(now, then)
