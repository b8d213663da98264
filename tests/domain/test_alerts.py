"""When somebody waits too long, for what, and since when."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hms_web.domain.alerts import (
    LIVE,
    AlertStatus,
    AlertType,
    Visit,
    Wait,
    may_acknowledge,
    may_resolve,
    may_take_over,
    overdue,
    wait_of,
)
from hms_web.domain.visits import AppointmentStatus

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HERE = AppointmentStatus.CHECKED_IN


def minutes(count: int) -> datetime:
    return TEN + timedelta(minutes=count)


def visit(came: int, measured: int | None = None, status: AppointmentStatus = HERE) -> Visit:
    """Somebody booked for ten in a 30-minute slot, who came and was measured so many minutes after ten."""
    return Visit(status, TEN, 30, minutes(came), None if measured is None else minutes(measured))


@pytest.mark.parametrize(
    ("seen", "kind", "since", "late"),
    [
        (visit(0), AlertType.NO_VITALS, 0, 35),
        (visit(-40), AlertType.NO_VITALS, -40, -5),
        (visit(-40, -30), AlertType.NO_DOCTOR, 0, 40),
        (visit(0, 12), AlertType.NO_DOCTOR, 12, 52),
        (visit(0, 0), AlertType.NO_DOCTOR, 0, 40),
    ],
    ids=["no vitals", "came early", "vitals before the slot", "vitals in the slot", "vitals at its start"],
)
def test_a_wait_begins_and_is_too_long_to_the_microsecond(seen: Visit, kind: AlertType, since: int, late: int) -> None:
    wait = Wait(kind, minutes(since), minutes(late))
    assert wait_of(seen) == wait
    assert overdue(seen, minutes(late) - TICK) is None
    assert overdue(seen, minutes(late)) == wait


@pytest.mark.parametrize("status", sorted(set(AppointmentStatus) - {HERE}))
def test_nobody_else_waits(status: AppointmentStatus) -> None:
    assert wait_of(visit(0, status=status)) is None
    assert overdue(visit(0, 5, status=status), minutes(600)) is None


def test_who_has_no_time_of_arrival_does_not_wait() -> None:
    assert wait_of(Visit(HERE, TEN, 30, None, None)) is None


def test_an_alert_is_taken_on_once_and_ended_while_it_lives() -> None:
    assert {status for status in AlertStatus if may_acknowledge(status)} == {AlertStatus.ACTIVE}
    assert {status for status in AlertStatus if may_resolve(status)} == set(LIVE)


def test_an_alert_is_taken_over_from_whom_one_saw_on_it() -> None:
    owner, taker, third = uuid4(), uuid4(), uuid4()
    assert may_take_over(AlertStatus.ACKNOWLEDGED, owner, owner, taker)
    assert not may_take_over(AlertStatus.ACKNOWLEDGED, third, owner, taker)
    assert not may_take_over(AlertStatus.ACKNOWLEDGED, taker, taker, taker)
    assert not may_take_over(AlertStatus.RESOLVED, owner, owner, taker)
