"""Statements that go to the driver as they are: what SQLAlchemy would do around them is done all the same."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from hms_web.models import ONLY_READS, ReadingSession, User
from hms_web.services import asking, unit_of_work
from hms_web.services.prepared import Asker
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


@pytest.mark.parametrize("only_reads", [False, True])
def test_listeners_are_told(here: Clinic, engine: sa.Engine, only_reads: bool) -> None:  # noqa: FBT001
    told: list[str] = []
    failed: list[str] = []
    own = sa.create_engine(engine.url)
    sa.event.listen(own, "before_cursor_execute", lambda *call: told.append(call[2]))
    sa.event.listen(own, "handle_error", lambda context: failed.append(type(context.original_exception).__name__))
    with ReadingSession(own) as session:
        session.info[ONLY_READS] = only_reads
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


PID = sa.text("SELECT pg_backend_pid() AS pid")


def test_a_question_of_who_only_reads_leaves_the_pool_to_others(engine: sa.Engine) -> None:
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0)
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        (first,) = asking.rows(session, PID, {})
        assert not session.in_transaction()
        with Session(own) as other:  # the pool's only connection is free, and it begins transactions as before
            stamps = {other.execute(sa.text("SELECT transaction_timestamp(), pg_sleep(0)")).scalar_one() for _ in "ab"}
            assert len(stamps) == 1
            assert asking.rows(other, PID, {}) != [first]
        assert asking.rows(session, PID, {}) == [first], "it has its connection for good"
    own.dispose()


def test_who_has_a_connection_already_asks_on_it(engine: sa.Engine) -> None:
    """A second one would not be there where all are in use."""
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0)
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        first = session.execute(PID).one()
        assert asking.rows(session, PID, {}) == [first]
    own.dispose()


def test_what_is_refused_to_who_only_reads_is_said_once_as_ever(engine: sa.Engine) -> None:
    failed: list[str] = []
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0, hide_parameters=True)
    sa.event.listen(own, "handle_error", lambda context: failed.append(type(context.original_exception).__name__))
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        with pytest.raises(DBAPIError) as caught:
            asking.rows(session, sa.text("SELECT CAST(:name AS text) / 0"), {"name": "Canary Somebody"})
        assert "Canary" not in str(caught.value)
        session.rollback()
        assert len(asking.rows(session, PID, {})) == 1
    own.dispose()
    assert failed == ["UndefinedFunction"]


def test_who_only_reads_finds_another_connection_when_one_was_ended(engine: sa.Engine) -> None:
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0)
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        first = asking.rows(session, PID, {})[0].pid
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
        assert asking.rows(session, PID, {})[0].pid != first
    own.dispose()


def test_who_only_reads_is_told_that_there_is_no_database() -> None:
    nowhere = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    with ReadingSession(nowhere) as session:
        unit_of_work.only_reads(session)
        with pytest.raises(OperationalError):
            asking.rows(session, PID, {})


def test_an_answer_that_is_broken_off_takes_its_connection_along(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever gets it next would be in the middle of something."""
    own = sa.create_engine(engine.url, pool_size=1, max_overflow=0)

    def broken_off(asker: Asker, *_what: object, **_how: object) -> None:
        asker.connection.pgconn.exec_(b"BEGIN")
        raise KeyboardInterrupt

    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        first = asking.rows(session, PID, {})[0].pid
        with monkeypatch.context() as patched:
            patched.setattr(Asker, "answer", broken_off)
            with pytest.raises(KeyboardInterrupt):
                asking.rows(session, PID, {})
        assert asking.rows(session, PID, {})[0].pid != first
    own.dispose()
