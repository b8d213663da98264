import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_web.web.front_desk import timeline
from hms_web.web.front_desk.timeline import Cell, Stretch

ROOT = Path(__file__).parents[2]
HEIGHTS = {int(number) for number in re.findall(r"\.m(\d+)\{--m:\1\}", (ROOT / "static/css/minutes.css").read_text())}
BREAK = Cell(780, 840, "x", "break")


def free(start: int, end: int) -> Cell:
    return Cell(start, end, "f", timeline.clock(start), name="slot", value="id")


def minutes(cell: Cell) -> int:
    return int(cell.height.split()[0][1:])


def morning(length: int) -> list[Cell]:
    return [free(at, at + length) for at in range(540, 780, length)]


def test_the_stylesheet_knows_every_height_that_can_be_asked_for() -> None:
    assert set(range(1, 1441)) - HEIGHTS == {n for n in range(241, 1441) if n % 5}
    for wanted in range(1, 1441):
        heights = [int(piece[1:]) for piece in timeline.chunks(wanted)]
        assert sum(heights) == wanted
        assert HEIGHTS.issuperset(heights)
        assert timeline.whole_height(wanted) in HEIGHTS


def test_the_scales_are_those_of_the_stylesheet() -> None:
    css = (ROOT / "static/css/grid.css").read_text()
    written = {int(step): float(px) for step, px in re.findall(r"\.s(\d+) \{ --least: ([\d.]+)px; \}", css)}
    assert written == timeline.SCALES
    assert all(step * least >= 24 for step, least in written.items()), "every slot is a target of 24 px"


def test_twenty_past_ten_stands_between_ten_and_half_past() -> None:
    half_hours, thirds = morning(30), morning(20)
    shared = timeline.ruler([half_hours, thirds], 20)
    assert shared
    above = {
        cell.words: sum(minutes(other) for other in column[: column.index(cell)])
        for column in (timeline.pile(half_hours, shared, None), timeline.pile(thirds, shared, None))
        for cell in column
    }
    assert above["10:00"] < above["10:20"] < above["10:30"]


def test_a_break_that_all_share_is_pressed_into_a_band() -> None:
    columns = [[*morning(30), free(840, 870)], [*morning(20), free(840, 860)]]
    shared = timeline.ruler(columns, 20)
    assert shared
    assert shared.bands == (Stretch(780, 840),)
    piled = timeline.pile(columns[0], shared, BREAK)
    assert [cell.words for cell in piled if cell.height == timeline.BAND] == ["break"]
    assert [mark.words for mark in shared.marks() if mark.height == timeline.BAND] == ["13:00"]
    assert shared.room == "m270"


def test_a_break_of_one_doctor_keeps_its_height() -> None:
    columns = [[*morning(30), free(840, 870)], [free(at, at + 30) for at in range(540, 870, 30)]]
    shared = timeline.ruler(columns, 30)
    assert shared
    assert shared.bands == ()
    piled = timeline.pile(columns[0], shared, BREAK)
    assert [(cell.words, minutes(cell)) for cell in piled if cell.css == "x"] == [("break", 60)]


def test_neighbours_closed_for_one_reason_are_one_across_the_break_and_say_it_once() -> None:
    leave = [Cell(at, at + 30, "x", "leave", is_closed=True) for at in [*range(540, 780, 30), 840, 870]]
    shared = timeline.ruler([leave, [*morning(30), free(840, 900)]], 30)
    assert shared
    piled = timeline.pile(leave, shared, BREAK)
    assert [(cell.words, cell.height) for cell in piled] == [("leave", "m240"), ("", "band"), ("", "m60")]


def test_two_that_overlap_are_not_shown_over_each_other() -> None:
    cells = [free(540, 600), free(550, 580), free(590, 630)]
    shared = timeline.ruler([cells], 30)
    assert shared
    piled = timeline.pile(cells, shared, None)
    assert [(cell.start, cell.end) for cell in piled] == [(540, 600), (600, 630)]


def test_the_line_at_now_is_where_the_minute_is() -> None:
    shared = timeline.ruler([[*morning(30), free(840, 870)]], 30)
    assert shared
    assert shared.until(540) == []
    assert shared.until(625) == ["m85"]
    assert shared.until(850) == ["m240", "band", "m10"]
    assert shared.until(900) == []


def test_nothing_to_show_has_no_ruler() -> None:
    assert timeline.ruler([[], []], 30) is None


@pytest.mark.parametrize(("shortest", "step"), [(5, 5), (7, 10), (15, 15), (30, 30), (45, 30), (240, 30)])
def test_the_shortest_slot_decides_the_scale(shortest: int, step: int) -> None:
    shared = timeline.ruler([[free(540, 540 + shortest)]], shortest)
    assert shared
    assert shared.step == step


spans = st.lists(st.tuples(st.integers(0, 1380), st.integers(5, 60)), min_size=1, max_size=12)


@given(st.lists(spans, min_size=1, max_size=5))
def test_all_columns_are_equally_high_and_have_no_gaps(drawn: list[list[tuple[int, int]]]) -> None:
    columns = [[free(start, start + length) for start, length in sorted(column)] for column in drawn]
    shared = timeline.ruler(columns, 30)
    assert shared
    heights = set()
    for column in columns:
        piled = timeline.pile(column, shared, None)
        bands = sum(cell.height == timeline.BAND for cell in piled)
        heights.add((bands, sum(minutes(cell) for cell in piled if cell.height != timeline.BAND)))
    assert len(heights) == 1
    marks = shared.marks()
    assert heights == {
        (
            sum(mark.height == timeline.BAND for mark in marks),
            sum(int(mark.height[1:]) for mark in marks if mark.height != timeline.BAND),
        )
    }
