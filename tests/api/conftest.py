"""Fixtures of the tests of the JSON API: two hospitals, and callers of every role."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.domain.identity import Role
from tests.api.callers import Caller, caller_of, person
from tests.scenes import NOW, Clinic, clinic


@pytest.fixture(autouse=True)
def monday_morning() -> Iterator[None]:
    """08:00 in Kolkata on a Monday."""
    with clock.fixed(NOW):
        yield


@pytest.fixture
def here(session: Session) -> Clinic:
    """A clinic in Kolkata."""
    return clinic(session)


@pytest.fixture
def elsewhere(session: Session) -> Clinic:
    """Another hospital in the same database."""
    return clinic(session, "America/New_York")


@pytest.fixture
def admin(client: FlaskClient, here: Clinic) -> Caller:
    """A program with an admin's token."""
    return caller_of(client, here, here.admin)


@pytest.fixture
def reception(client: FlaskClient, here: Clinic) -> Caller:
    """A program with a receptionist's token."""
    return caller_of(client, here, here.actor)


@pytest.fixture
def nurse(client: FlaskClient, here: Clinic) -> Caller:
    """A program with a nurse's token."""
    return caller_of(client, here, person(here, Role.NURSE))
