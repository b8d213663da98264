"""Looking at the front desk: the page, and the parts of it that htmx asks for. Nothing here changes anything."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from hms_web.models import db
from hms_web.services import told_before
from hms_web.services.who_asks import Also
from hms_web.web import asked, auth, htmx
from hms_web.web.front_desk import finding, panels, rendering
from hms_web.web.front_desk.address import Address, short
from hms_web.web.front_desk.panels import Panel
from hms_web.web.front_desk.rendering import Desk
from hms_web.web.language import gettext

blueprint = Blueprint("front_desk", __name__, url_prefix="/front-desk")
blueprint.add_app_template_filter(short, "short_id")


@blueprint.get("")
@auth.roles()
def page() -> ResponseReturnValue:
    """The front desk; or the panel beside the grid, when only that is asked for."""
    desk = Desk.of_request()
    there = desk.address.led()
    if there is not desk.address:
        return _go(desk, there)
    if htmx.wants_fragment() and htmx.target() == "panel":
        return rendering.opened(desk)
    return rendering.page(desk)


def _changes() -> Also | None:
    department = asked.text(request.args, "department")
    return told_before.about_department(department) if department and not request.args.get("doctor") else None


@blueprint.get("/grid")
@auth.asking_along(_changes)
@auth.roles()
def grid() -> ResponseReturnValue:
    """The grid, when it has changed."""
    desk, who = Desk.of_request(), auth.signed_in()
    return rendering.part("grid", desk.grid_part(changes=who.told if who is not None else None), desk.address)


@blueprint.get("/day")
@auth.roles()
def day() -> ResponseReturnValue:
    """The day's list, when it has changed."""
    desk = Desk.of_request()
    return rendering.part("day", desk.day_part(desk.doctor_ids()), desk.address)


@blueprint.get("/next-free")
@auth.roles()
def next_free() -> ResponseReturnValue:
    """Go to the first free slot of the doctors shown, after the one that is open."""
    desk = Desk.of_request()
    doctors = desk.doctors()
    after = panels.start_of(db.session(), desk.actor, desk.address.slot_id, now=desk.now)
    beyond = after and after + timedelta(minutes=1)
    found = finding.offers(db.session(), desk.actor, doctors.ids, now=desk.now, after=beyond, limit=1)
    if not found:
        words = gettext("These doctors have nothing free in the next 30 days.")
        if htmx.wants_fragment():
            return htmx.reswap(htmx.trigger("", {"toast": {"words": words, "tone": "warn"}}), "none")
        flash(words, "warn")
        return redirect(desk.address.path(), 303)
    slot = found[0].slot
    return _go(desk, desk.address.with_slot(slot.id, slot.date))


def _go(desk: Desk, there: Address) -> ResponseReturnValue:
    """Show another state of the desk, at its own address."""
    if not htmx.wants_fragment():
        return redirect(there.path(), 303)
    answer = rendering.whole(Desk(desk.actor, desk.now, there))
    return htmx.push_url(htmx.reswap(htmx.retarget(answer, "#desk"), "outerHTML"), there.path())


@blueprint.get("/patients/<uuid:patient_id>/upcoming")
@auth.roles()
def upcoming(patient_id: UUID) -> ResponseReturnValue:
    """The chosen patient's next appointments, which may be what they have come about."""
    desk = Desk.of_request()
    found = panels.upcoming(db.session(), desk.actor, patient_id, now=desk.now)
    panel = Panel(upcoming=found, patient_id=patient_id)
    return render_template("front_desk/_upcoming.html", panel=panel, address=desk.address)
