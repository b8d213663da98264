"""Which pages stand in the header, for whom."""

from dataclasses import dataclass

from flask import Flask, current_app, g, request, url_for
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.models import db
from hms_web.services import affected, header
from hms_web.services.header import Waiting
from hms_web.web import auth

EVERYONE = frozenset(Role)
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the header: its endpoint, its words, and whose it is.

    A rare one is there while it has a count; one that is set up rather than worked with stands in the menu "Manage".
    """

    endpoint: str
    words: LazyString
    readers: frozenset[Role] = EVERYONE
    is_rare: bool = False
    is_managed: bool = False


ENTRIES = (
    Entry("overview.index", lazy_gettext("Overview"), ADMINS),
    Entry("my_day.page", lazy_gettext("My day"), frozenset({Role.DOCTOR})),
    Entry("front_desk.page", lazy_gettext("Front desk")),
    Entry("affected.index", lazy_gettext("Needs attention"), affected.MOVERS),
    Entry("board.page", lazy_gettext("Board"), frozenset({Role.NURSE, Role.DOCTOR, Role.RECEPTIONIST})),
    Entry("alerts.page", lazy_gettext("Alerts")),
    Entry("patients.index", lazy_gettext("Patients")),
    Entry("appointments.index", lazy_gettext("Appointments")),
    Entry("no_shows.index", lazy_gettext("No-shows"), frozenset({Role.ADMIN, Role.DOCTOR})),
    Entry("no_shows.review", lazy_gettext("Did they come?"), frozenset({Role.RECEPTIONIST}), is_rare=True),
    Entry("left_over.index", lazy_gettext("Still here?"), is_rare=True),
    Entry("doctors.index", lazy_gettext("Doctors"), ADMINS, is_managed=True),
    Entry("holidays.index", lazy_gettext("Holidays"), ADMINS, is_managed=True),
    Entry("users.index", lazy_gettext("Users"), ADMINS, is_managed=True),
    Entry("messages.index", lazy_gettext("Messages"), ADMINS, is_managed=True),
    Entry("jobs.index", lazy_gettext("Jobs"), ADMINS, is_managed=True),
    Entry("audit.index", lazy_gettext("Audit trail"), ADMINS, is_managed=True),
)

# Pages that stand under one of these, by their blueprint.
PARTS = {
    "schedules": "doctors.index",
    "absences": "doctors.index",
    "calendars": "doctors.index",
    "consultations": "my_day.page",
}


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a template shows it."""

    href: str
    words: LazyString
    is_current: bool
    count: int = 0
    is_live: bool = False


# How many things wait on a page, where that costs next to nothing. A live number changes while a page is open.
COUNTS = {
    "affected.index": Waiting.AFFECTED,
    "alerts.page": Waiting.ALERTS,
    "left_over.index": Waiting.LEFT_OVER,
    "no_shows.review": Waiting.REVIEWS,
}
COUNTED = "hms_header_counts"
LIVE = "alerts.page"


def init_app(app: Flask) -> None:
    """Give templates the header's links and counts, and the person who is signed in as `visitor()`.

    Functions, and not values of every template: an error page must not ask the database who is signed in, nor what
    waits for them.
    """
    app.add_template_global(navigation)
    app.add_template_global(unread_count)
    app.add_template_global(managed_pages)
    app.add_template_global(own_pages)
    app.add_template_global(has_page)
    app.add_template_global(auth.signed_in, "visitor")


def navigation() -> list[Link]:
    """The header's links for the person who is signed in."""
    return _links(is_managed=False)


def unread_count() -> int:
    """How many of one's own notifications are not read."""
    return _counts(auth.actor())[Waiting.UNREAD]


def _counts(actor: Actor) -> dict[Waiting, int]:
    """Return what waits for this person on their pages, which is asked once for a page."""
    found: dict[Waiting, int] | None = g.get(COUNTED)
    if found is None:
        pages = {COUNTS[entry.endpoint] for entry in ENTRIES if entry.endpoint in COUNTS and _is_for(entry, actor)}
        found = header.counts(db.session(), actor, sorted({*pages, Waiting.UNREAD}), now=clock.now())
        setattr(g, COUNTED, found)
    return found


def managed_pages() -> list[Link]:
    """The links of the header's menu "Manage"; none for who manages nothing."""
    return _links(is_managed=True)


def _links(*, is_managed: bool) -> list[Link]:
    who = auth.signed_in()
    if who is None:
        return []
    wanted = (entry for entry in ENTRIES if entry.is_managed is is_managed and _is_for(entry, who.actor))
    links = ((entry, _link(entry, who.actor)) for entry in wanted)
    return [link for entry, link in links if link.count or not entry.is_rare]


def _is_for(entry: Entry, actor: Actor) -> bool:
    return actor.role in entry.readers and entry.endpoint in current_app.view_functions


def _link(entry: Entry, actor: Actor) -> Link:
    return Link(
        url_for(entry.endpoint),
        entry.words,
        is_current(entry.endpoint) or _is_part_of(entry.endpoint),
        _counts(actor)[COUNTS[entry.endpoint]] if entry.endpoint in COUNTS else 0,
        is_live=entry.endpoint == LIVE,
    )


def _is_part_of(endpoint: str) -> bool:
    return PARTS.get(request.blueprint or "") == endpoint


def has_page(endpoint: str) -> bool:
    """Whether there is such a page."""
    return endpoint in current_app.view_functions


def own_pages() -> list[Link]:
    """A doctor's own schedule and absences, for the menu under the name."""
    who = auth.signed_in()
    if who is None or who.actor.doctor_id is None:
        return []
    pages = (("schedules.page", lazy_gettext("My schedule")), ("absences.index", lazy_gettext("My leave")))
    return [
        Link(url_for(endpoint, doctor_id=who.actor.doctor_id), words, is_current(endpoint))
        for endpoint, words in pages
        if endpoint in current_app.view_functions
    ]


def is_current(endpoint: str) -> bool:
    """Whether the present page belongs to the same noun."""
    return request.blueprint == endpoint.partition(".")[0]
