"""`/audit`: who did what to which record, when, for administrators."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.models import db
from hms_web.services import audit_log
from hms_web.services.audit_log import AuditFilter, AuditRow
from hms_web.services.paging import Page
from hms_web.web import asked, audit_details, audit_people, audit_words, auth, csv_files, htmx, language, sorting
from hms_web.web.audit_people import Who
from hms_web.web.language import gettext, ngettext

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

ROWS = 50
USUAL_DAYS = timedelta(days=6)
"""Who names no days, and no record, sees today and the six days before."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as its address says it: ids and codes, no name of a patient.

    `what` is an action, or a kind of record and then all that is done to it.
    """

    first: date | None
    last: date | None
    who: Who
    what: str | None
    record: UUID | None
    cursor: str | None
    sort: str | None

    @classmethod
    def read(cls, values: MultiDict[str, str], today: date) -> "Filters":
        """Read what was asked for."""
        what, record = values.get("what", ""), asked.key(values, "record")
        has_days = "first" in values or record is not None
        first, last = asked.day(values, "first") if has_days else today - USUAL_DAYS, asked.day(values, "last")
        if first and last and last < first:
            first, last = last, first
        return cls(
            first=first,
            last=last,
            who=audit_people.read(values),
            what=what if what in audit_words.ACTIONS or what in audit_words.KINDS else None,
            record=record,
            cursor=asked.text(values, "cursor"),
            sort=sorting.word(audit_log.ORDERS, values),
        )

    @property
    def wanted(self) -> AuditFilter:
        """The filter of the service."""
        is_kind = self.what in audit_words.KINDS
        return AuditFilter(
            first=self.first,
            last=self.last,
            person_id=self.who.id,
            is_system=self.who.is_system,
            action=None if is_kind else self.what,
            kind=self.what if is_kind else None,
            record_id=self.record,
        )

    def in_words(self) -> list[tuple[str, str]]:
        """The same for paper, where the fields do not stand: what each is called, and what is chosen in it."""
        what = gettext("Everything")
        if self.what:
            is_kind = self.what in audit_words.KINDS
            name = audit_words.kind_name(self.what) if is_kind else audit_words.action_name(self.what)
            what = gettext("%(kind)s: everything", kind=name) if is_kind else name
        return [
            (gettext("Days"), self._days()),
            (gettext("Person"), audit_people.name(self.who) or gettext("Everybody")),
            (gettext("What"), what),
        ]

    def _days(self) -> str:
        first, last = (day and language.full_date(day) for day in (self.first, self.last))
        if first and last:
            return gettext("%(first)s to %(last)s", first=first, last=last)
        if first:
            return gettext("from %(first)s", first=first)
        return gettext("until %(last)s", last=last) if last else gettext("all")

    def with_person(self, user_id: UUID) -> str:
        """The address of the same list, of one person."""
        return self.url(person=user_id)

    @property
    def sorted_by(self) -> sorting.Sorting:
        """By what the list is sorted."""
        return sorting.Sorting(audit_log.ORDERS, self.sort, lambda word: self.url(sort=word))

    def url(self, endpoint: str = "audit.index", **other: object) -> str:
        """The address of this list, or of another one like it."""
        named = {name: getattr(self, name) for name in ("first", "last", "what", "record", "sort")}
        named |= {"person": self.who.word} | other
        given = {name: str(value) for name, value in named.items() if value}
        given.setdefault("first", "")
        return f"{url_for(endpoint)}?{urlencode(given)}"


@blueprint.record_once
def _give_words(state: object) -> None:
    app = state.app  # type: ignore[attr-defined]  # Flask's BlueprintSetupState
    for function in (
        audit_words.action_name,
        audit_details.changed,
        audit_words.kind_name,
        audit_words.record_name,
        audit_words.record_url,
    ):
        app.add_template_filter(function, f"audit_{function.__name__}")


@blueprint.get("")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """The list, narrowed and sorted by its address."""
    actor, session = auth.actor(), db.session()
    wanted = Filters.read(request.args, clock.today(actor.zone))
    page: Page[AuditRow] = Page([])
    if not wanted.who.is_open:
        page = audit_log.search(session, actor, wanted.wanted, limit=ROWS, cursor=wanted.cursor, sort=wanted.sort)
    context = {"page": page, "wanted": wanted, "now": clock.now()}
    if htmx.wants_fragment() and htmx.target() == "results":
        words = ngettext("%(num)d entry", "%(num)d entries", len(page.items))
        return htmx.trigger(render_template("audit/_list.html", **context), {"announce": {"value": words}})
    return render_template(
        "audit/index.html",
        **context,
        people=audit_people.offered(wanted.who),
        groups=_groups(),
        system=audit_people.SYSTEM,
        system_words=audit_people.system_words(),
    )


@blueprint.get("/people")
@auth.roles(Role.ADMIN)
def people() -> ResponseReturnValue:
    """The people who fit what is being typed, as the field's suggestions."""
    names = audit_people.suggested(asked.text(request.args, "person"))
    return render_template("doctors/_names.html", names=[audit_people.system_words(), *names])


def _groups() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The choices of what was done, each kind of record with its own: the kind, its words, actions with theirs."""
    of_kind = {"provider": "message_provider", "template": "message_template", "job": "cron_job_run", "slots": "doctor"}
    made: dict[str, list[tuple[str, str]]] = {kind: [] for kind in audit_words.KINDS}
    for action, words in audit_words.ACTIONS.items():
        noun = action.partition(".")[0]
        made[of_kind.get(noun, noun)].append((action, str(words)))
    return [(kind, audit_words.kind_name(kind), sorted(actions, key=_words)) for kind, actions in made.items()]


def _words(choice: tuple[str, str]) -> str:
    return choice[1]


@blueprint.get("/export.csv")
@auth.roles(Role.ADMIN)
def export() -> ResponseReturnValue:
    """Everything the filters let through, as a file for a spreadsheet; that it was taken away is written down too."""
    actor, session = auth.actor(), db.session()
    wanted = Filters.read(request.args, clock.today(actor.zone))
    if wanted.who.is_open:
        abort(404)
    named = {"first": wanted.first, "last": wanted.last, "person": wanted.who.word, "what": wanted.what}
    rows = _rows(actor, audit_log.every(session, actor, wanted.wanted, sort=wanted.sort))
    return csv_files.answer("audit", _names(), rows, **named, record=wanted.record)


def _names() -> tuple[str, ...]:
    return (
        gettext("When"),
        gettext("Who"),
        gettext("What"),
        gettext("Kind of record"),
        gettext("Record"),
        gettext("Details"),
        gettext("Code"),
        gettext("Id of the record"),
        gettext("Id of the entry"),
    )


def _rows(actor: Actor, rows: Iterator[AuditRow]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (
            f"{row.at.astimezone(actor.zone):%Y-%m-%d %H:%M:%S}",
            row.actor_name,
            audit_words.action_name(row.action),
            audit_words.kind_name(row.kind),
            audit_words.record_name(row),
            "; ".join(f"{name}: {words}" for name, words in audit_details.changed(row.details)),
            row.action,
            row.record_id,
            row.id,
        )
