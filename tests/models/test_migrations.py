"""Every migration can be taken back, and together they make what the models say."""

from collections.abc import Iterator
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from hms_web.app import MIGRATIONS, create_app
from hms_web.models import db
from tests.servers import Servers


@pytest.fixture
def fresh(servers: Servers, worker_number: int, redis_url: str) -> Iterator[Flask]:
    """The application over a migrated database of this test's own."""
    name = f"{servers.run}_migrations_{worker_number}"
    url = servers.clone(name)
    app = create_app({"HMS_ENV": "testing", "DATABASE_URL": url, "REDIS_URL": redis_url})
    yield app
    with app.app_context():
        db.engine.dispose()
    servers.drop(name)


def _revision() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_models_are_what_the_migrations_make(fresh: Flask) -> None:
    with fresh.app_context():
        flask_migrate.check(directory=str(MIGRATIONS))  # exits when anything differs


def test_each_migration_can_be_taken_back_and_applied_again(fresh: Flask) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    with fresh.app_context():
        whole = _tables()
        for revision in revisions:
            assert _revision() == revision
            flask_migrate.downgrade(directory=str(MIGRATIONS))
        assert not _tables()
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        assert _tables() == whole
        flask_migrate.check(directory=str(MIGRATIONS))


def test_recovery_codes_from_before_are_known_as_short_and_new_ones_are_not(fresh: Flask) -> None:
    """They stay valid (docs/decisions/0202)."""
    columns, values = "id, user_id, code_hash, created_at", "gen_random_uuid(), gen_random_uuid(), :hash, now()"
    code = sa.text(f"INSERT INTO recovery_codes ({columns}) VALUES ({values})")
    with fresh.app_context():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0010")
        with db.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE recovery_codes DROP CONSTRAINT fk_recovery_codes_user_id"))
            connection.execute(code, {"hash": "former"})
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        with db.engine.begin() as connection:
            connection.execute(code, {"hash": "new"})
            rows = connection.execute(sa.text("SELECT code_hash, is_short FROM recovery_codes")).all()
        assert {tuple(row) for row in rows} == {("former", True), ("new", False)}


def test_a_key_that_others_imply_is_dropped_while_no_other_table_is_held(fresh: Flask) -> None:
    """Whoever waits for a table and holds another meanwhile lets everybody stand still who comes to that one."""
    held: list[tuple[str, int]] = []
    mine = sa.text(
        "SELECT count(*) FROM pg_locks WHERE pid = :pid AND granted AND locktype = 'relation' "
        "AND mode = 'AccessExclusiveLock'"
    )

    def note(*call: Any) -> None:
        connection, statement = call[0], call[2]
        if "DROP CONSTRAINT" in statement and "_hospital_id" in statement:
            pid = connection.connection.dbapi_connection.info.backend_pid
            with db.engine.connect() as other:
                held.append((statement.split()[2], other.execute(mine, {"pid": pid}).scalar_one()))

    with fresh.app_context():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0019")
        sa.event.listen(db.engine, "before_cursor_execute", note)
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision="0020")
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert held == [("appointments", 0), ("no_show_logs", 0), ("notifications", 0)]


def test_an_upgrade_that_was_cut_off_between_two_keys_goes_on(fresh: Flask) -> None:
    with fresh.app_context():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0019")
        with db.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE appointments DROP CONSTRAINT fk_appointments_hospital_id"))
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        flask_migrate.check(directory=str(MIGRATIONS))
