"""The one place that commits: joining, trying again, giving up."""

from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from hms_web.models import Hospital, new_id
from hms_web.services import unit_of_work
from tests.scenes import Clinic


def test_an_inner_unit_joins_the_outer_one(here: Clinic) -> None:
    def outer() -> None:
        unit_of_work.run(here.session, lambda: here.session.add(Hospital(id=new_id(), name="inner", timezone="UTC")))
        here.session.flush()
        raise LookupError

    with pytest.raises(LookupError):
        unit_of_work.run(here.session, outer)
    assert here.count(Hospital, name="inner") == 0


def failing(error: type[psycopg.Error], times: int) -> tuple[Callable[[], str], list[int]]:
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError(None, {}, error())
        return "done"

    return work, tries


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.SerializationFailure,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.ExclusionViolation,
        psycopg.errors.UniqueViolation,
    ],
)
def test_what_another_transaction_caused_is_tried_again(here: Clinic, error: type[psycopg.Error]) -> None:
    work, tries = failing(error, 2)
    assert unit_of_work.run(here.session, work) == "done"
    assert len(tries) == 3


def test_it_gives_up_after_some_tries_and_says_busy(here: Clinic) -> None:
    work, tries = failing(psycopg.errors.SerializationFailure, 99)
    with pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, work)
    assert len(tries) == unit_of_work.ATTEMPTS


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled])
def test_a_lock_that_is_not_to_be_had_is_not_waited_for_twice(here: Clinic, error: type[psycopg.Error]) -> None:
    work, tries = failing(error, 99)
    with pytest.raises(unit_of_work.Busy):
        unit_of_work.run(here.session, work)
    assert len(tries) == 1


def test_any_other_database_error_goes_on(here: Clinic) -> None:
    with pytest.raises(DBAPIError):
        unit_of_work.run(here.session, lambda: here.session.execute(sa.text("SELECT 1/0")))
    assert here.count(Hospital) == 1
