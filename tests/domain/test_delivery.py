"""How long a message is worth sending, whether it is still true, when to try again, what a status means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hms_web.domain.affected import AffectedCause
from hms_web.domain.delivery import (
    AFFECTED,
    LONGEST_RETRY,
    TO_PHONE,
    Answer,
    Outcome,
    Reason,
    Said,
    Standing,
    expires_at,
    no_longer_true,
    outcome_of_status,
    phoned_until,
    retry_after,
    state_after,
)
from hms_web.domain.messages import AFFECTED_EVENTS, PROVIDER_TEST, MessageEvent
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.visits import AppointmentStatus as S

E = MessageEvent
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
DOCTOR, OTHER = UUID(int=1), UUID(int=2)
SAID = Said(NOW, DOCTOR)
AS_SAID = Standing(NOW, DOCTOR, S.SCHEDULED, None)
MARKED = replace(AS_SAID, affected_cause=AffectedCause.ABSENCE)


@pytest.mark.parametrize(
    ("event", "starts_in", "lasts"),
    [
        (E.BOOKED, 2 * HOUR, 2 * HOUR),
        (E.BOOKED, 9 * DAY, DAY),
        (E.RESCHEDULED, 9 * DAY, 6 * HOUR),
        (E.CANCELLED, 5 * HOUR, 4 * HOUR),
        (E.CANCELLED, 9 * DAY, 6 * HOUR),
        (E.CANCELLED, -6 * HOUR, HOUR / 4),
        (E.CANCELLED, -6 * HOUR - timedelta(microseconds=1), timedelta()),
        (E.CANCELLED_BY_EMERGENCY, HOUR, HOUR / 4),
        (E.CANCELLED_BY_EMERGENCY, -HOUR, HOUR / 4),
        (E.DOCTOR_UNAVAILABLE, 9 * DAY, 6 * HOUR),
        (E.AFFECTED_BY_ABSENCE, 2 * HOUR, HOUR),
        (E.AFFECTED_BY_HOLIDAY, 9 * DAY, 12 * HOUR),
        (E.NEEDS_RESCHEDULING, 9 * DAY, 12 * HOUR),
        (E.KEPT, 9 * DAY, 12 * HOUR),
        (E.NO_SHOW, -HOUR, 2 * DAY),
        (E.NO_SHOW_BLOCKED, -HOUR, 2 * DAY),
        (E.NOT_COMING, 9 * DAY, 2 * DAY),
        (E.NOT_COMING_BLOCKED, HOUR, 2 * DAY),
        (PROVIDER_TEST, None, HOUR),
        ("staff.notice", None, DAY),
    ],
)
def test_how_long_a_message_is_worth_sending(event: str, starts_in: timedelta | None, lasts: timedelta) -> None:
    starts_at = None if starts_in is None else NOW + starts_in
    assert expires_at(event, NOW, starts_at) - NOW == lasts


def test_every_event_has_an_age_of_its_own() -> None:
    far = NOW + 400 * DAY
    unknown = expires_at("x", NOW, far)
    assert {event for event in E if expires_at(event, NOW, far) == unknown} == {E.BOOKED}


@pytest.mark.parametrize("event", [E.CANCELLED, E.CANCELLED_BY_EMERGENCY, E.DOCTOR_UNAVAILABLE])
def test_a_cancellation_is_true_while_it_is_cancelled(event: MessageEvent) -> None:
    for status in S:
        wrong = no_longer_true(event, SAID, replace(AS_SAID, status=status))
        assert wrong == (None if status is S.CANCELLED else Reason.REVERTED)


@pytest.mark.parametrize("event", [E.NO_SHOW, E.NO_SHOW_BLOCKED, E.NOT_COMING, E.NOT_COMING_BLOCKED])
def test_a_no_show_is_true_until_it_is_reverted(event: MessageEvent) -> None:
    for status in S:
        wrong = no_longer_true(event, SAID, replace(AS_SAID, status=status))
        assert wrong == (None if status is S.NO_SHOW else Reason.REVERTED)


@pytest.mark.parametrize("event", [E.BOOKED, E.RESCHEDULED, E.KEPT])
def test_a_time_is_true_while_it_stands(event: MessageEvent) -> None:
    def wrong(**changes: object) -> Reason | None:
        return no_longer_true(event, SAID, replace(AS_SAID, **changes))  # type: ignore[arg-type]

    assert wrong() is None
    assert wrong(status=S.CONFIRMED) is None
    assert wrong(affected_cause=AffectedCause.HOLIDAY) is (Reason.REVERTED if event is E.KEPT else None)
    assert wrong(status=S.CANCELLED) is Reason.CANCELLED
    assert {wrong(status=status) for status in (S.CHECKED_IN, S.IN_PROGRESS, S.COMPLETED, S.NO_SHOW)} == {Reason.HERE}
    assert wrong(starts_at=NOW + HOUR) is Reason.MOVED
    assert wrong(doctor_id=OTHER) is Reason.MOVED
    assert no_longer_true(event, None, replace(AS_SAID, doctor_id=OTHER)) is None, "one from before facts were kept"


@pytest.mark.parametrize("event", [E.AFFECTED_BY_ABSENCE, E.AFFECTED_BY_HOLIDAY, E.NEEDS_RESCHEDULING])
def test_who_is_affected_is_told_why_while_that_lasts(event: MessageEvent) -> None:
    for cause in AffectedCause:
        wrong = no_longer_true(event, SAID, replace(MARKED, affected_cause=cause))
        assert wrong is (None if AFFECTED_EVENTS[cause] == event else Reason.NOT_AFFECTED)
    assert no_longer_true(event, SAID, AS_SAID) is Reason.NOT_AFFECTED
    assert no_longer_true(event, SAID, replace(MARKED, starts_at=NOW + HOUR)) is Reason.MOVED
    assert no_longer_true(event, SAID, replace(MARKED, status=S.CANCELLED)) is Reason.CANCELLED


def test_what_says_nothing_of_a_time_stays_true() -> None:
    assert no_longer_true("something.else", SAID, replace(AS_SAID, status=S.CANCELLED)) is None


def test_what_is_phoned_about() -> None:
    assert set(E) - TO_PHONE == {E.BOOKED, E.NO_SHOW, E.NOT_COMING}


def test_until_when_somebody_is_phoned() -> None:
    afterwards = {event for event in TO_PHONE if phoned_until(event, NOW) == NOW + 2 * DAY}
    blocked = {E.NO_SHOW_BLOCKED, E.NOT_COMING_BLOCKED}
    assert afterwards == {E.CANCELLED_BY_EMERGENCY, E.DOCTOR_UNAVAILABLE} | blocked
    assert {phoned_until(event, NOW) for event in AFFECTED} == {None}, "as long as it is true"
    assert {phoned_until(event, NOW) for event in TO_PHONE - afterwards - AFFECTED} == {NOW}


def test_tries_are_further_and_further_apart() -> None:
    waits = [retry_after(attempt, 0.5).total_seconds() for attempt in range(1, 9)]
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert retry_after(10_000, 0.5) == LONGEST_RETRY
    assert [retry_after(1, luck).total_seconds() for luck in (0, 1)] == [24, 36]


@pytest.mark.parametrize(
    ("asked", "waits"), [(None, 30), (timedelta(seconds=5), 30), (timedelta(minutes=7), 420), (DAY, 3600)]
)
def test_what_the_provider_asks_for_is_kept_within_reason(asked: timedelta | None, waits: int) -> None:
    assert retry_after(1, 0.5, asked).total_seconds() == waits


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (200, Answer.SENT, None),
        (202, Answer.SENT, None),
        (299, Answer.SENT, None),
        (302, Answer.NEVER, Reason.REFUSED),
        (400, Answer.NEVER, Reason.REFUSED),
        (401, Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS),
        (403, Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS),
        (404, Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS),
        (407, Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS),
        (408, Answer.LATER, Reason.BROKEN),
        (422, Answer.NEVER, Reason.REFUSED),
        (425, Answer.LATER, Reason.BROKEN),
        (429, Answer.LATER, Reason.BUSY),
        (500, Answer.LATER, Reason.BROKEN),
        (503, Answer.LATER, Reason.BROKEN),
    ],
)
def test_what_a_status_means(status: int, answer: Answer, reason: Reason | None) -> None:
    outcome = outcome_of_status(status, HOUR)
    assert (outcome.answer, outcome.reason) == (answer, reason)
    assert outcome.error == (f"{reason} {status}" if reason else None)
    assert outcome.wait == (HOUR if answer is Answer.LATER else None)


def test_the_state_after_an_answer() -> None:
    assert [state_after(Outcome(answer)) for answer in Answer] == [
        DeliveryState.SENT,
        DeliveryState.QUEUED,
        DeliveryState.FAILED,
        DeliveryState.NOT_CONFIGURED,
    ]
    assert Outcome(Answer.NEVER, Reason.BAD_ADDRESS).error == "BAD_ADDRESS"
