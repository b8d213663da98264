"""A whole list as a file: written into the audit trail first, and honest about what it leaves out."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from flask import Response

from hms_web import clock
from hms_web.models import db
from hms_web.services import record_reads
from hms_web.web import auth, csv_lines
from hms_web.web.language import gettext

MOST_ROWS = 20_000
"""Rows of one file; that there is more is said in its last line."""


def answer(listed: str, names: Sequence[str], rows: Iterable[Sequence[object]], **filters: object) -> Response:
    """Return the file `listed`.csv with a line of names and one for each row; `filters` are what narrowed it."""
    record_reads.exported(db.session(), auth.actor(), listed.replace("-", "_"), now=clock.now(), **filters)
    return csv_lines.answer(["".join(_lines(names, rows))], f"{listed}.csv")


def local(at: datetime | None) -> str:
    """Return an instant on the hospital's clock; nothing for None."""
    return csv_lines.local(auth.actor(), at) if at else ""


def _lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield csv_lines.MARK + csv_lines.line(*names)
    every = iter(rows)
    for row in islice(every, MOST_ROWS):
        yield csv_lines.line(*row)
    if next(every, None) is not None:
        yield csv_lines.line(gettext("There is more than these %(num)d. Narrow the list to have it.", num=MOST_ROWS))
