"""Where somebody is on the way through the hospital today: expected, arrived, vitals done, with the doctor, done."""

from datetime import datetime
from enum import StrEnum

from hms_web.domain.visits import AppointmentStatus


class Stage(StrEnum):
    """A column of the board, in the order in which people move through them."""

    EXPECTED = "EXPECTED"
    ARRIVED = "ARRIVED"
    VITALS_DONE = "VITALS_DONE"
    WITH_DOCTOR = "WITH_DOCTOR"
    DONE = "DONE"


_OF_STATUS = {
    AppointmentStatus.SCHEDULED: Stage.EXPECTED,
    AppointmentStatus.CONFIRMED: Stage.EXPECTED,
    AppointmentStatus.IN_PROGRESS: Stage.WITH_DOCTOR,
    AppointmentStatus.COMPLETED: Stage.DONE,
}

WAITING = frozenset({Stage.ARRIVED, Stage.VITALS_DONE})
"""Stages of people who sit and wait for somebody of ours."""


def stage_of(status: AppointmentStatus, vitals_recorded_at: datetime | None) -> Stage | None:
    """Return the stage of an appointment's patient; None for who is not coming."""
    if status is AppointmentStatus.CHECKED_IN:
        return Stage.ARRIVED if vitals_recorded_at is None else Stage.VITALS_DONE
    return _OF_STATUS.get(status)
