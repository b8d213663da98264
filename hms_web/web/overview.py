"""`/overview`: how the hospital does, for its administrators: how full, how long, who came, and whether it runs."""

from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.statistics import Days
from hms_web.models import db
from hms_web.services import job_health, scheduler_pulse
from hms_web.web import auth, charts, csv_files, figure_days, formats, htmx, jobs, language, overview_charts
from hms_web.web.language import gettext

blueprint = Blueprint("overview", __name__, url_prefix="/overview")


def _address(path: str, days: Days) -> str:
    return f"{path}?{urlencode({'first': days.first, 'last': days.last})}"


@blueprint.get("")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """The page of the days that the address names, or the part of it that changes with them."""
    today = clock.today(auth.actor().zone)
    days = figure_days.read(request.args, today)
    context = _context(days, today)
    if htmx.wants_fragment() and htmx.target() == "results":
        words = {"announce": {"value": context["days_words"]}}
        return htmx.trigger(render_template("overview/_results.html", **context), words)
    return render_template("overview/index.html", **context)


@blueprint.get("/charts/<name>.csv")
@auth.roles(Role.ADMIN)
def chart_file(name: str) -> ResponseReturnValue:
    """The figures of one chart, as a file for a spreadsheet."""
    actor = auth.actor()
    table = overview_charts.TABLES.get(name)
    if table is None:
        abort(404)
    days = figure_days.read(request.args, clock.today(actor.zone))
    made = table(overview_charts.Found(db.session(), actor, days, clock.now()), days)
    return csv_files.answer(f"overview-{name}", made.names, made.rows, first=days.first, last=days.last)


def _context(days: Days, today: date) -> dict[str, object]:
    actor, session, now = auth.actor(), db.session(), clock.now()
    found = overview_charts.Found(session, actor, days, now)
    pulse = scheduler_pulse.read(jobs.redis_of_app(), now=now)
    health = job_health.health(session, actor, now=now, pulse=pulse).overall
    first, last = language.full_date(days.first), language.full_date(days.last)
    return {
        "days": days,
        "days_words": gettext("%(first)s to %(last)s", first=first, last=last),
        "presets": figure_days.presets(
            days, today, lambda begins: _address(url_for("overview.index"), Days(begins, today))
        ),
        "found": found,
        "drawn": overview_charts.drawn(found, days),
        "filled_legend": overview_charts.FILLED,
        "delivered_legend": overview_charts.DELIVERED,
        "file": lambda name: _address(url_for("overview.chart_file", name=name), days),
        "health": health,
        "health_state": jobs.state_name(health),
        "health_heading": jobs.HEADINGS[jobs.state_name(health)],
        "health_words": jobs.health_words(health),
        "rate_words": charts.rate_words,
        "interval_words": charts.interval_words,
        "share_words": overview_charts.share_words,
        "minutes": overview_charts.minutes,
        "channel_name": formats.channel_name,
    }
