"""What the tests of the front desk share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time

import sqlalchemy as sa
from flask import Flask

from hms_web.models import DoctorSlot, db
from tests.web.pages import Browser, Form, Page
from tests.web.record_scenes import Desk

KIBIBYTE = 1024


def slot_of(desk: Desk, at: time) -> DoctorSlot:
    return desk.clinic.slot(desk.doctor_id, at)


def opened(desk: Desk, browser: Browser, at: time = time(9)) -> Page:
    return browser.get(f"/front-desk?slot={slot_of(desk, at).id}")


def form_of(desk: Desk, browser: Browser, at: time = time(9)) -> Form:
    return opened(desk, browser, at).form(id="booking")


def cells(page: Page) -> dict[str, str]:
    """The grid's buttons by their labels."""
    columns = page.all("div", class_="col")
    return {b.attrib["aria-label"]: b.attrib["value"] for column in columns for b in column.findall("button")}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
