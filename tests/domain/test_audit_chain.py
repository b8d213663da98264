"""A walk along the chain names each flaw where it lies, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hms_web.domain.audit_chain import TOLERANCE, Fact, Finding, Flaw, Head, Link, beginning, next_head, walk

HOSPITAL = UUID(int=1)
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
BATCH = 3
MINUTE = timedelta(minutes=1)


def fact(number: int, at: datetime | None = None) -> Fact:
    """An event; each batch of three happens in a minute of its own."""
    when = at or START + number * timedelta(seconds=20)
    return Fact(UUID(int=100 + number), when, UUID(int=7), "Asha", "patient.changed", "patient", UUID(int=9), "{}")


def chained(facts: list[Fact], every: timedelta = MINUTE) -> tuple[list[Link], Head]:
    """A chain of which every three links were made together, a minute after the three before."""
    head, links = beginning(HOSPITAL), []
    for number, event in enumerate(facts):
        chained_at = START + (number // BATCH + 1) * every
        head = next_head(HOSPITAL, head, event, chained_at)
        links.append(Link(head.sequence, event.id, head.hash, chained_at, event))
    return links, head


LINKS, HEAD = chained([fact(number) for number in range(9)])


def without(number: int) -> list[Link]:
    return [link for link in LINKS if link.sequence != number]


def with_other(number: int, event: Fact | None) -> list[Link]:
    return [replace(link, event=event) if link.sequence == number else link for link in LINKS]


def found(links: list[Link], head: Head | None = HEAD) -> list[tuple[Flaw, int | None]]:
    return [(finding.flaw, finding.sequence) for finding in walk(HOSPITAL, links, head)]


def test_a_whole_chain_has_no_flaw() -> None:
    assert found(LINKS) == []
    assert found([], beginning(HOSPITAL)) == found([], None) == []


@pytest.mark.parametrize(
    "other",
    [
        {"at": START},
        {"actor_id": None},
        {"actor_name": "Nobody"},
        {"action": "patient.created"},
        {"record_type": "appointment"},
        {"record_id": UUID(int=8)},
        {"details": '{"a": 1}'},
        {"id": UUID(int=5)},
    ],
)
def test_every_part_of_an_event_counts(other: dict[str, object]) -> None:
    event = LINKS[4].event
    assert event
    changed = replace(event, **other)  # type: ignore[arg-type]
    assert found(with_other(5, changed)) == [(Flaw.CHANGED, 5)]


def test_the_place_the_time_of_chaining_and_the_hospital_count() -> None:
    later = [replace(link, chained_at=link.chained_at + MINUTE) if link.sequence == 9 else link for link in LINKS]
    assert found(later) == [(Flaw.CHANGED, 9)]
    assert next_head(UUID(int=2), beginning(HOSPITAL), fact(0), START) != next_head(
        HOSPITAL, beginning(HOSPITAL), fact(0), START
    )
    assert beginning(UUID(int=2)) != beginning(HOSPITAL)


def test_what_is_taken_out_is_named() -> None:
    assert list(walk(HOSPITAL, with_other(4, None), HEAD)) == [Finding(Flaw.DELETED, 4, LINKS[3].event_id)]
    assert found(without(4)) == [(Flaw.LINK_GONE, 4)]
    assert found(LINKS[1:]) == [(Flaw.LINK_GONE, 1)]
    assert found(LINKS[:-1]) == [(Flaw.CUT_OFF, 9)]
    assert found([]) == [(Flaw.CUT_OFF, 1)]


def test_who_numbers_the_rest_anew_is_found_by_the_hashes() -> None:
    renumbered = [replace(link, sequence=number) for number, link in enumerate(without(4), start=1)]
    flaws = found(renumbered, replace(HEAD, sequence=8))
    assert flaws[0] == (Flaw.CHANGED, 4)


def test_who_makes_all_hashes_anew_is_found_by_the_head() -> None:
    links, head = chained([fact(number) for number in range(9) if number != 4] + [fact(9)])
    assert head.sequence == HEAD.sequence
    assert found(links) == [(Flaw.HEAD_CHANGED, 9)]


def test_what_is_put_behind_the_head_is_named() -> None:
    assert found(LINKS, Head(7, LINKS[6].hash)) == [(Flaw.BEYOND_HEAD, 8)]
    assert found(LINKS[:1], None) == found(LINKS[:1], beginning(HOSPITAL)) == [(Flaw.BEYOND_HEAD, 1)]


def test_an_event_that_bears_an_older_time_than_it_can_is_named() -> None:
    limit = LINKS[5].event.at - TOLERANCE  # type: ignore[union-attr]
    links, head = chained([fact(number) for number in range(8)] + [fact(8, limit - MINUTE)], TOLERANCE)
    assert found(links, head) == [(Flaw.BACKDATED, 9)]
    links, head = chained([fact(number) for number in range(8)] + [fact(8, limit)], TOLERANCE)
    assert found(links, head) == []


def test_many_that_are_chained_at_once_may_come_in_any_order() -> None:
    months = [fact(number, START - timedelta(days=40 - 30 * (number % 2))) for number in range(9)]
    links, head = chained(months)
    assert found(links, head) == []


def test_what_comes_in_one_batch_may_come_in_any_order() -> None:
    links, head = chained([fact(0), fact(1, START - 9 * TOLERANCE), fact(2)], TOLERANCE)
    assert found(links, head) == []


def test_a_clock_that_once_ran_ahead_and_a_past_lived_again_are_no_forgeries() -> None:
    ahead = [
        fact(number, START + (timedelta(days=9) if number == 1 else number * TOLERANCE / 3)) for number in range(9)
    ]
    links, head = chained(ahead, TOLERANCE)
    assert found(links, head) == []
    past = [fact(number, START - timedelta(days=400 - number)) for number in range(9)]
    links, head = chained(past, TOLERANCE)
    assert found(links, head) == []
