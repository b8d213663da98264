"""In which language, and with which words for dates, a page is written; all text goes through `_`.

A person's own choice comes first, then the one that was made in this browser, then what the browser asks for. The
catalogues are read from their `.po` files when a language is first asked for: nothing has to be built before a start.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import flask_babel
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, request
from flask_babel import Babel, Domain, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from hms_web.domain.messages import Language
from hms_web.domain.refusals import InvalidInput
from hms_web.services.wording import Voice

CATALOGUES = Path(__file__).resolve().parent.parent / "translations"
DEFAULT = "en_GB"
# How each language writes dates and numbers: as the people do who read it here.
LOCALES: Mapping[str, str] = {Language.ENGLISH: DEFAULT, Language.HINDI: "hi_IN"}
# Each in its own words, so that whoever reads no other finds it.
NAMES: Mapping[str, str] = {Language.ENGLISH: "English", Language.HINDI: "हिन्दी"}
COOKIE = "language"
CHOSEN, WORDS = "hms_language", "hms_words"


class Catalogues(Domain):  # type: ignore[misc]
    """The translations of the pages, by the language of the request."""

    def get_translations(self) -> NullTranslations:
        """Return those of the request's language; English is what stands in the code."""
        return _words()


def _words() -> NullTranslations:
    """Return the translations of this request, which asks some hundred times for them and not each time anew."""
    found: NullTranslations | None = g.get(WORDS)
    if found is None:
        locale = get_locale()
        found = catalogue(locale.language) if locale is not None else NullTranslations()
        setattr(g, WORDS, found)
    return found


@cache
def catalogue(language: str) -> NullTranslations:
    """Return a language's translations; a language without a catalogue has none and is shown in English."""
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


@pass_eval_context
def _on_page(page: EvalContext, text: str, **values: object) -> str:
    """A text of a template with its `%(name)s` filled in, as the extension does it, for a third of what that costs."""
    words = _words().ugettext(text)
    if page.autoescape:
        words = Markup(words)  # noqa: S704 our own text; what is filled in is escaped  # nosec B704
    return words % values if "%" in words else words


def init_app(app: Flask) -> None:
    """Set the language of each request."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", DEFAULT)
    babel = Babel(app, locale_selector=_chosen)
    babel.domain_instance = Catalogues()
    app.jinja_env.globals["_"] = _on_page
    app.add_template_global(tag, "language_tag")
    app.add_template_global(offered, "languages")
    app.add_template_global(here, "this_page")
    app.add_template_filter(said)


def use(language: str | None) -> None:
    """Write the rest of this request in a person's own language; None leaves it to their browser."""
    setattr(g, CHOSEN, language)
    g.pop(WORDS, None)
    flask_babel.refresh()


def cookie_name() -> str:
    """What the cookie of a stranger's choice is called: bound to this host where there is HTTPS."""
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def _chosen() -> str:
    for language in (g.get(CHOSEN), request.cookies.get(cookie_name())):
        locale = LOCALES.get(language or "")
        if locale is not None:
            return locale
    wanted = request.accept_languages.best_match([str(language) for language in LOCALES])
    return LOCALES[wanted] if wanted else DEFAULT


def offered() -> list[tuple[str, str, bool]]:
    """The languages there are: code, name in its own words, and whether the page is written in it."""
    return [(str(language), name, language == tag()) for language, name in NAMES.items()]


def here() -> str:
    """The page that is looked at, as a form names it to come back to; nothing for an answer to a form."""
    if request.method != "GET":
        return ""
    asked = urlencode(list(request.args.items(multi=True)))
    return f"{request.path}?{asked}" if asked else request.path


def gettext(text: str, **values: object) -> str:
    """A text in the language of the request, with its `%(name)s` filled in."""
    return str(_words().ugettext(text) % values if values else _words().ugettext(text))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """A text that counts, in the language of the request; the number is its `%(num)d`."""
    return str(_words().ungettext(one, many, number) % {"num": number, **values})


def said(words: str) -> str:
    """A sentence of the rules in the language of the request; what somebody has typed stays as it is."""
    return VOICE.say(words)


def mistakes(invalid: InvalidInput) -> list[tuple[str, str]]:
    """What is wrong with an input, in the language of the request: pairs of field and sentence."""
    return [(name, said(sentence)) for name, sentence in invalid.errors]


def tag() -> str:
    """The language as HTML names it."""
    return _locale().language


def long_date(day: date) -> str:
    """A date with its weekday, like `Monday 23 November`."""
    return _written(day, "EEEE d MMMM", _locale())


def full_date(day: date) -> str:
    """A date with its year, like `23 November 2026`."""
    return _written(day, "d MMMM y", _locale())


def dated(day: date) -> str:
    """A date with its weekday and year, like `Monday 23 November 2026`."""
    return _written(day, "EEEE d MMMM y", _locale())


def short_date(day: date) -> str:
    """A date for a table, like `Mon 23 Nov`."""
    return _arranged(day, "EdMMM", _locale()).replace(",", "")


def day_and_month(day: date) -> str:
    """A date where there is little room, like `23 Nov`."""
    return _arranged(day, "dMMM", _locale())


def short_month(day: date) -> str:
    """A month where there is little room, like `Nov 2026`."""
    return _arranged(day, "yMMM", _locale())


def month_name(day: date) -> str:
    """A month with its year, like `November 2026`."""
    return _arranged(day, "yMMMM", _locale())


def weekday_names(day: date) -> tuple[str, str]:
    """A date's weekday, short for the head of a table and in full: `Mon`, `Monday`."""
    return _written(day, "EEE", _locale()), _written(day, "EEEE", _locale())


def days_before(day: date) -> int:
    """How many days of its week lie before a date, as the language's calendars begin a week."""
    return (day.weekday() - _locale().first_week_day) % 7


# A list has a date in each of its rows, and few different ones; to write one takes as long as to read a patient does.
@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale=locale)


@lru_cache(maxsize=4096)
def _arranged(day: date, parts: str, locale: Locale) -> str:
    """Return these parts of a date in the order in which the language has them."""
    return format_skeleton(parts, day, locale=locale)


def _locale() -> Locale:
    return get_locale() or Locale.parse(DEFAULT)


VOICE = Voice(gettext, dated)
