"""Keys of the external trigger: made, listed, exchanged, revoked."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.services import cron_keys
from hms_web.services.cron_keys import TriggerLimits
from tests.scenes import NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
def limits(redis_url: str) -> TriggerLimits:
    return TriggerLimits(redis_url)


def test_two_keys_can_be_valid_at_once_and_no_more(session: Session) -> None:
    assert cron_keys.create(session, " old ", now=NOW) != cron_keys.create(session, "new", now=NOW + SECOND)
    with pytest.raises(InvalidInput, match="Two keys are valid already, old and new"):
        cron_keys.create(session, "third", now=NOW)
    cron_keys.revoke(session, "old", now=NOW + 2 * SECOND)
    cron_keys.create(session, "third", now=NOW + 3 * SECOND)
    assert [(key.name, key.revoked_at is None) for key in cron_keys.list_keys(session)] == [
        ("old", False),
        ("new", True),
        ("third", True),
    ]


@pytest.mark.parametrize("name", ["", "  ", "two\nlines"])
def test_a_key_has_a_name(session: Session, name: str) -> None:
    with pytest.raises(InvalidInput):
        cron_keys.create(session, name, now=NOW)


def test_valid_keys_have_different_names(session: Session) -> None:
    cron_keys.create(session, "lambda", now=NOW)
    with pytest.raises(InvalidInput, match="a valid key of that name"):
        cron_keys.create(session, "lambda", now=NOW)
    cron_keys.revoke(session, "lambda", now=NOW)
    cron_keys.create(session, "lambda", now=NOW)
    with pytest.raises(InvalidInput, match="no valid key"):
        cron_keys.revoke(session, "another", now=NOW)


def test_when_a_key_was_used_is_noted_once_a_minute(session: Session, limits: TriggerLimits, redis: object) -> None:
    key = cron_keys.create(session, "lambda", now=NOW)
    used = []
    for seconds in (0, 59, 60):
        cron_keys.check(session, (), key, limits, "192.0.2.1", now=NOW + seconds * SECOND)
        session.expire_all()
        used.append(cron_keys.list_keys(session)[0].last_used_at)
    assert used == [NOW, NOW, NOW + 60 * SECOND]


def test_a_key_that_is_none_is_refused(session: Session, limits: TriggerLimits, redis: object) -> None:
    with pytest.raises(Refused) as error:
        cron_keys.check(session, (), "x", limits, "192.0.2.1", now=NOW)
    assert error.value.refusal.code is Code.NOT_CONFIGURED
    cron_keys.create(session, "lambda", now=NOW)
    with pytest.raises(Refused) as error:
        cron_keys.check(session, (), "\udcff", limits, "192.0.2.1", now=NOW)
    assert error.value.refusal.code is Code.WRONG_API_KEY
