"""A refusal as JSON and back, so that its sentence can be told again later."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from hms_web.domain.refusals import Code, Refusal

_READERS = {"instant": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}


def packed(refusal: Refusal) -> dict[str, Any]:
    """Return the facts of a refusal for a JSON column."""
    return {name: _packed(value) for name, value in refusal.facts.items()}


def _packed(value: object) -> Any:  # noqa: ANN401 JSON is what it is
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    return value


def unpacked(code: str | None, facts: Mapping[str, Any]) -> Refusal | None:
    """Return the refusal that was kept, or None where nothing was refused."""
    return Refusal(Code(code), {name: _unpacked(value) for name, value in facts.items()}) if code else None


def _unpacked(value: Any) -> object:  # noqa: ANN401
    if not isinstance(value, dict):
        return value
    ((kind, written),) = value.items()
    return _READERS[kind](written)
