"""Which status may follow which, and whether an appointment still fits the hours."""

from datetime import time

import pytest

from hms_web.domain.affected import fits
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentStatus as S
from hms_web.domain.visits import may_follow, may_set_by_hand

EDGES = {
    S.SCHEDULED: {S.CONFIRMED, S.CHECKED_IN, S.CANCELLED, S.NO_SHOW},
    S.CONFIRMED: {S.CHECKED_IN, S.CANCELLED, S.NO_SHOW},
    S.CHECKED_IN: {S.IN_PROGRESS, S.SCHEDULED, S.CANCELLED},
    S.IN_PROGRESS: {S.COMPLETED, S.CHECKED_IN},
    S.NO_SHOW: {S.CHECKED_IN, S.SCHEDULED},
    S.COMPLETED: set(),
    S.CANCELLED: set(),
}
BY_HAND = {
    (S.SCHEDULED, S.CONFIRMED),
    (S.SCHEDULED, S.CHECKED_IN),
    (S.SCHEDULED, S.CANCELLED),
    (S.CONFIRMED, S.CHECKED_IN),
    (S.CONFIRMED, S.CANCELLED),
    (S.CHECKED_IN, S.SCHEDULED),
    (S.CHECKED_IN, S.CANCELLED),
}


@pytest.mark.parametrize("now", list(S))
@pytest.mark.parametrize("then", list(S))
def test_every_edge_of_the_table_and_no_other(now: S, then: S) -> None:
    assert may_follow(now, then) is (then in EDGES[now])
    assert may_set_by_hand(now, then) is ((now, then) in BY_HAND)


HOURS = DayHours(DayOfWeek.MONDAY, time(9), time(17), time(13), time(14))
NO_BREAK = DayHours(DayOfWeek.MONDAY, time(9), time(17))


@pytest.mark.parametrize(
    ("hours", "start", "end", "is_inside"),
    [
        (None, time(9), time(10), False),
        (HOURS, time(8, 45), time(9, 15), False),
        (HOURS, time(9), time(9, 30), True),
        (HOURS, time(12, 30), time(13), True),
        (HOURS, time(12, 45), time(13, 15), False),
        (HOURS, time(13, 45), time(14, 15), False),
        (HOURS, time(14), time(14, 30), True),
        (HOURS, time(16, 30), time(17), True),
        (HOURS, time(16, 45), time(17, 15), False),
        (NO_BREAK, time(13), time(13, 30), True),
    ],
)
def test_whether_an_appointment_fits_the_hours(hours: DayHours | None, start: time, end: time, is_inside: bool) -> None:  # noqa: FBT001
    assert fits(hours, start, end) is is_inside
