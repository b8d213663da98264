"""Statements that a connection keeps: asked again without being planned, and asked anew when they are gone."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.pq import ConnStatus
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from hms_web.models import ONLY_READS, ReadingSession
from hms_web.services import asking, own_connections, prepared, unit_of_work
from tests.scenes import Clinic

LENGTH = sa.text("SELECT length(CAST(:words AS text)) AS long")
LOST = sa.text("DEALLOCATE ALL")


@pytest.fixture
def own(engine: sa.Engine) -> Iterator[sa.Engine]:
    made = sa.create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0)
    yield made
    made.dispose()


def kept(session: Session) -> list[str]:
    """The statements of ours that the server keeps for the session's connection."""
    found = session.execute(sa.text("SELECT name FROM pg_prepared_statements WHERE name LIKE 'hms%' ORDER BY name"))
    return list(found.scalars())


def test_a_statement_is_prepared_once(own: sa.Engine) -> None:
    with Session(own) as session:
        assert [asking.rows(session, LENGTH, {"words": words})[0].long for words in ("", "a", "ab")] == [0, 1, 2]
        assert len(kept(session)) == 1
        session.commit()
        asking.rows(session, LENGTH, {"words": "a"})
        assert len(kept(session)) == 1


@pytest.mark.parametrize("driver_forgets", [False, True])
def test_after_a_rollback_it_is_found_or_prepared_anew(own: sa.Engine, driver_forgets: bool) -> None:  # noqa: FBT001
    """The driver lets the server forget every statement, if it had prepared any of its own."""
    with Session(own) as session:
        for _ in range(8 if driver_forgets else 1):
            session.execute(sa.text("SELECT 1"))
        asking.rows(session, LENGTH, {"words": "a"})
        first = kept(session)
        session.rollback()
        assert kept(session) == ([] if driver_forgets else first)
        session.rollback()
        assert asking.rows(session, LENGTH, {"words": "ab"})[0].long == 2
        assert kept(session) == first


def test_after_a_rollback_to_a_savepoint_too(own: sa.Engine) -> None:
    with Session(own) as session:
        asking.rows(session, LENGTH, {"words": "a"})
        for _ in range(8):
            session.execute(sa.text("SELECT 1"))
        before = session.begin_nested()
        before.rollback()
        assert asking.rows(session, LENGTH, {"words": "ab"})[0].long == 2


def test_one_that_was_lost_is_prepared_anew(own: sa.Engine) -> None:
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        asking.rows(session, LENGTH, {"words": "a"})
        own_connections.asker(own).connection.execute("DEALLOCATE ALL")
        assert asking.rows(session, LENGTH, {"words": "ab"})[0].long == 2


def test_one_that_was_lost_inside_a_unit_of_work_lets_it_run_again(here: Clinic, own: sa.Engine) -> None:
    tries: list[int] = []

    def work() -> int:
        tries.append(len(tries))
        if not tries[-1]:
            asking.rows(session, LENGTH, {"words": "a"})
            session.execute(LOST)
        return int(asking.rows(session, LENGTH, {"words": "ab"})[0].long)

    with Session(own) as session:
        assert unit_of_work.run(session, work) == 2
    assert tries == [0, 1]


def test_a_connection_keeps_the_latest_so_many(own: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST_KEPT", 2)
    loud, soft = (sa.text(f"SELECT {how}(CAST(:words AS text)) AS said") for how in ("upper", "lower"))
    with Session(own) as session:
        for statement in (LENGTH, loud, LENGTH, soft):
            asking.rows(session, statement, {"words": "aB"})
        found = session.execute(
            sa.text("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'hms%'")
        ).scalars()
        assert sorted(words[:12] for words in found) == ["SELECT lengt", "SELECT lower"]
        assert asking.rows(session, loud, {"words": "aB"})[0].said == "AB"


@pytest.mark.parametrize("only_reads", [False, True])
def test_a_migration_that_changes_what_is_answered_costs_nobody_an_answer(own: sa.Engine, only_reads: bool) -> None:  # noqa: FBT001
    """The server refuses a plan whose answer has another type now; the next one of the same statement too."""
    wanted = sa.text("SELECT what FROM changing")
    with own.begin() as connection:
        connection.execute(sa.text("CREATE TABLE changing (what integer)"))
        connection.execute(sa.text("INSERT INTO changing VALUES (7)"))
    try:
        for kind, answer in (("integer", 7), ("text", "7")):
            with own.begin() as connection:
                connection.execute(sa.text(f"ALTER TABLE changing ALTER what TYPE {kind} USING CAST(what AS {kind})"))
            for _ in range(3):
                with ReadingSession(own) as session:
                    session.info[ONLY_READS] = only_reads
                    found = asking.rows if only_reads else in_a_unit
                    assert found(session, wanted, {})[0].what == answer
    finally:
        with own.begin() as connection:
            connection.execute(sa.text("DROP TABLE changing"))


def in_a_unit(session: Session, statement: sa.TextClause, given: Mapping[str, object]) -> Sequence[Any]:
    return unit_of_work.run(session, lambda: asking.rows(session, statement, given))


def test_what_the_server_cannot_do_is_no_stale_statement(own: sa.Engine) -> None:
    impossible = sa.text("SELECT count(*) FROM users FOR UPDATE")
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        with pytest.raises(sa.exc.NotSupportedError):
            asking.rows(session, impossible, {})


def test_a_name_that_is_taken_is_exchanged_for_another(own: sa.Engine) -> None:
    asker = own_connections.asker(own)
    assert asker.answer(LENGTH, {"words": "a"}, begins=False)[0].long == 1
    kept_here: dict[bytes, None] = asker.memory["hms_prepared"]
    kept_here.clear()  # as if the word that it was prepared had been lost
    assert asker.answer(LENGTH, {"words": "ab"}, begins=False)[0].long == 2


def test_a_transaction_begins_as_its_connection_wants_it(own: sa.Engine) -> None:
    careful = own.execution_options(isolation_level="REPEATABLE READ")
    level = sa.text("SELECT current_setting('transaction_isolation') AS level")
    with Session(careful) as session:
        assert asking.rows(session, level, {})[0].level == "repeatable read"
    with Session(own) as session:
        assert asking.rows(session, level, {})[0].level == "read committed"


def test_who_only_reads_on_the_sessions_connection_leaves_its_statements_known(own: sa.Engine) -> None:
    with ReadingSession(own) as session:
        unit_of_work.only_reads(session)
        session.execute(sa.text("SELECT 1"))
        asking.rows(session, LENGTH, {"words": "a"})
        memory = session.connection().info
    assert memory["hms_prepared"]


def test_what_was_given_back_in_the_middle_of_something_is_asked_what_it_keeps(own: sa.Engine) -> None:
    with Session(own) as session:
        asking.rows(session, LENGTH, {"words": "a"})
        for _ in range(8):
            session.execute(sa.text("SELECT 1"))
        session.commit()
    raw = own.raw_connection()
    raw.cursor().execute("SELECT 1")
    raw.close()  # the pool rolls back
    with Session(own) as session:
        assert asking.rows(session, LENGTH, {"words": "ab"})[0].long == 2


def test_a_thread_has_a_connection_of_its_own_until_it_is_old(own: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = own_connections.asker(own)
    assert own_connections.asker(own) is first
    monkeypatch.setattr(own_connections, "RECYCLED_SECONDS", 0)
    first.connection.pgconn.exec_(b"BEGIN")  # in the middle of something
    second = own_connections.asker(own)
    assert first.connection.closed
    third = own_connections.asker(own)
    assert second.connection.closed
    assert not third.connection.closed
    own.dispose()
    assert third.connection.closed


def test_what_an_ended_thread_had_is_closed_by_the_next_that_needs_one(own: sa.Engine) -> None:
    """And by nobody else's leave: the number of an ended thread is given to another, whose connection it is not."""
    others: list[psycopg.Connection] = []

    def ask() -> None:
        others.append(own_connections.asker(own).connection)

    for _ in range(2):
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    first, second = (one.pgconn for one in others)
    assert first is not second
    assert (first.status, second.status) == (ConnStatus.BAD, ConnStatus.OK)
    mine = own_connections.asker(own).connection
    assert second.status == ConnStatus.BAD
    assert not mine.closed


def test_who_asks_over_a_connection_of_somebodys_asks_on_it(own: sa.Engine) -> None:
    pid = sa.text("SELECT pg_backend_pid() AS pid")
    with own.connect() as connection, ReadingSession(connection) as session:
        session.info[ONLY_READS] = True
        first = connection.execute(pid).scalar_one()
        session.rollback()
        assert [row.pid for row in asking.rows(session, pid, {})] == [first]


@pytest.mark.parametrize("is_told", [True, False])
def test_a_statement_that_the_driver_let_the_server_forget_with_a_table_is_found_out(
    own: sa.Engine,
    is_told: bool,  # noqa: FBT001
) -> None:
    with Session(own) as session:
        asking.rows(session, LENGTH, {"words": "a"})
        for _ in range(8):  # of which the driver prepares one for itself
            session.execute(sa.text("SELECT 1"))
        session.execute(sa.text("CREATE TEMPORARY TABLE short ()"))
        session.execute(sa.text("DROP TABLE short"))
        if is_told:
            asking.after_ddl(session)
            assert asking.rows(session, LENGTH, {"words": "ab"})[0].long == 2
        else:
            with pytest.raises(ProgrammingError):
                asking.rows(session, LENGTH, {"words": "ab"})
