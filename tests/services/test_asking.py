"""Statements that go to the driver as they are: what SQLAlchemy would do around them is done all the same."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from hms_web.models import User
from hms_web.services import asking
from tests.scenes import Clinic

NAMES = sa.text("SELECT u.name FROM users u WHERE u.id = :wanted")


def test_it_sees_what_the_session_has_not_written_yet(here: Clinic) -> None:
    user = here.session.get_one(User, here.actor.user_id)
    user.name = "Renamed"
    (row,) = asking.rows(here.session, NAMES, {"wanted": user.id})
    assert (row.name, row) == ("Renamed", ("Renamed",))
    here.session.rollback()
    assert asking.rows(here.session, NAMES, {"wanted": user.id})[0].name != "Renamed", "it was another transaction"


def test_what_writes_has_no_rows(here: Clinic) -> None:
    touched = sa.text("UPDATE users SET name = name || :more WHERE id = :wanted")
    assert asking.rows(here.session, touched, {"wanted": here.actor.user_id, "more": "%"}) == ()


def test_listeners_are_told(here: Clinic, engine: sa.Engine) -> None:
    told: list[str] = []
    failed: list[str] = []
    own = sa.create_engine(engine.url)
    sa.event.listen(own, "before_cursor_execute", lambda *call: told.append(call[2]))
    sa.event.listen(own, "handle_error", lambda context: failed.append(type(context.original_exception).__name__))
    with Session(own) as session:
        asking.rows(session, NAMES, {"wanted": here.actor.user_id})
        with pytest.raises(DBAPIError):
            asking.rows(session, sa.text("SELECT 1 / :nothing"), {"nothing": 0})
    own.dispose()
    assert told == ["SELECT u.name FROM users u WHERE u.id = %(wanted)s", "SELECT 1 / %(nothing)s"]
    assert failed == ["DivisionByZero"]


def test_an_error_names_no_value(here: Clinic, engine: sa.Engine) -> None:
    own = sa.create_engine(engine.url, hide_parameters=True)
    with Session(own) as session, pytest.raises(DBAPIError) as caught:
        asking.rows(session, sa.text("SELECT CAST(:name AS text) / 0"), {"name": "Canary Somebody"})
    own.dispose()
    assert "Canary" not in str(caught.value)


def test_a_connection_that_was_ended_is_not_used_again(engine: sa.Engine) -> None:
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0)
    pid = sa.text("SELECT pg_backend_pid() AS pid")
    with Session(own) as session:
        first = asking.rows(session, pid, {})[0].pid
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
        with pytest.raises(OperationalError) as caught:
            asking.rows(session, pid, {})
        assert caught.value.connection_invalidated
        session.rollback()
        assert asking.rows(session, pid, {})[0].pid != first
    own.dispose()
