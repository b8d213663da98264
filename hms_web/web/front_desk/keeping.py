"""Keeping one appointment of the affected list, at the front desk."""

from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from hms_web.domain.affected import AffectedAction
from hms_web.models import db, new_id
from hms_web.services import affected, affected_batches
from hms_web.services.affected_batches import Step
from hms_web.web import asked, auth, refusals
from hms_web.web.formats import clock_time
from hms_web.web.front_desk import rendering
from hms_web.web.front_desk.pages import blueprint
from hms_web.web.front_desk.panels import Trouble
from hms_web.web.front_desk.rendering import Desk
from hms_web.web.language import gettext


@blueprint.post("/appointments/<uuid:appointment_id>/keep")
@auth.roles(*affected.MOVERS)
def keep(appointment_id: UUID) -> ResponseReturnValue:
    """Keep it in spite of what speaks against it; the list stays open for the next one."""
    desk = Desk.of_request()
    version = asked.number(request.form, "version") or 0
    step = Step(appointment_id, AffectedAction.KEEP, version)
    (done,) = affected_batches.apply(db.session(), desk.actor, new_id(), [step], now=desk.now).steps
    then = desk.address.with_affected()
    after = Desk(desk.actor, desk.now, then)
    if done.refusal is not None:
        panel = after.panel(after.doctors())
        panel.trouble = Trouble(refusals.sentence(done.refusal))
        return rendering.changed(after, panel, refusals.status(done.refusal))
    view = done.appointment
    facts = {"patient": view.patient_name, "time": clock_time(view.start_time), "doctor": view.doctor_name}
    if view.is_here:
        words = gettext("Kept: %(patient)s, %(time)s with %(doctor)s. The patient is here: tell them.", **facts)
    else:
        words = gettext("Kept: %(patient)s, %(time)s with %(doctor)s. The patient is told.", **facts)
    return rendering.done(desk, words, then)
