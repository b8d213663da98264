"""`/no-shows`: who did not come, with figures, for administrators and, their own patients alone, for doctors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.no_show import NoShowReason, is_over
from hms_web.domain.statistics import Days, days_of
from hms_web.models import db
from hms_web.services import no_show_figures, no_show_logs, no_show_reviews, no_show_stats
from hms_web.services.no_show_logs import LogFilter, LogView
from hms_web.services.paging import Page
from hms_web.web import (
    asked,
    auth,
    charts,
    csv_files,
    csv_lines,
    doctor_field,
    figure_days,
    htmx,
    no_show_charts,
    sorting,
)
from hms_web.web.doctor_field import ANYBODY, Meant
from hms_web.web.figure_days import USUAL
from hms_web.web.language import gettext, ngettext
from hms_web.web.no_show_words import REASONS

blueprint = Blueprint("no_shows", __name__, url_prefix="/no-shows")

READERS = (Role.ADMIN, Role.DOCTOR)
UNDOERS = (Role.ADMIN, Role.RECEPTIONIST)
ROWS = 50
STATES = {"live": lazy_gettext("Not taken back"), "reverted": lazy_gettext("Taken back")}


@blueprint.app_template_global()
def may_undo_no_show(day: date | None = None) -> bool:
    """Whether who is signed in can take a no-show of that day back; without a day, one that is noted now."""
    actor, now = auth.actor(), clock.now()
    return may_undo(actor, day or local_date(now, actor.zone), now)


def may_undo(actor: Actor, day: date, now: datetime) -> bool:
    """Whether somebody can take a no-show of that day back: once it is over, an administrator (docs/decisions/0085)."""
    return actor.role is Role.ADMIN or (actor.role in UNDOERS and not is_over(day, local_date(now, actor.zone)))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page is narrowed to, as its address says it; no name of a patient is among it."""

    first: date | None
    last: date | None
    who: Meant
    reason: NoShowReason | None
    state: str | None
    cursor: str | None
    sort: str | None

    @classmethod
    def read(cls, values: MultiDict[str, str], actor: Actor, today: date) -> "Filters":
        """Read what was asked for; a doctor asks about their own patients, whatever the address says."""
        first, last = asked.day(values, "first") if "first" in values else today - USUAL, asked.day(values, "last")
        if first and last and last < first:
            first, last = last, first
        state = values.get("state")
        return cls(
            first=first,
            last=last,
            who=ANYBODY if actor.role is Role.DOCTOR else doctor_field.read(values, also_gone=True),
            reason=asked.choice(NoShowReason, values.get("reason", "")),
            state=state if state in STATES else None,
            cursor=asked.text(values, "cursor"),
            sort=sorting.word(no_show_logs.ORDERS, values),
        )

    @property
    def wanted(self) -> LogFilter:
        """The filter of the service."""
        is_reverted = None if self.state is None else self.state == "reverted"
        return LogFilter(self.first, self.last, self.who.id, None, self.reason, is_reverted)

    @property
    def sorted_by(self) -> sorting.Sorting:
        """By what the list is sorted."""
        return sorting.Sorting(no_show_logs.ORDERS, self.sort, lambda word: self.url(sort=word))

    def days(self, today: date) -> Days:
        """The days of the figures, of which there is an end, unlike those of the list."""
        return days_of(self.first, self.last, today)

    def url(self, endpoint: str = "no_shows.index", **other: object) -> str:
        """The address of this list, or of another one like it."""
        named = {name: getattr(self, name) for name in ("first", "last", "reason", "state", "sort")}
        named |= {"doctor": self.who.id or self.who.typed} | other
        given = {name: str(value) for name, value in named.items() if value}
        given.setdefault("first", "")
        return f"{url_for(endpoint)}?{urlencode(given)}"

    def with_doctor(self, doctor_id: UUID) -> str:
        """The address of the same list, of one doctor."""
        return self.url(doctor=doctor_id)

    def chart_url(self, name: str) -> str:
        """The address of a chart's file."""
        return f"{url_for('no_shows.chart_file', name=name)}?{self.url().partition('?')[2]}"


@blueprint.app_template_filter("no_show_reason")
def reason_name(reason: NoShowReason | str) -> str:
    """How it was found out that somebody did not come."""
    return str(REASONS[NoShowReason(reason)])


@blueprint.get("")
@auth.roles(*READERS)
def index() -> ResponseReturnValue:
    """The figures and the logs, narrowed by the address; further pages of the list come without the figures."""
    actor, session = auth.actor(), db.session()
    today = clock.today(actor.zone)
    wanted = Filters.read(request.args, actor, today)
    context = _found(actor, wanted, today)
    if htmx.wants_fragment() and htmx.target() == "results":
        words = ngettext("%(num)d no-show", "%(num)d no-shows", len(context["page"].items))
        return htmx.trigger(render_template("no_shows/_results.html", **context), {"announce": {"value": words}})
    return render_template(
        "no_shows/index.html",
        **context,
        choice=doctor_field.offered(wanted.who, also_gone=True) if actor.role is Role.ADMIN else None,
        reasons=REASONS,
        states=STATES,
        to_review=no_show_reviews.count(session, actor) if actor.role in UNDOERS else 0,
    )


def _found(actor: Actor, wanted: Filters, today: date) -> dict[str, Any]:
    """What the page shows below its filters; nothing while it is open which doctor is meant."""
    if wanted.who.is_open:
        return {"page": Page([]), "wanted": wanted}
    page = no_show_logs.search(db.session(), actor, wanted.wanted, limit=ROWS, cursor=wanted.cursor, sort=wanted.sort)
    return {"page": page, "wanted": wanted} | (_figures(actor, wanted, today) if wanted.cursor is None else {})


def _figures(actor: Actor, wanted: Filters, today: date) -> dict[str, object]:
    session, days = db.session(), wanted.days(today)
    found = no_show_figures.figures(session, actor, days, doctor_id=wanted.who.id, now=clock.now())
    after = no_show_stats.aftermath(session, actor, first=days.first, last=days.last, doctor_id=wanted.who.id)
    return {
        "after": after,
        "charts": no_show_charts.drawn(found, days),
        "days": days,
        "rate_words": charts.rate_words,
        "interval_words": charts.interval_words,
        "presets": figure_days.presets(days, today, lambda first: wanted.url(first=first, last=None)),
    }


@blueprint.get("/charts/<name>.csv")
@auth.roles(*READERS)
def chart_file(name: str) -> ResponseReturnValue:
    """The figures of one chart, as a file for a spreadsheet."""
    actor = auth.actor()
    table = no_show_charts.TABLES.get(name)
    today = clock.today(actor.zone)
    wanted = Filters.read(request.args, actor, today)
    if table is None or wanted.who.is_open:
        abort(404)
    days = wanted.days(today)
    found = no_show_figures.figures(db.session(), actor, days, doctor_id=wanted.who.id, now=clock.now())
    made, named = table(found, days), {"first": days.first, "last": days.last, "doctor": wanted.who.id}
    return csv_files.answer(f"no-shows-{name}", made.names, made.rows, **named)


@blueprint.get("/export.csv")
@auth.roles(*READERS)
def export() -> ResponseReturnValue:
    """Everything the filters let through, as a file for a spreadsheet."""
    actor, session = auth.actor(), db.session()
    wanted = Filters.read(request.args, actor, clock.today(actor.zone))
    if wanted.who.is_open:
        abort(404)
    no_show_logs.allowed_doctor(actor, wanted.who.id)
    rows = _rows(actor, no_show_logs.every(session, actor, wanted.wanted, sort=wanted.sort))
    return csv_files.answer("no-shows", _names(), rows, first=wanted.first, last=wanted.last)


def _names() -> tuple[str, ...]:
    return (
        gettext("Appointment"),
        gettext("Patient"),
        gettext("Patient number"),
        gettext("Doctor"),
        gettext("How it was found out"),
        gettext("Noted"),
        gettext("By"),
        gettext("Time offered again"),
        gettext("Notes"),
        gettext("Taken back"),
        gettext("Why"),
    )


def _rows(actor: Actor, logs: Iterator[LogView]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the export, with local times."""
    for log in logs:
        yield (
            csv_lines.local(actor, log.slot_time),
            log.patient_name,
            log.patient_mrn,
            log.doctor_name,
            reason_name(log.reason),
            csv_lines.local(actor, log.created_at),
            log.created_by,
            gettext("yes") if log.slot_released else gettext("no"),
            log.notes,
            csv_lines.local(actor, log.reverted_at) if log.reverted_at else None,
            log.revert_note,
        )
