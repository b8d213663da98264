"""In which language, and with which words for dates, a page is written. English for now; all text goes through `_`."""

from datetime import date

import flask_babel
from babel.dates import format_date, format_skeleton
from flask import Flask
from flask_babel import Babel, get_locale

DEFAULT = "en_GB"


def init_app(app: Flask) -> None:
    """Set the language of each request."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    Babel(app)
    app.add_template_global(tag, "language_tag")


def gettext(text: str, **values: object) -> str:
    """A text in the language of the request, with its `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """A text that counts, in the language of the request; the number is its `%(num)d`."""
    return str(flask_babel.ngettext(one, many, number, **values))


def tag() -> str:
    """The language as HTML names it."""
    return str(get_locale() or DEFAULT).replace("_", "-").partition("-")[0]


def long_date(day: date) -> str:
    """A date with its weekday, like `Monday 23 November`."""
    return format_date(day, "EEEE d MMMM", locale=get_locale())


def full_date(day: date) -> str:
    """A date with its year, like `23 November 2026`."""
    return format_date(day, "d MMMM y", locale=get_locale())


def short_date(day: date) -> str:
    """A date for a table, like `Mon 23 Nov`."""
    return format_skeleton("EdMMM", day, locale=get_locale()).replace(",", "")


def month_name(day: date) -> str:
    """A month with its year, like `November 2026`."""
    return format_skeleton("yMMMM", day, locale=get_locale())


def weekday_names(day: date) -> tuple[str, str]:
    """A date's weekday, short for the head of a table and in full: `Mon`, `Monday`."""
    return format_date(day, "EEE", locale=get_locale()), format_date(day, "EEEE", locale=get_locale())
