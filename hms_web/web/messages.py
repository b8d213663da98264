"""`/messages`: every message of the hospital and what became of it, for administrators."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.messages import PROVIDER_TEST, MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.refusals import Refused
from hms_web.models import db
from hms_web.services import message_records, to_phone
from hms_web.services.message_records import MessageFilter, MessageRecord
from hms_web.web import asked, auth, csv_files, formats, htmx, message_words, refusals, sorting
from hms_web.web.language import gettext, ngettext

blueprint = Blueprint("messages", __name__)

ROWS = 50
USUAL_DAYS = timedelta(days=6)
"""Who names no days sees today and the six days before."""

EVENTS = (*MessageEvent, PROVIDER_TEST)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as its address says it; no name of a patient is among it."""

    first: date | None
    last: date | None
    state: DeliveryState | None
    channel: Channel | None
    event: str | None
    cursor: str | None
    sort: str | None

    @classmethod
    def read(cls, values: MultiDict[str, str], today: date) -> "Filters":
        """Read what was asked for."""
        state, channel, event = (values.get(name, "") for name in ("state", "channel", "event"))
        return cls(
            first=asked.day(values, "first") if "first" in values else today - USUAL_DAYS,
            last=asked.day(values, "last"),
            state=asked.choice(DeliveryState, state),
            channel=asked.choice(Channel, channel),
            event=event if event in EVENTS else None,
            cursor=asked.text(values, "cursor"),
            sort=sorting.word(message_records.ORDERS, values),
        )

    @property
    def wanted(self) -> MessageFilter:
        """The filter of the service."""
        return MessageFilter(self.first, self.last, self.state, self.channel, self.event)

    @property
    def any_state(self) -> MessageFilter:
        """The same in every state, for the counts."""
        return MessageFilter(self.first, self.last, None, self.channel, self.event)

    @property
    def sorted_by(self) -> sorting.Sorting:
        """By what the list is sorted."""
        return sorting.Sorting(message_records.ORDERS, self.sort, lambda word: self.url(sort=word))

    def url(self, endpoint: str = "messages.index", **other: object) -> str:
        """The address of this list, or of another one like it."""
        named = {name: getattr(self, name) for name in ("first", "last", "state", "channel", "event", "sort")} | other
        given = {name: str(value) for name, value in named.items() if value}
        given.setdefault("first", "")
        return f"{url_for(endpoint)}?{urlencode(given)}"


@blueprint.get("/messages")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """The list, narrowed and sorted by its address."""
    actor, session, now = auth.actor(), db.session(), clock.now()
    wanted = Filters.read(request.args, clock.today(actor.zone))
    page = message_records.search(session, actor, wanted.wanted, limit=ROWS, cursor=wanted.cursor, sort=wanted.sort)
    context = {
        "page": page,
        "wanted": wanted,
        "counts": message_records.counts(session, actor, wanted.any_state),
        "states": list(DeliveryState),
    }
    if htmx.wants_fragment() and htmx.target() == "results":
        words = ngettext("%(num)d message", "%(num)d messages", len(page.items))
        fragment = render_template("messages/_list.html", **context)
        return htmx.trigger(fragment, {"announce": {"value": words}})
    return render_template(
        "messages/index.html",
        **context,
        channels=list(Channel),
        events=EVENTS,
        waiting=message_records.waiting_for_provider(session, actor, now=now),
        to_phone=to_phone.count_for(session, actor, now=now),
        most_counted=to_phone.MOST_COUNTED,
    )


@blueprint.get("/messages/export.csv")
@auth.roles(Role.ADMIN)
def export() -> ResponseReturnValue:
    """Everything that the filters let through, as a file for a spreadsheet."""
    actor, session = auth.actor(), db.session()
    wanted = Filters.read(request.args, clock.today(actor.zone))
    names = (
        gettext("Written"),
        gettext("To"),
        gettext("About"),
        gettext("By"),
        gettext("State"),
        gettext("Sent"),
        gettext("Why not"),
        gettext("Phoned"),
        gettext("Words"),
    )
    rows = map(_row, message_records.every(session, actor, wanted.wanted, sort=wanted.sort))
    named = {name: getattr(wanted, name) for name in ("first", "last", "state", "channel", "event")}
    return csv_files.answer("messages", names, rows, **named)


def _row(message: MessageRecord) -> tuple[object, ...]:
    return (
        csv_files.local(message.created_at),
        message.patient_name or message.user_name or gettext("staff"),
        message_words.event_name(message.event),
        formats.channel_name(message.channel),
        formats.delivery_name(message.state),
        csv_files.local(message.sent_at),
        message_words.reason_words(message.error) if message.error else None,
        csv_files.local(message.phoned_at),
        message.body,
    )


@blueprint.post("/messages/<uuid:message_id>/again")
@auth.roles(Role.ADMIN)
def send_again(message_id: UUID) -> ResponseReturnValue:
    """Send one once more."""
    try:
        message_records.send_again(db.session(), auth.actor(), message_id, now=clock.now())
    except Refused as error:
        if refusals.status(error.refusal) == 404:  # noqa: PLR2004 not one of ours
            raise
        flash(refusals.sentence(error.refusal), "bad")
    else:
        flash(gettext("It will be sent again."), "good")
    return _back(message_id)


@blueprint.post("/messages/again")
@auth.roles(Role.ADMIN)
def send_unconfigured() -> ResponseReturnValue:
    """Send everything once more that found no provider and is still worth it."""
    count = message_records.send_unconfigured(db.session(), auth.actor(), now=clock.now())
    if count:
        flash(ngettext("%(num)d message will be sent.", "%(num)d messages will be sent.", count), "good")
    else:
        flash(gettext("Nothing can be sent: there is no provider yet, or none of it is of use any more."), "warn")
    return _back()


def _back(message_id: UUID | None = None) -> ResponseReturnValue:
    """Go back to the list as it was narrowed, to the page of it and the row at which one was."""
    form = request.form
    wanted = Filters.read(form, clock.today(auth.actor().zone))
    address = wanted.url(cursor=wanted.cursor) if "first" in form else url_for("messages.index")
    row = asked.key(form, "near") if wanted.state else message_id
    # nosemgrep: redirect-to-what-was-sent made by url_for
    return redirect(f"{address}#message-{row}" if row else address, 303)
