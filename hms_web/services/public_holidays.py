"""Countries' public holidays, as the library `holidays` knows them; the one module that asks it."""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from hms_web.domain.holidays import Holiday
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import InvalidInput

# Names in English where the library has them, otherwise in the country's own language.
LANGUAGE = "en_US"
UNKNOWN_COUNTRY = phrase("The public holidays of this country are not known. Give its two letters, like IN.")
NO_PARTS = phrase("This country is not divided. Leave it empty.")


def _library() -> Any:  # noqa: ANN401 the library has no types
    # Loading it takes longer than answering a page does, and next to no process ever needs it.
    return importlib.import_module("holidays")


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """Return the two letters of every country that is known, with the codes of its parts."""
    listed = _library().list_supported_countries(include_aliases=False)
    return {str(code): tuple(map(str, parts)) for code, parts in sorted(listed.items())}


def parts(country: str) -> dict[str, str]:
    """Return the parts of a country by code, with their names where they have some. Raises InvalidInput."""
    _refuse_unknown(country, None)
    names: Mapping[str, list[str]] = _library().country_holidays(country).get_subdivision_aliases()
    return {code: names[code][0] if names.get(code) else code for code in countries()[country]}


def of_year(country: str, subdivision: str | None, year: int) -> list[Holiday]:
    """Return the public holidays of a year. Raises InvalidInput for a country, or a part of it, that is not known."""
    _refuse_unknown(country, subdivision)
    found = _library().country_holidays(country, subdiv=subdivision, years=year, language=LANGUAGE)
    return [Holiday(str(name), day) for day, name in sorted(found.items()) if day.year == year]


def _unknown_part(known: Sequence[str]) -> str:
    if not known:
        return NO_PARTS
    listed = ", ".join(known)
    return phrase("This country has no such part. Leave it empty, or give one of: %(known)s.", known=listed)


def _refuse_unknown(country: str, subdivision: str | None) -> None:
    if country not in countries():
        raise InvalidInput([("country", UNKNOWN_COUNTRY)])
    known = countries()[country]
    if subdivision is not None and subdivision not in known:
        raise InvalidInput([("subdivision", _unknown_part(known))])


def country_of(timezone: str) -> str | None:
    """Return the two letters of the country that a time zone belongs to, or None where that is not known."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return next((row[0] for row in rows if row[2] == timezone and row[0] in countries()), None)
