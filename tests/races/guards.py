"""Takes the database's guards away for a while, so that a race can be seen; everything is put back, and emptied."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa

from tests.conftest import empty

OVERLAPS = ("ex_appointments_doctor_overlap", "ex_appointments_patient_overlap")
TOKENS = "uq_appointments_doctor_id_date_token_number"
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 20


@contextmanager
def without_constraints(engine: sa.Engine) -> Iterator[None]:
    """Take away what makes overlapping appointments impossible, and numbers given twice."""
    kept = "SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = ANY(:names)"
    with engine.begin() as connection:
        constraints = connection.execute(sa.text(kept), {"names": list(OVERLAPS)}).all()
        assert len(constraints) == len(OVERLAPS)
        index = connection.scalar(sa.text("SELECT pg_get_indexdef(cast(:name AS regclass))"), {"name": TOKENS})
        for name, _definition in constraints:
            connection.exec_driver_sql(f"ALTER TABLE appointments DROP CONSTRAINT {name}")
        connection.exec_driver_sql(f"DROP INDEX {TOKENS}")
    try:
        yield
    finally:
        empty(engine)
        with engine.begin() as connection:
            for name, definition in constraints:
                connection.exec_driver_sql(f"ALTER TABLE appointments ADD CONSTRAINT {name} {definition}")
            connection.exec_driver_sql(index)


@contextmanager
def trigger(
    engine: sa.Engine, table: str, when: str, body: str, declared: str = "", each: str = "ROW"
) -> Iterator[None]:
    """Let a trigger `when` (BEFORE INSERT, say) run some PL/pgSQL for each row of a table, or each STATEMENT."""
    name = f"race_{table}_{when.replace(' ', '_').lower()}"
    function = f"DECLARE {declared} BEGIN {body} RETURN NEW; END"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $race$ {function} $race$"
        )
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()")
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")


def slow_writes(engine: sa.Engine) -> AbstractContextManager[None]:
    """Let every write of an appointment wait a moment after its checks: who is not kept out by then gets through."""
    return trigger(engine, "appointments", "BEFORE INSERT OR UPDATE", f"PERFORM pg_sleep({PAUSE_SECONDS});")


@contextmanager
def meeting(engine: sa.Engine, people: int, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Let those who have passed their checks wait, before they write, until so many have; not for ever.

    Whoever comes when no more follow waits in vain, so let exactly so many come, or have little patience.

    A booking's first write is its token number, a move's is the appointment. Before an UPDATE the statement waits:
    a trigger for each row would hold that row's lock, and so keep away those who are waited for.
    """
    declared = "mine bigint := nextval('race_arrivals'); since timestamptz := clock_timestamp();"
    body = f"""
        WHILE (SELECT last_value FROM race_arrivals) < ((mine - 1) / {people} + 1) * {people}
              AND clock_timestamp() < since + interval '{patience} seconds' LOOP
            PERFORM pg_sleep(0.002);
        END LOOP;
    """
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE race_arrivals")
    try:
        with (
            trigger(engine, "token_counters", "BEFORE INSERT", body, declared),
            trigger(engine, "appointments", "BEFORE UPDATE", body, declared, each="STATEMENT"),
        ):
            yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SEQUENCE race_arrivals")


def held_back(engine: sa.Engine, until: str, seconds: float) -> AbstractContextManager[None]:
    """Let a booking that has passed its checks wait before it writes, until there are rows `until`; not for ever."""
    body = f"""
        WHILE NOT EXISTS ({until}) AND clock_timestamp() < since + interval '{seconds} seconds' LOOP
            PERFORM pg_sleep(0.002);
        END LOOP;
    """
    return trigger(engine, "token_counters", "BEFORE INSERT", body, "since timestamptz := clock_timestamp();")


def a_slot_lock_alone(engine: sa.Engine) -> AbstractContextManager[None]:
    """Do what a system does that locks only the slot: take its row, look again whether it is free, then write."""
    active = "status NOT IN ('CANCELLED', 'NO_SHOW')"
    same = "doctor_id = NEW.doctor_id AND starts_at = NEW.starts_at"
    body = f"""
        PERFORM 1 FROM doctor_slots WHERE {same} FOR UPDATE;
        IF EXISTS (SELECT FROM appointments WHERE {same} AND {active}) THEN
            RAISE unique_violation;
        END IF;
    """
    return trigger(engine, "appointments", "BEFORE INSERT", body)


def forgetful_keys(engine: sa.Engine) -> AbstractContextManager[None]:
    """Let no Idempotency-Key ever meet itself again."""
    return trigger(engine, "idempotency_keys", "BEFORE INSERT", "NEW.key := NEW.key || gen_random_uuid();")


@contextmanager
def slots_as_they_come(engine: sa.Engine) -> Iterator[None]:
    """Keep beside the slots, in `race_slots`, what would be there if no constraint threw anything away."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE race_slots (doctor_id uuid, date date, start_time time)")
    keep = "INSERT INTO race_slots VALUES (NEW.doctor_id, NEW.date, NEW.start_time);"
    try:
        with trigger(engine, "doctor_slots", "BEFORE INSERT", keep):
            yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE race_slots")


def crossed_locks(engine: sa.Engine) -> AbstractContextManager[None]:
    """Let a move lock the doctor it leaves before the one it goes to, so that two moves can wait in a circle."""
    lock = "PERFORM 1 FROM doctors WHERE id = {}.doctor_id FOR UPDATE;"
    body = f"{lock.format('OLD')} PERFORM pg_sleep({PAUSE_SECONDS} * 4); {lock.format('NEW')}"
    return trigger(engine, "appointments", "BEFORE UPDATE", body)
