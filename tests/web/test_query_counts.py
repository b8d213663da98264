"""Pages and lists ask the database as often for fifty rows as for one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from itertools import product

import sqlalchemy as sa
from flask import Flask

from hms_web.models import db
from tests.api.callers import caller_of
from tests.scenes import MONDAY
from tests.web.pages import HX
from tests.web.record_scenes import Desk

ROWS = 50
PAGES = {
    "/front-desk": 200,
    "/front-desk/grid": 200,
    "/front-desk/day": 200,
    f"/appointments?first={MONDAY}": 200,
    "/affected": 200,
    "/patients": 200,
    "/doctors": 200,
    "/holidays": 200,
    "/users": 200,
    "/messages": 200,
    "/messages/to-phone": 200,
    "/messages/templates": 200,
    "/messages/providers": 200,
    "/notifications": 200,
    "/audit?first=": 200,
    "/alerts": 200,
    "/no-shows": 200,
    "/no-shows/review": 200,
    "/overview": 200,
}
LISTS = (
    "/patients?limit=100",
    "/patients?q=pati&limit=100",
    "/doctors?limit=100",
    f"/appointments?from={MONDAY}&limit=100",
    "/holidays?limit=100",
    "/users?limit=100",
    "/notifications?limit=100",
    "/no-show/logs?limit=100",
    "/no-show/alerts?limit=100",
)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine
    note: Callable[..., None] = lambda *given: seen.append(str(given[2]))  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def queries(desk: Desk) -> dict[str, int]:
    """How many statements each page and each list needs."""
    browser, program = desk.admin(), caller_of(desk.app.test_client(), desk.clinic, desk.clinic.admin)
    needed = {}
    for path, headers in product(PAGES, ({}, HX)):
        browser.client.get(path, headers=headers)  # makes the slots that are looked at for the first time
        with counted(desk.app) as seen:
            assert browser.client.get(path, headers=headers).status_code == PAGES[path], path
        needed[f"{path} {headers}"] = len(seen)
    for path in LISTS:
        with counted(desk.app) as seen:
            answer = program.get(path)
        assert answer.status_code == 200, (path, answer.text)
        needed[path] = len(seen)
    return needed


def affect(desk: Desk) -> None:
    """Let every appointment need another time."""
    desk.session.execute(sa.text("UPDATE appointments SET affected_cause = 'HOLIDAY'"))
    desk.session.commit()


ALERTS = """
    INSERT INTO stage_alerts (id, hospital_id, appointment_id, patient_id, doctor_id, alert_type, status, message,
                              waiting_since, created_at)
    SELECT a.id, a.hospital_id, a.id, a.patient_id, a.doctor_id, 'NO_VITALS', 'ACTIVE', '', a.starts_at, a.starts_at
      FROM appointments a ON CONFLICT DO NOTHING
"""
LOGS = """
    INSERT INTO no_show_logs (id, hospital_id, appointment_id, patient_id, doctor_id, reason, slot_time,
                              timeout_minutes, slot_released, previous_status, created_at)
    SELECT a.id, a.hospital_id, a.id, a.patient_id, a.doctor_id, 'AUTO_TIMEOUT', a.starts_at, 30, false, 'SCHEDULED',
           a.starts_at
      FROM appointments a ON CONFLICT DO NOTHING
"""


def miss(desk: Desk) -> None:
    """Let every patient wait too long, have missed something, and stand on the list of those to ask about."""
    for statement in (ALERTS, LOGS, "UPDATE appointments SET no_show_review_at = starts_at"):
        desk.session.execute(sa.text(statement))
    desk.session.commit()


def test_fifty_rows_need_no_more_queries_than_one(desk: Desk) -> None:
    place = desk.clinic
    place.holiday(MONDAY + timedelta(days=200))
    affect(desk)
    miss(desk)
    few = queries(desk)
    for number in range(ROWS - 1):
        place.book(place.doctor(), place.patient(), time(10))
        place.holiday(MONDAY + timedelta(days=201 + number))
    affect(desk)
    miss(desk)
    many = queries(desk)
    assert {path: (few[path], many[path]) for path in few if many[path] > few[path]} == {}
