"""Finding staff by words, wherever in a name or an address they stand: a hospital has a thousand of them at most."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import is_storable
from hms_web.services.patient_search import escaped


def check(field: str, typed: str | None) -> None:
    """Refuse what the database could not hold; raises InvalidInput."""
    if typed is not None and not is_storable(typed):
        raise InvalidInput([(field, phrase("Use letters, digits and signs that can be printed."))])


def every_word(typed: str | None, *columns: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 columns of text
    """Return the conditions that each word of `q` stands in one of the columns; raises InvalidInput."""
    check("q", typed)
    patterns = [f"%{escaped(word)}%" for word in (typed or "").split()]
    return [or_(*(column.ilike(pattern, escape="\\") for column in columns)) for pattern in patterns]
