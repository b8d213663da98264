"""A list as a file for a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from flask import Response

from hms_web.domain import csv_cells
from hms_web.domain.identity import Actor

MARK = "\ufeff"
"""Begins the file, so that spreadsheets read it as UTF-8."""


def line(*values: object) -> str:
    """Return one line; nothing in it is a formula."""
    written = io.StringIO()
    csv.writer(written).writerow([csv_cells.cell(value) for value in values])
    return written.getvalue()


def local(actor: Actor, instant: datetime) -> str:
    """Return an instant on the hospital's clock, as spreadsheets sort it."""
    return f"{instant.astimezone(actor.zone):%Y-%m-%d %H:%M}"


def answer(lines: Iterable[str], name: str) -> Response:
    """Return the answer that a browser saves as the file `name`; its lines are sent as they come."""
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
