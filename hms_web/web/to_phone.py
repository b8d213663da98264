"""`/messages/to-phone`: the patients who could not be reached in writing and have to be phoned."""

from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.models import db
from hms_web.services import appointments, to_phone
from hms_web.services.to_phone import Call
from hms_web.web import asked, auth, csv_files, message_words
from hms_web.web.language import gettext
from hms_web.web.messages import blueprint

CALLERS = (Role.RECEPTIONIST, Role.ADMIN)


@blueprint.get("/messages/to-phone")
@auth.roles(*to_phone.READERS)
def show_calls() -> ResponseReturnValue:
    """Whom to phone, and who was phoned in the last day."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    return render_template(
        "messages/to_phone.html",
        calls=to_phone.calls(session, actor, now=now),
        made=to_phone.made(session, actor, now=now),
        may_call=actor.role in CALLERS,
    )


@blueprint.get("/messages/to-phone/export.csv")
@auth.roles(*to_phone.READERS)
def export_calls() -> ResponseReturnValue:
    """Whom to phone, as a file for a spreadsheet or to print."""
    names = (
        gettext("Appointment"),
        gettext("Patient"),
        gettext("Patient number"),
        gettext("Phone"),
        gettext("Doctor"),
        gettext("About"),
        gettext("What to say"),
        gettext("Why not sent"),
    )
    found = to_phone.calls(db.session(), auth.actor(), now=clock.now())
    return csv_files.answer("to-phone", names, map(_row, found))


def _row(call: Call) -> tuple[object, ...]:
    return (
        csv_files.local(call.starts_at),
        call.patient_name,
        call.patient_mrn,
        call.patient_phone,
        call.doctor_name,
        message_words.event_name(call.event),
        call.body,
        message_words.reason_words(call.error) if call.error else None,
    )


@blueprint.post("/messages/to-phone/<uuid:appointment_id>")
@auth.roles(*CALLERS)
def phoned(appointment_id: UUID) -> ResponseReturnValue:
    """Note that the patient of an appointment was phoned about the message that the form shows."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    shown = asked.key(request.form, "message")
    if shown is None:
        appointments.get(session, actor, appointment_id)  # whether there is one comes before what is missing
        abort(400)
    count = to_phone.phoned(session, actor, appointment_id, now=now, shown=shown)
    if any(call.appointment_id == appointment_id for call in to_phone.calls(session, actor, now=now)):
        words = gettext("There is something newer to say to this patient: see below, it still has to be phoned.")
        flash(words, "warn")
    elif count:
        flash(gettext("Noted as phoned. It can be taken back below."), "good")
    else:
        flash(gettext("Somebody has seen to this one already."), "warn")
    return redirect(url_for("messages.show_calls"), 303)


@blueprint.post("/messages/to-phone/<uuid:appointment_id>/undo")
@auth.roles(*CALLERS)
def not_phoned(appointment_id: UUID) -> ResponseReturnValue:
    """Take a call back."""
    to_phone.take_back(db.session(), auth.actor(), appointment_id, now=clock.now())
    flash(gettext("Taken back: this patient still has to be phoned."), "good")
    return redirect(url_for("messages.show_calls"), 303)
