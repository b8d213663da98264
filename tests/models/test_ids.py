"""Ids are time-ordered, also within one millisecond."""

from datetime import UTC, datetime, timedelta

from hms_web import clock
from hms_web.models import new_id, new_ids

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
