"""Fixtures of the tests of use cases."""

import pytest
from sqlalchemy.orm import Session

from tests.scenes import Clinic, clinic


@pytest.fixture
def here(session: Session) -> Clinic:
    """A clinic in Kolkata."""
    return clinic(session)


@pytest.fixture
def elsewhere(session: Session) -> Clinic:
    """Another hospital in the same database."""
    return clinic(session, "America/New_York")
