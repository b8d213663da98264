"""What is made for paper: a patient's slip, and the day's list of each doctor."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.visits import INACTIVE
from hms_web.models import db
from hms_web.services import appointments, downtime, record_reads
from hms_web.web import asked, auth
from hms_web.web.downtime import SAVERS

blueprint = Blueprint("printing", __name__)


@blueprint.get("/appointments/<uuid:appointment_id>/slip")
@auth.roles()
def slip(appointment_id: UUID) -> ResponseReturnValue:
    """An appointment's slip for its patient: token, doctor, time and place; why they come is nobody else's business."""
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    record_reads.note(db.session(), auth.actor(), "appointment", appointment_id, now=clock.now())
    return render_template("printing/slip.html", view=view, is_off=view.status in INACTIVE)


@blueprint.get("/front-desk/day-list")
@auth.roles(*SAVERS)
def day_list() -> ResponseReturnValue:
    """Who is expected on a day, a sheet for each of the doctors whom the address names."""
    actor, now = auth.actor(), clock.now()
    day = asked.day(request.args, "date") or clock.today(actor.zone)
    doctor_id, department = asked.key(request.args, "doctor"), asked.text(request.args, "department")
    found = downtime.take(
        db.session(), actor, day, department=department, doctor_id=doctor_id, now=now, listed="day list"
    )
    chosen = {"date": day, "doctor": doctor_id, "department": department}
    return render_template("printing/day_list.html", found=found, chosen=chosen)
