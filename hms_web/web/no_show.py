"""`/no-shows/<appointment>`: noting that somebody did not come, taking it back, and the list of those to ask about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import RadioField, StringField
from wtforms.validators import DataRequired, InputRequired

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.no_show import BLOCK_AT, NoShowReason, is_over, may_be_missed, releases_slot, reverted_to
from hms_web.domain.refusals import InvalidInput, Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import appointments, no_show, no_show_logs, no_show_reviews, patients
from hms_web.services.appointments import AppointmentView
from hms_web.services.no_show_logs import LogView
from hms_web.web import asked, auth, choices, refusals
from hms_web.web.forms import Form
from hms_web.web.language import gettext
from hms_web.web.no_shows import ROWS, UNDOERS, blueprint, may_undo

MANUAL = {
    NoShowReason.MANUAL_STAFF: lazy_gettext("Nobody came"),
    NoShowReason.MANUAL_DOCTOR: lazy_gettext("The doctor says so"),
    NoShowReason.PATIENT_CALLED: lazy_gettext("The patient called"),
}


TAKEN_BACK = {
    AppointmentStatus.CHECKED_IN: lazy_gettext("Taken back; the patient is checked in."),
    AppointmentStatus.NO_SHOW: lazy_gettext("Taken out of the count."),
}


class MissedForm(Form):
    """How it was found out that somebody did not come."""

    reason = RadioField(
        lazy_gettext("How was it found out?"),
        [InputRequired(lazy_gettext("Say how it was found out."))],
        choices=choices.of(MANUAL),
    )
    notes = StringField(lazy_gettext("Notes"))


class RevertForm(Form):
    """Why a no-show is taken back."""

    note = StringField(
        lazy_gettext("Why is it taken back?"), [DataRequired(lazy_gettext("Say why, so that others know."))]
    )


@blueprint.get("/<uuid:appointment_id>")
@auth.roles()
def one(appointment_id: UUID) -> ResponseReturnValue:
    """What noting it, or taking it back, would do, and the form for that."""
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    usual = NoShowReason.MANUAL_DOCTOR if auth.actor().role is Role.DOCTOR else NoShowReason.MANUAL_STAFF
    return _shown(view, missed=MissedForm(formdata=None, data={"reason": usual}))


@blueprint.post("/<uuid:appointment_id>")
@auth.roles()
def mark(appointment_id: UUID) -> ResponseReturnValue:
    """Note that the patient did not come, or will not."""
    view, form = appointments.get(db.session(), auth.actor(), appointment_id), MissedForm()
    if not form.validate():
        return _shown(view, missed=form, status=422)
    try:
        done = no_show.mark(
            db.session(),
            auth.actor(),
            appointment_id,
            reason=NoShowReason(form.reason.data),
            notes=form.notes.data or None,
            now=clock.now(),
            version=asked.number(request.form, "version"),
        )
    except InvalidInput as error:
        form.take(error)
        return _shown(view, missed=form, status=422)
    if isinstance(done, Refusal):
        return _refused(done, appointment_id, missed=form)
    flash(_with_undo(done), "good")
    return redirect(_next(appointment_id), 303)


def _with_undo(done: AppointmentView) -> Any:  # noqa: ANN401 Flask keeps whatever JSON can hold
    """Say what was done, with a button that takes it back for whoever may press it."""
    words = gettext("Noted as a no-show: %(name)s.", name=done.patient_name)
    if auth.actor().role not in UNDOERS:
        return words
    undo = url_for("no_shows.revert", appointment_id=done.id, next=request.args.get("next"))
    fields = {"note": gettext("Noted by mistake"), "version": str(done.version)}
    return {"words": words, "action": undo, "label": gettext("Undo"), "fields": fields}


@blueprint.post("/<uuid:appointment_id>/revert")
@auth.roles(*UNDOERS)
def revert(appointment_id: UUID) -> ResponseReturnValue:
    """Take it back: the patient is here, or expected again."""
    view, form = appointments.get(db.session(), auth.actor(), appointment_id), RevertForm()
    if not form.validate():
        return _shown(view, reverting=form, status=422)
    version = asked.number(request.form, "version")
    try:
        done = no_show.revert(
            db.session(), auth.actor(), appointment_id, note=form.note.data or "", now=clock.now(), version=version
        )
    except InvalidInput as error:
        form.take(error)
        return _shown(view, reverting=form, status=422)
    if isinstance(done, Refusal):
        return _refused(done, appointment_id, reverting=form)
    flash(str(TAKEN_BACK.get(done.status, gettext("Taken back."))), "good")
    return redirect(_next(appointment_id), 303)


@blueprint.get("/review")
@auth.roles(*UNDOERS)
def review() -> ResponseReturnValue:
    """The appointments whose time went by during an outage, of which somebody has to say whether the patient came."""
    page = no_show_reviews.entries(db.session(), auth.actor(), limit=ROWS, cursor=asked.text(request.args, "cursor"))
    return render_template("no_shows/review.html", page=page, cursor=request.args.get("cursor"))


@blueprint.post("/<uuid:appointment_id>/came")
@auth.roles(*UNDOERS)
def came(appointment_id: UUID) -> ResponseReturnValue:
    """Note that the patient had come."""
    appointments.get(db.session(), auth.actor(), appointment_id)
    done = no_show_reviews.came(db.session(), auth.actor(), appointment_id, note=None, now=clock.now())
    if isinstance(done, Refusal):
        flash(refusals.sentence(done), "bad")
    else:
        flash(gettext("Noted: %(name)s had come.", name=done.patient_name), "good")
    return redirect(url_for("no_shows.review"), 303)


def _next(appointment_id: UUID) -> str:
    return auth.local_path(request.args.get("next")) or url_for("appointments.page", appointment_id=appointment_id)


def _refused(
    refusal: Refusal, appointment_id: UUID, *, missed: MissedForm | None = None, reverting: RevertForm | None = None
) -> ResponseReturnValue:
    """The page as it is now, with why nothing was done."""
    (missed or reverting or RevertForm(formdata=None)).refuse(refusals.sentence(refusal))
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    return _shown(view, missed=missed, reverting=reverting, status=refusals.status(refusal))


def _shown(
    view: AppointmentView, *, missed: MissedForm | None = None, reverting: RevertForm | None = None, status: int = 200
) -> ResponseReturnValue:
    actor, now = auth.actor(), clock.now()
    patient = patients.get(db.session(), actor, view.patient_id)
    log = no_show_logs.of_appointment(db.session(), actor, view.id)
    answer = render_template(
        "no_shows/one.html",
        view=view,
        patient=patient,
        log=log,
        missed=missed or MissedForm(formdata=None),
        reverting=reverting or RevertForm(formdata=None),
        mistakes=(missed or reverting or RevertForm(formdata=None)),
        may_mark=may_be_missed(view.status) and view.affected_cause is None,
        may_revert=may_revert(view, log, actor, now),
        is_over=is_over(view.date, local_date(now, actor.zone)),
        will_release=releases_slot(view.starts_at, now),
        will_block=patient.status == "ACTIVE" and patient.no_show_count + 1 >= BLOCK_AT,
        becomes=reverted_to(view.starts_at, now),
        next=request.args.get("next"),
    )
    return make_response(answer, status)


def may_revert(view: AppointmentView, log: LogView | None, actor: Actor, now: datetime) -> bool:
    """Whether this person can take the no-show back: of an earlier day, only an administrator out of the count."""
    if view.status is not AppointmentStatus.NO_SHOW or log is None or log.reverted_at is not None:
        return False
    return may_undo(actor, view.date, now)
