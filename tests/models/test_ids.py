"""Ids are time-ordered, also within one millisecond."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from hms_web import clock
from hms_web.models import base, new_id, new_ids

AT = datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)


def test_ids_are_uuids_of_version_seven_that_name_their_millisecond() -> None:
    with clock.fixed(AT):
        made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(AT.timestamp() * 1000)


def test_ids_of_one_millisecond_go_up_and_differ() -> None:
    with clock.fixed(AT):
        made = [new_id() for _ in range(10_000)]
        made += [*new_ids(1000), new_id()]
    assert made == sorted(set(made))
    assert all((key.version, key.variant) == (7, "specified in RFC 4122") for key in made)
    with clock.fixed(AT + timedelta(milliseconds=1)):
        assert new_id() > made[-1]


def test_none_are_made_of_none() -> None:
    assert new_ids(0) == []


def test_many_go_up_where_their_random_bits_run_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the low 62 bits are used up within one call, the bits above the variant go up by one."""
    monkeypatch.setattr("secrets.randbits", lambda bits: (5 << 62) - 20 if bits > 60 else 9)
    made = base._Ids().next(4)
    assert [UUID(int=number).version for number in made] == [7] * 4
    assert {UUID(int=number).variant for number in made} == {RFC_4122}
    assert made == sorted(set(made))
    above = [number >> 64 & 0xFFF for number in made]
    assert above == [4, 5, 5, 5], "it was to run over after the first"
