"""`/patients/<id>`: one record, its appointments and messages, changing it, and unblocking."""

from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import DataRequired

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import (
    audit,
    no_show_logs,
    patient_blocks,
    patient_messages,
    patient_visits,
    patients,
    record_reads,
)
from hms_web.services.patients import PatientView
from hms_web.web import auth, histories, refusals
from hms_web.web.forms import Form
from hms_web.web.language import gettext
from hms_web.web.patient_forms import PatientForm
from hms_web.web.patients import blueprint


class UnblockForm(Form):
    """Why a patient may book again."""

    reason = StringField(
        lazy_gettext("Why may this patient book again?"), [DataRequired(lazy_gettext("Give a reason; it is kept."))]
    )


@blueprint.get("/patients/<uuid:patient_id>")
@auth.roles()
def page(patient_id: UUID) -> ResponseReturnValue:
    """The record."""
    patient = patients.get(db.session(), auth.actor(), patient_id)
    record_reads.note(db.session(), auth.actor(), "patient", patient_id, now=clock.now())
    return _shown(patient, UnblockForm(formdata=None))


@blueprint.get("/patients/<uuid:patient_id>/edit")
@auth.roles()
def edit(patient_id: UUID) -> ResponseReturnValue:
    """The form with what the record says."""
    patient = patients.get(db.session(), auth.actor(), patient_id)
    record_reads.note(db.session(), auth.actor(), "patient", patient_id, now=clock.now())
    return render_template("patients/edit.html", patient=patient, form=PatientForm.of(patient))


@blueprint.post("/patients/<uuid:patient_id>/edit")
@auth.roles()
def change(patient_id: UUID) -> ResponseReturnValue:
    """Save what was changed."""
    actor, session, form = auth.actor(), db.session(), PatientForm()
    patient = patients.get(session, actor, patient_id)
    status = 422
    if form.validate():
        try:
            wanted, seen = form.only_typed(form.change), form.seen_values()
            patients.change(session, actor, patient_id, wanted, now=clock.now(), seen=seen)
        except InvalidInput as error:
            form.take(error)
        except Refused as error:
            patient, status = patients.get(session, actor, patient_id), refusals.status(error.refusal)
            _tell(form, error, patient)
        else:
            return _done(patient_id, gettext("Saved."))
    return make_response(render_template("patients/edit.html", patient=patient, form=form), status)


@blueprint.post("/patients/<uuid:patient_id>/unblock")
@auth.roles(Role.ADMIN)
def unblock(patient_id: UUID) -> ResponseReturnValue:
    """Let the patient book again, with the reason."""
    actor, session, form = auth.actor(), db.session(), UnblockForm()
    patient = patients.get(session, actor, patient_id)
    if patient.status is not PatientStatus.BLOCKED:
        return _done(patient_id, gettext("This patient is not blocked."))
    if form.validate():
        try:
            patient_blocks.unblock(session, actor, patient_id, reason=form.reason.data or "", now=clock.now())
        except InvalidInput as error:
            form.take(error)
        else:
            return _done(patient_id, gettext("Unblocked. No-shows count from nought again."))
    return make_response(_shown(patient, form), 422)


def _tell(form: PatientForm, error: Refused, patient: PatientView) -> None:
    if error.refusal.code is Code.MRN_TAKEN:
        form.mrn.errors = [*form.mrn.errors, refusals.sentence(error.refusal)]
    elif error.refusal.code is Code.STALE_VERSION:
        form.refuse(refusals.sentence(error.refusal))
        form.show_as_it_is(PatientForm.of(patient))
    else:
        raise error


def _done(patient_id: UUID, words: str) -> ResponseReturnValue:
    flash(words, "good")
    return redirect(url_for("patients.page", patient_id=patient_id), 303)


def _shown(patient: PatientView, unblock_form: UnblockForm) -> ResponseReturnValue:
    actor, session, now = auth.actor(), db.session(), clock.now()
    events = audit.history(session, actor, "patient", patient.id)
    return render_template(
        "patients/page.html",
        patient=patient,
        coming=patient_visits.coming(session, actor, patient.id, now=now),
        gone=patient_visits.gone(session, actor, patient.id, now=now),
        no_shows=no_show_logs.of_patient(session, actor, patient.id),
        messages=patient_messages.of_patient(session, actor, patient.id),
        steps=histories.steps(session, actor, events),
        unblock_form=unblock_form,
        may_unblock=actor.role is Role.ADMIN,
    )
