"""`/holidays/import`: a country's public holidays, chosen from a list that says whom each concerns."""

from datetime import date

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, lazy_gettext

from hms_web import clock
from hms_web.domain.holiday_import import YEARS_AHEAD, ImportState
from hms_web.domain.identity import Role
from hms_web.domain.local_time import read_day
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.shown import Concern, Fate
from hms_web.models import db
from hms_web.services import holiday_import, public_holidays
from hms_web.services.holiday_import import Proposal, Source
from hms_web.web import asked, auth, language, shown
from hms_web.web.holidays import blueprint, say
from hms_web.web.language import gettext, ngettext

STATES = {
    ImportState.NEW: lazy_gettext("new"),
    ImportState.THERE: lazy_gettext("entered already"),
    ImportState.SWITCHED_OFF: lazy_gettext("switched off by somebody here"),
    ImportState.PAST: lazy_gettext("past"),
}


@blueprint.get("/holidays/import")
@auth.roles(Role.ADMIN)
def choose() -> ResponseReturnValue:
    """The public holidays of a country and a year; at first those of the country whose time the hospital keeps."""
    return _shown(_source())


@blueprint.post("/holidays/import")
@auth.roles(Role.ADMIN)
def take_over() -> ResponseReturnValue:
    """Add the days that were chosen, once those whom they concern have been shown."""
    session, actor, now, source = db.session(), auth.actor(), clock.now(), _source()
    days = {day for day in map(read_day, request.form.getlist("day")) if day is not None}
    if source is None or not days:
        return _shown(source, days, 422, gettext("Choose at least one day."))
    try:
        done = holiday_import.run(session, actor, source, only=days, now=now, shown=shown.sent())
    except InvalidInput as error:
        return _shown(source, days, 422, language.mistakes(error)[0][1])
    except Refused as error:
        if error.refusal.code is not Code.MORE_CONCERNED:
            raise
        return _shown(source, days, 409)
    say(ngettext("%(num)d holiday added.", "%(num)d holidays added.", len(done.added)), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


def _source() -> Source | None:
    """What is asked for; None for a year that is no number."""
    values = request.values
    country = asked.text(values, "country")
    if country is None and "country" not in values:
        country = public_holidays.country_of(auth.actor().timezone)
    year = asked.number(values, "year") if "year" in values else clock.today(auth.actor().zone).year
    if year is None or country is None:
        return None
    return Source(country, year, asked.text(values, "subdivision"))


def _all_new(proposals: list[Proposal]) -> set[date]:
    return {item.candidate.holiday.date for item in proposals if item.is_new}


def _concerned(proposals: list[Proposal]) -> list[Concern]:
    return [(view.id, Fate.CONCERNED) for proposal in proposals for view in proposal.affected]


def _shown(
    source: Source | None, days: set[date] | None = None, status: int = 200, mistake: str | None = None
) -> ResponseReturnValue:
    proposals: list[Proposal] = []
    if source is not None:
        try:
            proposals = holiday_import.preview(db.session(), auth.actor(), source, now=clock.now())
        except InvalidInput as error:
            mistake, status = language.mistakes(error)[0][1], max(status, 422)
    this_year = clock.today(auth.actor().zone).year
    concerned = _concerned(proposals)
    answer = render_template(
        "holidays/import.html",
        source=source,
        proposals=proposals,
        # Nothing closes that nobody has chosen: a clinic often works on a day that the country celebrates.
        chosen=days if days is not None else _all_new(proposals) if request.args.get("all") else set(),
        new_days=len(_all_new(proposals)),
        states=STATES,
        countries=_countries(),
        parts=_parts(source),
        years=range(this_year, this_year + YEARS_AHEAD + 1),
        mistake=mistake,
        asks=status == 409,  # noqa: PLR2004
        fingerprint=shown.fingerprint(concerned),
        news=shown.new_among(concerned),
    )
    return make_response(answer, status)


def _countries() -> list[tuple[str, str]]:
    """Countries by name, in the reader's language."""
    locale = get_locale()
    names = locale.territories if locale else {}
    return sorted(
        ((code, str(names.get(code, code))) for code in public_holidays.countries()), key=lambda item: item[1]
    )


def _parts(source: Source | None) -> dict[str, str]:
    known = source is not None and source.country in public_holidays.countries()
    return public_holidays.parts(source.country) if source is not None and known else {}
