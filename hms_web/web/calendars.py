"""A doctor's calendar for calendar programs: the secret links on the doctor's pages, and the calendar itself.

A link's secret stands in its address, since calendar programs can send nothing else. So our log names routes only, the
answer may not be kept by anybody between, and whoever has no right link learns nothing.
"""

import hashlib
from datetime import timedelta
from http import HTTPStatus
from typing import cast
from uuid import UUID

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from icalendar import Calendar, Event, vDuration

from hms_web import __version__, clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import InvalidInput
from hms_web.models import db
from hms_web.services import calendar_feed, calendar_links
from hms_web.services.calendar_feed import Away, Feed, Visit
from hms_web.services.doctors import DoctorView
from hms_web.web import auth, language
from hms_web.web.language import gettext
from hms_web.web.schedules import managed

blueprint = Blueprint("calendars", __name__)

MEDIA_TYPE = "text/calendar; charset=utf-8"
ASK_AGAIN = timedelta(minutes=15)
OURS = "hms"


@blueprint.get("/doctors/<uuid:doctor_id>/calendar")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def page(doctor_id: UUID) -> ResponseReturnValue:
    """The links of a doctor's calendar."""
    return _shown(managed(doctor_id))


@blueprint.post("/doctors/<uuid:doctor_id>/calendar")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def create(doctor_id: UUID) -> ResponseReturnValue:
    """Make a link and show it, this once."""
    doctor, name = managed(doctor_id), request.form.get("name", "")
    try:
        secret = calendar_links.create(db.session(), auth.actor(), doctor_id, name, now=clock.now())
    except InvalidInput as invalid:
        mistakes = [sentence for _, sentence in language.mistakes(invalid)]
        return _shown(doctor, name=name, mistakes=mistakes), 422
    return _shown(doctor, link=url_for("calendars.feed", secret=secret, _external=True))


@blueprint.post("/doctors/<uuid:doctor_id>/calendar/<uuid:link_id>/revoke")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def revoke(doctor_id: UUID, link_id: UUID) -> ResponseReturnValue:
    """End a link; one that has ended already is fine."""
    managed(doctor_id)
    calendar_links.revoke(db.session(), auth.actor(), doctor_id, link_id, now=clock.now())
    flash(gettext("The link no longer works."), "good")
    return redirect(url_for("calendars.page", doctor_id=doctor_id), 303)


@blueprint.post("/doctors/<uuid:doctor_id>/calendar/names")
@auth.roles(Role.ADMIN)
def show_names(doctor_id: UUID) -> ResponseReturnValue:
    """Say whether the calendars of the hospital name patients."""
    managed(doctor_id)
    is_wanted = request.form.get("names") == "yes"
    calendar_links.let_show_names(db.session(), auth.actor(), is_wanted=is_wanted, now=clock.now())
    words = gettext("Calendars name patients now.") if is_wanted else gettext("Calendars name no patients now.")
    flash(words, "good")
    return redirect(url_for("calendars.page", doctor_id=doctor_id), 303)


def _shown(doctor: DoctorView, *, link: str | None = None, name: str = "", mistakes: list[str] | None = None) -> str:
    session, actor = db.session(), auth.actor()
    return render_template(
        "doctors/calendar.html",
        doctor=doctor,
        links=calendar_links.valid(session, actor, doctor.id),
        names=calendar_links.show_names(session, actor),
        longest=calendar_links.LONGEST_LABEL,
        link=link,
        name=name,
        mistakes=mistakes or [],
    )


@blueprint.get("/calendar/<secret>.ics")
def feed(secret: str) -> ResponseReturnValue:
    """The calendar, for whoever has its link; 404 for everybody else, and 304 while it is as they have it."""
    limits = cast("calendar_feed.CalendarLimits", current_app.extensions[calendar_feed.EXTENSION])
    try:
        found = calendar_feed.fetch(db.session(), secret, limits, request.remote_addr or "", now=clock.now())
    except calendar_feed.TooOften:
        headers = {"Retry-After": str(calendar_feed.WAIT_SECONDS)}
        return Response("Too often. Ask again later.\n", 429, headers, content_type="text/plain; charset=utf-8")
    if found is None:
        abort(404)
    language.use(found.language)
    # Who has it as it is gets no calendar written: the mark is of what stands in it, and of who writes it.
    mark = hashlib.blake2b(f"{__version__} {found!r}".encode(), digest_size=16).hexdigest()
    response = Response(content_type=MEDIA_TYPE)
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(mark)
    response.make_conditional(request)
    if response.status_code == HTTPStatus.OK:
        response.data = written(found)
    return response


def written(found: Feed) -> bytes:
    """Write a calendar as RFC 5545 has it. Instants are in UTC, so that no clock change can shift one."""
    calendar = Calendar()
    name = f"{found.doctor_name}, {found.hospital_name}"
    calendar.add("prodid", "-//HMS//Calendar of a doctor//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for key, value in (("name", name), ("x-wr-calname", name)):
        calendar.add(key, value)
    for key in ("refresh-interval", "x-published-ttl"):
        calendar.add(key, vDuration(ASK_AGAIN), parameters={"VALUE": "DURATION"})
    for visit in found.visits:
        calendar.add_component(_of_visit(visit, found))
    for away in found.away:
        calendar.add_component(_of_leave(away))
    return cast("bytes", calendar.to_ical())


def _of_visit(visit: Visit, found: Feed) -> Event:
    who = visit.patient_name or gettext("Appointment")
    event = _event(f"appointment-{visit.id}", gettext("%(who)s, token %(number)s", who=who, number=visit.token_number))
    event.add("dtstamp", visit.created_at)
    event.add("dtstart", visit.starts_at)
    event.add("dtend", visit.ends_at)
    _stands(event, visit)
    event.add("location", f"{found.hospital_name}, {found.department}")
    return event


def _of_leave(away: Away) -> Event:
    event = _event(f"leave-{away.id}", gettext("Away"))
    event.add("dtstamp", away.created_at)
    event.add("dtstart", away.begin)
    event.add("dtend", away.end)
    _stands(event, away)
    return event


def _stands(event: Event, one: Visit | Away) -> None:
    """Say whether it takes place, with a number that grows with each change, by which programs that merge go."""
    event.add("sequence", one.version)
    event.add("status", "CANCELLED" if one.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if one.is_cancelled else "OPAQUE")


def _event(uid: str, title: str) -> Event:
    event = Event()
    event.add("uid", f"{uid}@{OURS}")
    event.add("summary", title)
    event.add("class", "PRIVATE")
    return event
