"""Roles, and whose time a person may change."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hms_web.domain.identity import Actor, Role, role_mistake, timezone_mistake

DOCTOR, OTHER = UUID(int=1), UUID(int=2)
ACTOR = Actor(UUID(int=9), "Asia/Kolkata", UUID(int=8), "Asha", Role.ADMIN)


def test_the_zone_is_the_hospitals() -> None:
    assert ACTOR.zone == ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("role", "own", "asked", "may"),
    [
        (Role.ADMIN, None, DOCTOR, True),
        (Role.DOCTOR, DOCTOR, DOCTOR, True),
        (Role.DOCTOR, DOCTOR, OTHER, False),
        (Role.DOCTOR, None, OTHER, False),
        (Role.NURSE, DOCTOR, DOCTOR, False),
        (Role.RECEPTIONIST, None, DOCTOR, False),
        (None, None, DOCTOR, False),
    ],
)
def test_whose_time_may_be_changed(role: Role | None, own: UUID | None, asked: UUID, may: bool) -> None:  # noqa: FBT001
    assert replace(ACTOR, role=role, doctor_id=own).may_manage_doctor(asked) is may


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (None, Role.NURSE, False),
        (None, Role.DOCTOR, True),
        (Role.NURSE, Role.ADMIN, False),
        (Role.NURSE, Role.DOCTOR, True),
        (Role.DOCTOR, Role.DOCTOR, False),
        (Role.DOCTOR, Role.NURSE, True),
    ],
)
def test_a_doctors_account_comes_and_stays_with_the_doctor(before: Role | None, after: Role, wrong: bool) -> None:  # noqa: FBT001
    assert (role_mistake(before, after) is not None) is wrong


def test_the_two_ways_of_a_wrong_role_are_told_apart() -> None:
    assert "doctors' page" in str(role_mistake(Role.NURSE, Role.DOCTOR))
    assert "stays a doctor's" in str(role_mistake(Role.DOCTOR, Role.NURSE))


def test_time_zones_have_iana_names() -> None:
    assert timezone_mistake("Asia/Kolkata") is None
    assert timezone_mistake("Mars/Olympus")
    assert timezone_mistake("")
    assert timezone_mistake("../etc/passwd")
