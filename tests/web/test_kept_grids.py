"""A grid is rendered anew when the database or the clock says something new, and only then."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web import clock
from hms_web.models import DoctorSlot, LoginSession
from hms_web.services.kept import Kept
from hms_web.web.front_desk import grid, rendering
from tests.api.callers import caller_of
from tests.scenes import MONDAY, NOW
from tests.web.desk_scenes import cells, slot_of
from tests.web.pages import HX
from tests.web.record_scenes import Desk
from tests.web.test_query_counts import counted

GRID = "/front-desk/grid"
NINE = "09:00 free, Dr. 001"


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each grid that was laid out anew."""
    done: list[int] = []
    lay_out = grid.lay_out

    def noting(*args: Any, **more: Any) -> grid.Grid:
        done.append(1)
        return lay_out(*args, **more)

    monkeypatch.setattr(grid, "lay_out", noting)
    monkeypatch.setattr(rendering, "grids", Kept(10))
    return done


def hold(desk: Desk, seconds: int) -> None:
    """Let the colleague hold the slot at nine for a while."""
    held = {"held_by_id": desk.clinic.other.user_id, "held_until": NOW + timedelta(seconds=seconds)}
    desk.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_of(desk, time(9)).id).values(held))
    desk.session.commit()


def test_the_same_day_is_laid_out_once_for_all_who_see_the_same(desk: Desk, laid_out: list[int]) -> None:
    desk.reception().get(GRID, headers=HX)  # makes the day's slots, so what it shows is not yet what is stored
    desk.reception().get(GRID, headers=HX)
    before = len(laid_out)
    for browser in (desk.reception(), desk.reception()):
        assert NINE in cells(browser.get(GRID, headers=HX))
    assert len(laid_out) == before
    desk.admin().get(GRID, headers=HX)
    assert len(laid_out) == before + 1, "an administrator may open closed time"


def test_a_booking_and_a_minute_are_new(desk: Desk, laid_out: list[int]) -> None:
    browser = desk.reception()
    browser.get(GRID, headers=HX)
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Ravi Iyer"), time(9))
    assert "09:00 Ravi Iyer, expected, Dr. 001" in cells(browser.get(GRID, headers=HX))
    desk.session.execute(sa.update(LoginSession).values(last_seen_at=NOW + timedelta(hours=1)))  # at work meanwhile
    desk.session.commit()
    with clock.fixed(NOW + timedelta(hours=1, minutes=1)):
        assert "09:00 Ravi Iyer, late, Dr. 001" in cells(browser.get(GRID, headers=HX))


def test_who_finds_nothing_changed_asks_one_question(desk: Desk) -> None:
    """Who that is and what was changed; of a changed day the days are told too."""
    browser = desk.reception()
    program = caller_of(desk.app.test_client(), desk.clinic, desk.clinic.actor)

    def asked() -> list[int]:
        questions = []
        asking: tuple[Callable[[], object], ...] = (
            lambda: browser.get(f"{GRID}?department=Cardiology", headers=HX),
            lambda: program.get(f"/slots/doctor/{desk.doctor_id}/date/{MONDAY}"),
        )
        for ask in asking:
            with counted(desk.app) as statements:
                ask()
            questions.append(len(statements))
        return questions

    asked()  # makes the day's slots
    asked()
    assert asked() == [1, 1]
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Ravi Iyer"), time(9))
    assert asked() == [2, 2]
    assert asked() == [1, 1]
    assert "Ravi Iyer" in browser.get(f"{GRID}?department=Cardiology", headers=HX).text


def test_a_hold_is_its_holders_alone_and_lapses_to_the_second(desk: Desk, laid_out: list[int]) -> None:
    browser = desk.reception()
    browser.get(GRID, headers=HX)
    hold(desk, 20)
    assert NINE not in cells(browser.get(GRID, headers=HX))
    assert "held by Reception 2" in browser.get(GRID, headers=HX).text
    with clock.fixed(NOW + timedelta(seconds=19)):
        assert NINE not in cells(browser.get(GRID, headers=HX))
    with clock.fixed(NOW + timedelta(seconds=20)):
        assert NINE in cells(browser.get(GRID, headers=HX)), "within the same minute"


def test_the_grid_of_another_day_is_kept_until_the_date_changes_or_somebody_books(
    desk: Desk, laid_out: list[int]
) -> None:
    browser = desk.reception()
    tomorrow = f"{GRID}?date={MONDAY + timedelta(days=1)}"
    browser.get(tomorrow, headers=HX)
    browser.get(tomorrow, headers=HX)
    before = len(laid_out)
    with clock.fixed(NOW + timedelta(minutes=5)):
        assert NINE in cells(browser.get(tomorrow, headers=HX))
        assert len(laid_out) == before
        desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Ravi Iyer"), time(9), MONDAY + timedelta(days=1))
        assert "09:00 Ravi Iyer, expected, Dr. 001" in cells(browser.get(tomorrow, headers=HX))
    later = NOW + timedelta(days=1, hours=1, minutes=1)
    desk.session.execute(sa.update(LoginSession).values(last_seen_at=later, expires_at=later + timedelta(hours=1)))
    desk.session.commit()
    with clock.fixed(later):
        assert "09:00 Ravi Iyer, late, Dr. 001" in cells(browser.get(tomorrow, headers=HX)), "it is today by now"


def test_what_was_asked_for_last_is_kept() -> None:
    kept: Kept[str] = Kept(most=2)
    later = NOW + timedelta(minutes=1)
    for name in "ab":
        kept.put(name, name.upper(), later)
    assert kept.get("a", NOW) == "A"
    kept.put("c", "C", later)
    assert [kept.get(name, NOW) for name in "abc"] == ["A", None, "C"]
    assert kept.get("a", later) is None
