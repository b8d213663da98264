"""The demo's invented season: what is written at once is what the use cases would have written, row by row."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.alerts import AlertType
from hms_web.domain.local_time import first_instant
from hms_web.services import (
    demo_house,
    outbox,
)
from hms_web.services.demo_house import ZONE, House
from hms_web.services.demo_season import history, invention, loading
from hms_web.services.demo_season.deeds import Closure, Course, Kind, Practice
from hms_web.services.demo_season.invention import Season
from hms_web.services.demo_season.rows import Cast, Rows
from tests import invariants
from tests.conftest import empty
from tests.services.season_life import Life

TODAY = date(2026, 3, 2)
OPENED = TODAY - timedelta(days=42)
NOW = first_instant(TODAY, time(8), ZONE)
FEW = 2
"""So many visits of each kind are lived."""
TABLES = (
    "appointments audit_events notifications vitals consultations no_show_logs stage_alerts token_counters patients"
)
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def opened(session: Session) -> House:
    house = demo_house.open_house(session, 200, opened=first_instant(OPENED, time(7), ZONE), today=TODAY)
    session.commit()
    return house


def season_of(house: House, *closures: Closure) -> Season:
    practices = [Practice(one.slot_duration, one.schedules, one.department) for one in house.doctors]
    return Season(ZONE, OPENED, NOW, TODAY, practices, house.ages, closures)


def cast_of(house: House) -> Cast:
    return Cast(house.system, house.nurse, house.desks, house.doctor_actors, house.patient_ids)


def of_every_kind(courses: Sequence[Course]) -> list[Course]:
    """Choose visits that are over: a few that have each kind of deed, the slow ones, and all of the three who never
    come.
    """
    over = [course for course in courses if course.slot.day < TODAY]
    unreliable = {course.patient for course in over if any(deed.kind is Kind.SWEEP for deed in course.deeds)}
    missed = Counter(course.patient for course in over if course.deeds[-1].kind is Kind.SWEEP)
    blocked = {patient for patient in unreliable if missed[patient] == 3}
    assert len(blocked) == 3
    chosen = {id(course): course for course in over if course.patient in blocked}
    for kind in Kind:
        having = [course for course in over if any(deed.kind is kind for deed in course.deeds)]
        assert having, f"nobody in the season has {kind.name}"
        chosen |= {id(course): course for course in having[:FEW]}
    slow = sorted(over, key=waited, reverse=True)
    chosen |= {id(course): course for course in slow[:12]}
    return list(chosen.values())


def waited(course: Course) -> timedelta:
    """How long somebody waited at the stage at which they waited longest."""
    at = {deed.kind: deed.at for deed in course.deeds}
    came = at.get(Kind.CHECK_IN) or at.get(Kind.REVERT)
    if came is None or Kind.START not in at:
        return timedelta()
    return max(at[Kind.VITALS] - came, at[Kind.START] - max(at[Kind.VITALS], course.slot.span.starts_at))


def told(session: Session, house: House, courses: Sequence[Course]) -> Rows:
    voice = outbox.voice_of(session, house.system.hospital_id, [])

    def rows_of(notice: outbox.PatientNotice, at: datetime) -> list[dict[str, Any]]:
        return list(outbox.rows_for(voice, house.system.hospital_id, [notice], at))

    return history.tell(cast_of(house), courses, rows_of, now=NOW, phoned_before=NOW)


def load(session: Session, house: House, courses: Sequence[Course]) -> None:
    loading.write(session, cast_of(house), told(session, house, courses))
    session.commit()


def everything(session: Session) -> dict[str, list[str]]:
    """Return every row of the tables as text in a fixed order, with names in place of ids."""
    session.rollback()
    found = {name: rows_of(session, name) for name in TABLES.split()}
    names = dict(names_of(session, found))
    session.rollback()

    def named(row: dict[str, Any]) -> str:
        return UUIDS.sub(lambda match: names.get(match[0], "?"), json.dumps(row, sort_keys=True))

    return {name: sorted(map(named, rows)) for name, rows in found.items()}


def rows_of(session: Session, name: str) -> list[dict[str, Any]]:
    return list(session.scalars(sa.select(sa.func.to_jsonb(sa.table(name).table_valued()))))


def names_of(session: Session, found: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    for key, name in session.execute(sa.text("SELECT id::text, name FROM users")):
        yield key, name
    for key, name in session.execute(
        sa.text("SELECT d.id::text, u.name FROM doctors d JOIN users u ON u.id = user_id")
    ):
        yield key, f"doctor {name}"
    yield from ((row["id"], row["mrn"]) for row in found["patients"])
    visits_by_id = {row["id"]: f"{row['patient_id']} at {row['starts_at']}" for row in found["appointments"]}
    people = {row["id"]: row["mrn"] for row in found["patients"]}
    named = {key: UUIDS.sub(lambda match: people[match[0]], words) for key, words in visits_by_id.items()}
    yield from named.items()
    yield from ((row["id"], f"seen {named[row['appointment_id']]}") for row in found["consultations"])
    yield from ((row["id"], f"{row['alert_type']} {named[row['appointment_id']]}") for row in found["stage_alerts"])
    yield from (
        (row["id"], f"{row['event']} {row['channel']} {named[row['appointment_id']]}")
        for row in found["notifications"]
        if row["appointment_id"]
    )


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small season in which rare things are less rare."""
    monkeypatch.setattr(invention, "FILL", 0.3)


@pytest.mark.usefixtures("tight")
def test_what_is_written_at_once_is_what_the_use_cases_write(session: Session, engine: sa.Engine) -> None:
    house = opened(session)
    courses = of_every_kind(invention.courses(season_of(house), 11))
    assert len(courses) >= 30
    Life(session, house).live(courses)
    lived = everything(session)
    session.rollback()
    empty(engine)
    session.expunge_all()
    load(session, opened(session), courses)
    loaded = everything(session)
    for name in lived:
        assert loaded[name] == lived[name], name
    assert all(any(f'"{kind}"' in row for row in lived["stage_alerts"]) for kind in AlertType)
    assert any('"acknowledged_at": "' in row for row in lived["stage_alerts"])
    assert any('"phoned_at": "' in row for row in lived["notifications"])
    invariants.check(session.connection())
    session.rollback()


@pytest.mark.usefixtures("tight")
def test_what_is_invented_keeps_the_rules(session: Session) -> None:
    house = opened(session)
    leave = Closure(0, TODAY - timedelta(days=9), TODAY - timedelta(days=8), NOW - timedelta(days=40))
    soon = Closure(None, TODAY + timedelta(days=1), TODAY + timedelta(days=1), NOW - timedelta(days=1))
    season = season_of(house, leave, soon)
    courses = invention.courses(season, 11)
    assert courses == invention.courses(season, 11)
    assert courses != invention.courses(season, 12)
    assert max(Counter((course.patient, course.slot.day) for course in courses).values()) == 1
    assert all(deed.at <= NOW for course in courses for deed in course.deeds)
    assert all(course.deeds[0].kind is Kind.BOOK for course in courses)
    assert not [course for course in courses if leave.covers(course.doctor, course.slot)]
    waiting = [course for course in courses if soon.covers(course.doctor, course.slot)]
    assert waiting
    assert all(deed.at < soon.known_from for course in waiting for deed in course.deeds)


def test_nobody_is_invented_where_there_is_nobody(session: Session) -> None:
    house = opened(session)
    assert invention.courses(replace(season_of(house), ages=()), 11) == []
