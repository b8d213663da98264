"""Whatever stands in an address, a page answers it and never breaks."""

import base64
import json
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.callers import caller_of
from tests.web.pages import HX
from tests.web.record_scenes import Desk

PARTS = (
    *(
        "",
        "0",
        "1",
        "-1",
        "1E+200000",
        "1e-99999",
        "NaN",
        "sNaN",
        "-Infinity",
        "9" * 5000,
        "49.9988",
        "a",
        "\0",
        "\ud800",
    ),
    *("é" * 300, "2026-03-02", "9999-12-31", "0001-01-01", "2026-03-02T10:00:00+00:00", "9999-12-31T23:59:59-14:00"),
    *("0001-01-01T00:00:00+14:00", "01890000-0000-7000-8000-000000000000", "{}", "[]", "null"),
)
NAMES = (
    *(
        "cursor",
        "date",
        "first",
        "last",
        "doctor",
        "department",
        "status",
        "q",
        "slot",
        "appointment",
        "move",
        "cancel",
    ),
    *("affected", "seen", "all", "next"),
)
PATHS = (
    *("/front-desk", "/front-desk/grid", "/front-desk/day", "/front-desk/next-free", "/appointments", "/doctors"),
    *("/users", "/holidays", "/patients", "/appointments/{booked}", "/doctors/{doctor}/absences", "/login"),
)
LISTS = ("/patients?q=smith&", "/patients?", "/doctors?", "/users?", "/holidays?", "/appointments?", "/notifications?")


def cursor_of(parts: list[Any]) -> str:
    """A cursor that is well-formed, whatever its parts are."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


parts = st.one_of(st.sampled_from(PARTS), st.integers(), st.none())
cursors = st.lists(parts, max_size=4).map(cursor_of)
written = st.one_of(st.sampled_from(PARTS), cursors, st.text(max_size=30))
bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@bounded
@given(
    path=st.sampled_from(PATHS),
    asked=st.dictionaries(st.sampled_from(NAMES), written, max_size=4),
    headers=st.sampled_from([{}, HX]),
)
def test_no_query_string_breaks_a_page(desk: Desk, path: str, asked: dict[str, str], headers: dict[str, str]) -> None:
    browser = desk.admin()
    url = path.format(booked=desk.booked.id, doctor=desk.doctor_id)
    answer = browser.client.get(f"{url}?{urlencode(asked, errors='surrogatepass')}", headers=headers)
    assert answer.status_code < 500, (url, asked)


@bounded
@given(path=st.sampled_from(LISTS), cursor=cursors)
def test_no_cursor_breaks_a_list(desk: Desk, path: str, cursor: str) -> None:
    program = caller_of(desk.app.test_client(), desk.clinic, desk.clinic.admin)
    assert program.get(f"{path}cursor={cursor}").status_code in {200, 422}


@pytest.mark.parametrize("kinds", [3, 2])
def test_each_part_of_a_cursor_may_be_hostile(desk: Desk, kinds: int) -> None:
    program = caller_of(desk.app.test_client(), desk.clinic, desk.clinic.admin)
    key = "01890000-0000-7000-8000-000000000000"
    whole = ["1", "a", key] if kinds == 3 else ["1", key]
    for part, place, path in product(PARTS, range(kinds), LISTS):
        cursor = [part if at == place else usual for at, usual in enumerate(whole)]
        assert program.get(f"{path}cursor={cursor_of(cursor)}").status_code in {200, 422}, (path, cursor)
