"""What is told from memory is what the database would say: whatever changes it gives its doctor a new change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import facts, kept, told_before
from tests.scenes import MONDAY, Clinic
from tests.services.told_days import CHANGES, DEPARTMENT, FRIDAY, HELD, NEW_COLLEAGUE, Days


@pytest.fixture
def days(here: Clinic) -> Days:
    return Days(here)


def test_what_changes_the_days_changes_their_changes(days: Days) -> None:
    both = days.doctor, days.colleague
    for how, statement in CHANGES.items():
        before, each_before = days.seen(), [days.seen_of(days.session, each) for each in both]
        days.do(statement)
        after, each_after = days.seen(), [days.seen_of(days.session, each) for each in both]
        assert after.told != before.told, f"{how}: the database says the same, so this shows nothing"
        assert after.changes != before.changes, how
        for was, now in zip(each_before, each_after, strict=True):
            assert was.told == now.told or was.changes != now.changes, f"{how}: to one of the two doctors"
        days.session.rollback()


def test_every_table_that_is_told_of_is_watched(days: Days) -> None:
    """A table that is asked for newly needs triggers, and cases above."""
    named = set(sa.text(facts.OF_ONE_DOCTOR).text.split())
    tables = days.session.scalars(sa.text("SELECT relname FROM pg_class WHERE relkind = 'r'")).all()
    watched = days.session.scalars(
        sa.text("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_noted'")
    ).all()
    assert named & set(tables) == set(watched)


def test_others_see_a_change_when_they_see_what_was_changed(days: Days, engine: sa.Engine) -> None:
    before = days.seen()
    with Session(engine) as other:
        days.session.execute(sa.text(CHANGES["checked in"]), days.values)
        assert days.seen(other) == before
        days.session.commit()
        after = days.seen(other)
    assert after.told != before.told
    assert after.changes != before.changes


def test_what_is_undone_has_changed_nothing(days: Days) -> None:
    before = days.seen()
    days.session.execute(sa.text(CHANGES["checked in"]), days.values)
    days.session.rollback()
    assert days.seen() == before


def test_two_who_change_a_doctors_days_at_once_do_not_wait_for_each_other(days: Days, engine: sa.Engine) -> None:
    """Whatever is committed last, those who looked in between find it changed."""
    seen = [days.seen()]
    with Session(engine) as one, Session(engine) as another, Session(engine) as onlooker:
        one.execute(sa.text(CHANGES["checked in"]), days.values)
        another.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        another.execute(sa.text(CHANGES["held longer"]), days.values)  # would be refused the lock
        another.commit()
        seen.append(days.seen(onlooker))
        one.commit()
        seen.append(days.seen(onlooker))
    assert len({one.told for one in seen}) == len({one.changes for one in seen}) == 3


@pytest.mark.parametrize(
    ("of_all", "of_one"),
    [
        ("holiday", NEW_COLLEAGUE),
        ("holder renamed", HELD.replace(":doctor", ":colleague")),
    ],
)
def test_who_was_not_there_yet_for_what_is_told_of_all_is_told_anew_too(
    days: Days, engine: sa.Engine, of_all: str, of_one: str
) -> None:
    """What is told of many cannot know whom another transaction has just added to them."""
    with Session(engine) as one, Session(engine) as another, Session(engine) as onlooker:
        one.execute(sa.text(CHANGES[of_all]), days.values)
        another.execute(sa.text(of_one), days.values)
        another.commit()
        of_department = sa.text("SELECT id FROM doctors WHERE department = :department")
        everybody = onlooker.scalars(of_department, {"department": DEPARTMENT}).all()
        before = [days.seen_of(onlooker, each) for each in everybody]
        one.commit()
        after = [days.seen_of(onlooker, each) for each in everybody]
    told_anew = [was.told != now.told for was, now in zip(before, after, strict=True)]
    assert sum(told_anew) == len(everybody), "the database says the same, so this shows nothing"
    assert told_anew == [was.changes != now.changes for was, now in zip(before, after, strict=True)]


def test_changes_do_not_pile_up(days: Days) -> None:
    for _ in range(5):
        days.do(CHANGES["held longer"])
        days.session.commit()
    assert len((days.seen().changes or "").split()) == 3, "one of each doctor and one of the hospital"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the database though it may be known, with nothing known from before."""
    done: list[str] = []

    def noted(name: str, ask: Callable[..., facts.Told]) -> Callable[..., facts.Told]:
        def asking(*given: Any, **more: Any) -> facts.Told:
            done.append(name)
            return ask(*given, **more)

        return asking

    for name in ("tell", "tell_department"):
        monkeypatch.setattr(facts, name, noted(name, getattr(facts, name)))
    monkeypatch.setattr(told_before, "DEPARTMENTS", kept.Kept(10))
    monkeypatch.setattr(told_before, "DOCTORS", kept.Kept(10))
    return done


def test_the_same_changes_are_told_from_memory(days: Days, asked: list[str]) -> None:
    session, actor = days.session, days.here.actor

    def told(changes: str | None, day: date = MONDAY, doctor: UUID = days.doctor) -> facts.Told:
        of_doctor = told_before.of_doctor(session, actor, doctor, day, day, changes=changes)
        assert told_before.of_department(session, actor, DEPARTMENT, day, day, changes=changes) != of_doctor
        return of_doctor

    first = told("1")
    assert asked == ["tell", "tell_department"]
    assert told("1") is first
    assert len(asked) == 2
    assert told("2") == first
    told("1", day=FRIDAY)
    told("1", doctor=days.colleague)
    assert asked.count("tell") == 4
    assert asked.count("tell_department") == 3, "the department is the same for both doctors"
    told(None)
    told(None)
    assert asked.count("tell") == 6, "nobody knows whether it is the same"


def test_another_page_of_a_department_and_another_zone_are_not_told_of_the_one_before(
    days: Days, asked: list[str]
) -> None:
    def names(actor: Actor = days.here.actor, skip: int = 0) -> list[str]:
        told = told_before.of_department(
            days.session, actor, DEPARTMENT, MONDAY, MONDAY, shown=(skip, 1), changes="the same"
        )
        return [row.name for row in told]

    assert [names(), names(skip=1), names()] == [["Dr. 001"], ["Dr. 002"], ["Dr. 001"]]
    assert len(asked) == 2
    names(replace(days.here.actor, timezone="Pacific/Auckland"))  # whose Monday begins at another time
    assert len(asked) == 3


def test_nobody_is_told_of_another_hospitals_department(days: Days, elsewhere: Clinic) -> None:
    also = told_before.about_department(DEPARTMENT)
    query = sa.text(f"SELECT {also.expression} FROM hospitals h WHERE h.id = :hospital")
    assert days.session.scalar(query, {**also.given, "hospital": elsewhere.actor.hospital_id}) is None
    about = told_before.about_doctor(days.doctor)
    query = sa.text(f"SELECT {about.expression} FROM hospitals h WHERE h.id = :hospital")
    assert days.session.scalar(query, {**about.given, "hospital": elsewhere.actor.hospital_id}) is None
    assert days.session.scalar(query, {**about.given, "hospital": days.here.actor.hospital_id})
