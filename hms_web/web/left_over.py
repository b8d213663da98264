"""`/still-here`: who was checked in on an earlier day and never seen, and what can be said of them."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.refusals import Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import appointments, cancelling, left_over, visits
from hms_web.services.appointments import AppointmentView
from hms_web.web import asked, auth, refusals
from hms_web.web.language import gettext

blueprint = Blueprint("left_over", __name__, url_prefix="/still-here")

ROWS = 50


@blueprint.get("")
@auth.roles()
def index() -> ResponseReturnValue:
    """The list; what is done there are the ways out that the table of statuses has."""
    actor, cursor = auth.actor(), asked.text(request.args, "cursor")
    page = left_over.entries(db.session(), actor, now=clock.now(), limit=ROWS, cursor=cursor)
    return render_template("left_over/index.html", page=page, cursor=cursor)


@blueprint.post("/<uuid:appointment_id>/left")
@auth.roles()
def left(appointment_id: UUID) -> ResponseReturnValue:
    """They left without having been seen: the appointment is cancelled."""
    appointments.get(db.session(), auth.actor(), appointment_id)  # another hospital's is as good as none
    reason, version = gettext("Left without being seen"), asked.number(request.form, "version")
    done = cancelling.cancel(
        db.session(), auth.actor(), appointment_id, reason=reason, now=clock.now(), version=version
    )
    if not isinstance(done, Refusal):
        flash(gettext("Noted: %(name)s left without being seen.", name=done.patient_name), "good")
    return _next(done, url_for("left_over.index"))


@blueprint.post("/<uuid:appointment_id>/never")
@auth.roles()
def never(appointment_id: UUID) -> ResponseReturnValue:
    """They were checked in by mistake: that is undone, and then somebody says whether they did not come."""
    appointments.get(db.session(), auth.actor(), appointment_id)
    wanted, version = AppointmentStatus.SCHEDULED, asked.number(request.form, "version")
    done = visits.set_status(db.session(), auth.actor(), appointment_id, wanted, now=clock.now(), version=version)
    if not isinstance(done, Refusal):
        flash(gettext("The check-in of %(name)s is undone.", name=done.patient_name), "good")
    then = url_for("no_shows.one", appointment_id=appointment_id, next=url_for("left_over.index"))
    return _next(done, then)


def _next(done: AppointmentView | Refusal, then: str) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        flash(refusals.sentence(done), "bad")
        return redirect(url_for("left_over.index"), 303)
    return redirect(then, 303)
