"""The baselines' own tables, with the same number of rows as the product's: only the columns that the work needs."""

from typing import LiteralString

import psycopg

SLOTS_A_DAY = 14

_TABLES: LiteralString = """
DROP TABLE IF EXISTS clinician, week_hours, away, closed_day, person, half_hour, visit, journal, missed, message;
CREATE TABLE clinician (id int PRIMARY KEY, name text NOT NULL, is_open bool NOT NULL DEFAULT true,
  works_here bool NOT NULL DEFAULT true, most_a_day int NOT NULL DEFAULT 30);
CREATE TABLE week_hours (clinician_id int, weekday int, opens time, closes time, pause_from time, pause_to time,
  PRIMARY KEY (clinician_id, weekday));
CREATE TABLE away (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, clinician_id int NOT NULL, first date NOT NULL,
  last date NOT NULL, is_active bool NOT NULL DEFAULT true);
CREATE INDEX ON away (clinician_id, first);
CREATE TABLE closed_day (day date PRIMARY KEY);
CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
  misses int NOT NULL DEFAULT 0, is_blocked bool NOT NULL DEFAULT false);
CREATE INDEX ON person USING gin (name gin_trgm_ops);
CREATE TABLE half_hour (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, clinician_id int NOT NULL,
  begins timestamptz NOT NULL, minutes int NOT NULL DEFAULT 30, state text NOT NULL DEFAULT 'free',
  UNIQUE (clinician_id, begins));
CREATE TABLE visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, half_hour_id int NOT NULL,
  person_id int NOT NULL, clinician_id int NOT NULL, begins timestamptz NOT NULL, minutes int NOT NULL DEFAULT 30,
  state text NOT NULL DEFAULT 'SCHEDULED');
CREATE UNIQUE INDEX ON visit (half_hour_id) WHERE state NOT IN ('CANCELLED', 'NO_SHOW');
CREATE INDEX ON visit (clinician_id, begins);
CREATE INDEX ON visit (person_id, begins);
CREATE INDEX ON visit (begins, id);
CREATE INDEX ON visit (begins) WHERE state = 'SCHEDULED';
CREATE TABLE journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(),
  who int NOT NULL, what text NOT NULL, visit_id bigint NOT NULL);
CREATE TABLE missed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, visit_id bigint NOT NULL UNIQUE,
  person_id int NOT NULL, clinician_id int NOT NULL, begins timestamptz NOT NULL, minutes int NOT NULL,
  at timestamptz NOT NULL DEFAULT now());
CREATE TABLE message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id int NOT NULL, kind text NOT NULL,
  words text NOT NULL, at timestamptz NOT NULL DEFAULT now());
"""
_STAFF = """
INSERT INTO clinician (id, name) SELECT n, 'Dr. Name' || n || ' Surname' FROM generate_series(1, %(doctors)s) n
"""
_WEEKS = """
INSERT INTO week_hours
SELECT id, weekday, '09:00', '17:00', '13:00', '14:00' FROM clinician, generate_series(0, 6) weekday
"""
_AWAY = """
INSERT INTO away (clinician_id, first, last) SELECT id, current_date - 20, current_date - 10 FROM clinician
"""
_CLOSED = "INSERT INTO closed_day SELECT current_date - n FROM generate_series(1, 12) n"
_PEOPLE = "INSERT INTO person (name) SELECT name FROM unnest(%(names)s::text[]) name"

MAKE_HALF_HOURS = """
INSERT INTO half_hour (clinician_id, begins)
SELECT clinician, current_date + day + time '09:00' + (part + CASE WHEN part >= 8 THEN 2 ELSE 0 END) * interval '30 min'
  FROM generate_series(1, %(doctors)s) clinician, generate_series(%(first)s::int, %(last)s) day,
       generate_series(0, 13) part
"""
"""The slots of a range of days from today, with one statement: the baseline of making them."""

# So many as the product's have: every fourth of a day's.
_SOME_TAKEN = """
WITH taken AS (UPDATE half_hour SET state = 'booked' WHERE id %% 4 = 0 AND begins < current_date + 29 RETURNING *)
INSERT INTO visit (half_hour_id, person_id, clinician_id, begins)
SELECT id, id %% %(patients)s + 1, clinician_id, begins FROM taken
"""


def fill(connection: psycopg.Connection, doctors: int, names: list[str], days: int) -> None:
    """Make the tables anew with doctors, people, and slots of some days from tomorrow, a fourth of them taken."""
    given = {"doctors": doctors, "patients": len(names), "names": names, "first": 1, "last": days}
    connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    connection.execute(_TABLES)
    for statement in (_STAFF, _WEEKS, _AWAY, _CLOSED, _PEOPLE, MAKE_HALF_HOURS, _SOME_TAKEN):
        connection.execute(statement, given)
    connection.commit()
    settle(connection)


def settle(connection: psycopg.Connection) -> None:
    """Let nothing that was written before disturb what is measured next."""
    connection.autocommit = True
    connection.execute("VACUUM (ANALYZE) half_hour, visit, person, journal, missed, message")
    connection.execute("CHECKPOINT")
    connection.autocommit = False
